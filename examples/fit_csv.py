"""Fit a model on your own cases: a CSV, one row for each view of each lesion, becomes a bundle.

    python examples/fit_csv.py cases.csv models/mine

The CSV's columns are image, x, y, label, lesion_id and, where known, patient_id, pixel_spacing_mm and view. This is
`cadx-train fit` in a few lines; it needs the extra `training`. Research use only.
"""

import argparse
import sys
from pathlib import Path

from cadx import BackboneSpec, CadxError


def main() -> int:
    """Parse, fit with nested cross validation, write the bundle."""
    parser = argparse.ArgumentParser(description="Fit the three classifiers of the paper on a CSV of cases.")
    parser.add_argument("cases", type=Path, help="the CSV; image paths in it are relative to its folder")
    parser.add_argument("bundle", type=Path, help="folder to write; its name becomes the model's name")
    parser.add_argument("--weights", default="imagenet", help="imagenet, a weights file, or random:SEED (no figure)")
    parser.add_argument("--backbone", default="alexnet", help="alexnet or any torchvision classification model")
    parser.add_argument("--layer", default="fc6", help="layer of the CNN whose output is the feature vector")
    parser.add_argument("--pooling", default="none", help="none, mean or max over a layer's maps")
    parser.add_argument("--folds", type=int, default=5, help="folds of the cross validation, by lesion")
    arguments = parser.parse_args()

    # Imported here, so that --help does not wait for torch.
    from training.cohort.cases import read_manifest
    from training.fitting.bundle_place import check_bundle
    from training.fitting.fit import FitSettings, fit_models, save_fit

    try:
        check_bundle(arguments.bundle, replace=False)  # before the work: nothing that lies there is replaced
        cases = read_manifest(arguments.cases)
        backbone = BackboneSpec(arguments.backbone, arguments.layer, arguments.weights, arguments.pooling)
        settings = FitSettings(backbone=backbone, folds=arguments.folds, source=arguments.cases.name)
        # Features, then a nested cross validation that never splits a lesion, then the final fits on all cases.
        manifest = save_fit(fit_models(cases, settings), arguments.bundle)
    except CadxError as refusal:
        # A wrong cell is named by its line and column.
        print(f"{refusal.code}: {refusal}", file=sys.stderr)
        return 1
    print(f"{len(cases)} views, AUC by cross validation, mean and SD over {arguments.folds} folds:")
    for name in ("cnn", "lesion", "ensemble"):
        figures = getattr(manifest.evaluation, name)
        print(f"  {name:<10}{figures.auc_mean:.3f} {figures.auc_sd:.3f}")
    print(f"written: {arguments.bundle}")
    for notice in manifest.notices:
        print(f"notice: {notice}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
