"""Write the tiny bundle of the present format that tests keep: ``python scripts/keep_bundle_format.py``.

Whoever raises the format number runs it once, and leaves the folders of earlier formats as they are: later versions
must read them (docs/decisions/bundle-format.md). Before a format is released it may be run again, whenever a definition
of a feature, an outline or the region has changed.

The network is squeezenet1_1 up to its first layer, with random weights, and the cohort twelve phantoms: nothing in it
says anything about anybody.
"""

import json
import tempfile
from pathlib import Path

import numpy as np

from cadx.bundle import FORMAT, load_bundle
from cadx.classify import FrozenSvm, PolynomialGrid
from cadx.cnn import BackboneSpec
from training.cohort.cases import read_manifest
from training.fitting.fit import FitSettings, fit_models, save_fit
from training.phantoms import write_phantom_cohort

BUNDLES = Path(__file__).parents[1] / "tests" / "data" / "bundles"
BACKBONE = BackboneSpec("squeezenet1_1", "features.1", "random:0", "max")
GRID = PolynomialGrid(a=(1.0,), c=(1.0,), d=(2,), C=(1.0,))
ROWS = 4


def main() -> None:
    """Fit, write the bundle, and write what its arrays answer beside it."""
    folder = BUNDLES / f"format-{FORMAT}"
    settings = FitSettings(backbone=BACKBONE, grid=GRID, folds=3, synthetic=True, source="phantoms of the tests")
    with tempfile.TemporaryDirectory() as scratch:
        cases = read_manifest(write_phantom_cohort(Path(scratch), 12, seed=1))
        save_fit(fit_models(cases, settings), folder, replace=True)
    classifiers = load_bundle(folder).classifiers
    answers = {"cnn": _answers(classifiers.cnn), "lesion": _answers(classifiers.lesion)}
    (BUNDLES / f"{folder.name}.answers.json").write_text(json.dumps(answers, indent=1) + "\n", encoding="utf-8")


def _answers(svm: FrozenSvm) -> dict[str, list[list[float]]]:
    """Some rows of features near the cohort's, and their probabilities."""
    learnt = svm.standardization
    rows = np.zeros((ROWS, svm.n_features_in))
    rows[:, learnt.columns] = learnt.mean + learnt.scale * np.random.default_rng(0).normal(
        size=(ROWS, learnt.n_features)
    )
    return {"features": rows.tolist(), "probabilities": svm.predict_proba(rows).tolist()}


if __name__ == "__main__":
    main()
