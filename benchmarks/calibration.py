"""Does the ensemble's calibrated probability mean what it says? Nested, on phantom cohorts whose truth is known.

Each cohort has 80 lesions of one view (half malignant), seen by SqueezeNet 1.1 and the lesion features; nested 5 x 5
cross validation with a small grid. Prints calibration slope (ideal 1) and Brier score of the paper's average and
of the calibrated probability, over cohorts. Bound: mean slope of the calibrated probability 0.9 to 1.1.

Run: python benchmarks/calibration.py [--cohorts 10] [--weights random:0]
"""

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cadx.classify import PolynomialGrid, PolynomialSvm
from cadx.cnn import BackboneSpec, load_backbone
from cadx.lesion import DEFAULT_METHOD
from cadx.mammogram import ReadingPolicy
from training.cohort.cases import read_manifest
from training.cohort.grouping import group_cases
from training.cross_validation import Evaluation, nested_cross_validation
from training.features.extraction import extract_features
from training.phantoms import PhantomFormat, plan_cohort, write_planned_cohort
from training.stats.calibration import calibration

GRID = PolynomialGrid(a=(0.1, 1.0, 10.0), c=(1.0,), d=(1, 2, 3), C=(1.0,))
FIRST_SEED = 3000


def evaluate(seed: int, weights: str) -> Evaluation:
    """Write one cohort, measure it and cross-validate."""
    backbone = load_backbone(BackboneSpec("squeezenet1_1", "features.12.cat", weights, "mean"))
    plan = [replace(lesion, n_views=1) for lesion in plan_cohort(80, FIRST_SEED + seed)]
    with tempfile.TemporaryDirectory() as folder:
        manifest = write_planned_cohort(Path(folder), plan, file_format=PhantomFormat.PNG)
        tables = extract_features(read_manifest(manifest), backbone, ReadingPolicy(), DEFAULT_METHOD)
    labels = np.array([case.label.value for case in tables.cases])
    groups = group_cases(tables.cases).numbers
    blocks: dict[str, NDArray[np.floating]] = {"cnn": tables.cnn, "lesion": tables.lesion}
    return nested_cross_validation(blocks, labels, groups, PolynomialSvm(GRID, seed=seed), seed=seed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cohorts", type=int, default=10)
    parser.add_argument("--weights", default="random:0", help="of the CNN: random:SEED, imagenet or a file")
    arguments = parser.parse_args()
    slopes: dict[str, list[float]] = {"average": [], "calibrated": []}
    briers: dict[str, list[float]] = {"average": [], "calibrated": []}
    for seed in range(arguments.cohorts):
        found = evaluate(seed, arguments.weights)
        assert found.ensemble is not None
        for name, p in (("average", found.ensemble.probabilities), ("calibrated", found.calibrated)):
            line = calibration(found.labels, p, found.groups)
            briers[name].append(line.brier)
            if line.slope is not None:
                slopes[name].append(line.slope)
        print(f"cohort {seed}: " + ", ".join(f"{name} slope {slopes[name][-1]:.2f}" for name in slopes), flush=True)
    for name, found_slopes in slopes.items():
        error = np.std(found_slopes, ddof=1) / np.sqrt(len(found_slopes))
        print(f"{name}: slope {np.mean(found_slopes):.3f} (SE {error:.3f}), Brier score {np.mean(briers[name]):.4f}")


if __name__ == "__main__":
    main()
