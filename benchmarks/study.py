"""The paper's whole study on phantoms of its cohort's shape, and parts of it done the naive way in the same run.

219 lesions, 607 ROIs (261 benign, 346 malignant), AlexNet fc6 with seeded random weights, nested 5 x 5 cross validation
of three classifiers, every statistic, report and bundle; the paper's figure for features and cross validation is about
10 minutes. Prints wall and CPU seconds of each step: on a busy machine the CPU seconds are the ones to read.

The naive way does the same work with the usual means, on a part that is small enough to wait for:
- features: one ROI after the other, the CNN on one ROI at a time, each lesion feature from a region of its own;
- search: GridSearchCV over scikit-learn's pipeline, some of the 54 grid points, on one outer training set.
Both ways do the same part, so the ratios are measured; only the last line, the whole study, is projected from them.

Run: python benchmarks/study.py [--cohort FOLDER] [--roi-part 24] [--point-part 6] [--robustness] [--no-peer]
"""

import argparse
import os
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
from rich.console import Console
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_selection import VarianceThreshold
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from cadx.classify import GridPoint, PolynomialGrid, Split, grouped_folds
from cadx.classify.search import MAX_ITERATIONS, search
from cadx.cnn import Backbone, BackboneSpec
from cadx.lesion import FEATURES, SegmentationMethod, segment
from cadx.lesion.features.region import measure_region
from cadx.mammogram import ReadingPolicy
from training.cohort.cases import Case, read_manifest
from training.features.extraction import WORKERS, extract_features, read_roi
from training.fitting.fit import Fit, FitSettings, fit_models, save_fit
from training.phantoms import plan_paper_cohort, write_planned_cohort
from training.study.output import write_study
from training.study.run import study_of

Result = TypeVar("Result")
SEED = 2016


def cpu_seconds() -> float:
    """CPU time of this process and of those that it started and that have ended."""
    return sum(os.times()[:4])


def timed(name: str, step: Callable[[], Result]) -> tuple[Result, float, float]:
    wall, cpu = time.perf_counter(), cpu_seconds()
    result = step()
    wall, cpu = time.perf_counter() - wall, cpu_seconds() - cpu
    print(f"{name:<58} {wall:8.1f} s wall {cpu:8.1f} s CPU", flush=True)
    return result, wall, cpu


def whole_study(manifest: Path, folder: Path, *, robustness: bool) -> tuple[Fit, float, float]:
    """Run the study as `cadx-train study` does, without a cache."""
    settings = FitSettings(
        backbone=BackboneSpec(weights="random:0"), synthetic=True, source="phantoms", robustness=robustness
    )
    quiet = Console(quiet=True)
    cases = read_manifest(manifest)
    fit, fit_wall, fit_cpu = timed(
        "features, nested evaluation, statistics, final fits", lambda: fit_models(cases, settings)
    )
    tables = fit.tables
    lesions = f"lesion features {tables.lesion_seconds:.1f} s summed over {WORKERS} threads"
    print(f"  CNN features {tables.cnn_seconds:.1f} s, {lesions};")
    times = ", ".join(f"{branch.name} {branch.seconds:.1f} s" for branch in fit.evaluation.branches.values())
    print(f"  nested cross validation {times}")

    def write() -> None:
        study = study_of(fit, manifest, "Benchmark", (), negative_control=False)
        write_study(folder, study, fit.scored, settings.policy, settings.segmentation_method, quiet)

    _, report_wall, report_cpu = timed("report with pictures", write)
    _, bundle_wall, bundle_cpu = timed("bundle", lambda: save_fit(fit, folder / "models" / "benchmark"))
    return fit, fit_wall + report_wall + bundle_wall, fit_cpu + report_cpu + bundle_cpu


def naive_features(cases: tuple[Case, ...], backbone: Backbone, method: SegmentationMethod) -> None:
    """One ROI, one CNN pass, one region a feature: nothing shared, nothing beside."""
    for case in cases:
        roi = read_roi(case, ReadingPolicy())
        backbone.features(roi.gray[None])
        mask = segment(roi, method).mask
        for feature in FEATURES:
            feature.compute(measure_region(roi.gray, roi.tissue, mask))


def naive_search(X: np.ndarray, y: np.ndarray, folds: list[Split], points: list[GridPoint]) -> float:
    """Search by GridSearchCV; its gamma counts the columns that vary in all rows, ours those that vary in each fold."""
    steps = [
        ("vary", VarianceThreshold()),
        ("scale", StandardScaler()),
        ("svc", SVC(kernel="poly", max_iter=MAX_ITERATIONS)),
    ]
    n_features = int((np.ptp(X, axis=0) > 0).sum())
    grid = [
        {"svc__gamma": [p.a / n_features], "svc__coef0": [p.c], "svc__degree": [p.d], "svc__C": [p.C]} for p in points
    ]
    found = GridSearchCV(Pipeline(steps), grid, scoring="roc_auc", cv=[tuple(fold) for fold in folds], refit=False)
    return float(found.fit(X, y).best_score_)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cohort", type=Path, help="folder of the phantoms, written when it holds none")
    parser.add_argument("--roi-part", type=int, default=24, help="ROIs of the naive extraction")
    parser.add_argument("--point-part", type=int, default=6, help="grid points of the naive search")
    parser.add_argument("--robustness", action="store_true", help="move the marks of 200 lesions as well")
    parser.add_argument("--no-peer", action="store_true", help="leave the naive way out")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    with tempfile.TemporaryDirectory() as scratch:
        cohort = arguments.cohort or Path(scratch) / "cohort"
        if not (cohort / "manifest.csv").is_file():
            timed("phantoms (not part of the study)", lambda: write_planned_cohort(cohort, plan_paper_cohort(SEED)))
        load = os.getloadavg()[0]
        fit, wall, cpu = whole_study(cohort / "manifest.csv", Path(scratch) / "study", robustness=arguments.robustness)
        print(f"{'WHOLE STUDY (bound: 60 s wall on two quiet cores)':<58} {wall:8.1f} s wall {cpu:8.1f} s CPU")
        print(f"cores {os.cpu_count()}, load average at the start {load:.1f}; paper: about 600 s")
        for branch in fit.evaluation.classifiers:
            print(f"  {branch.name:<9} AUC {branch.mean_auc:.3f} (SD {branch.sd_auc:.3f}): phantoms, random weights")
        if not arguments.no_peer:
            compare(fit, arguments.roi_part, arguments.point_part, cpu)


def compare(fit: Fit, roi_part: int, point_part: int, study_cpu: float) -> None:
    """Do the same parts both ways."""
    some = fit.tables.cases[:: max(1, len(fit.tables.cases) // roi_part)][:roi_part]
    settings = fit.settings
    fit.backbone.features(read_roi(some[0], settings.policy).gray[None])
    _, _, ours = timed(
        f"features of {len(some)} ROIs, ours",
        lambda: extract_features(some, fit.backbone, settings.policy, settings.segmentation_method),
    )
    _, _, naive = timed(
        f"features of {len(some)} ROIs, naive", lambda: naive_features(some, fit.backbone, settings.segmentation_method)
    )
    feature_ratio = naive / ours
    outer = fit.evaluation.folds[0].train
    X, y = fit.tables.cnn[outer].astype(np.float64), fit.evaluation.labels[outer]
    folds = grouped_folds(y, fit.evaluation.groups[outer], 5, 0)
    points = list(PolynomialGrid().points())
    part = points[:: len(points) // point_part][:point_part]
    found, _, ours_part = timed(f"search of {len(part)} points, ours", lambda: search(X, y, folds, tuple(part)))
    best, _, naive_part = timed(f"search of {len(part)} points, naive", lambda: naive_search(X, y, folds, part))
    _, _, ours_all = timed(f"search of all {len(points)} points, ours", lambda: search(X, y, folds, tuple(points)))
    print(f"best score of the part, difference: {abs(best - found.aucs.mean(axis=1).max()):.1e} (see naive_search)")
    naive_all = naive_part * len(points) / len(part)
    print(f"CPU ratio, features: {feature_ratio:.1f} x")
    print(
        f"CPU ratio, search of the part: {naive_part / ours_part:.1f} x; of the whole grid, projected: "
        f"{naive_all / ours_all:.0f} x"
    )
    features_cpu = ours / len(some) * len(fit.tables.cases)
    projected = features_cpu * feature_ratio + 6 * naive_all
    print(
        f"naive way, projected: features {features_cpu * feature_ratio:.0f} s + six searches of the CNN branch alone "
        f"{6 * naive_all:.0f} s CPU = {projected / study_cpu:.0f} x the CPU seconds of our whole study"
    )


if __name__ == "__main__":
    main()
