"""The polynomial SVM's search against GridSearchCV over scikit-learn's own pipeline, in one run on the same data.

607 rows x 4096 columns (100 of them constant) of 219 lesions, the default grid of 54 points, 5 grouped folds, float64.
Prints seconds of both, their ratio, whether they choose the same point, the largest difference of any of the 270
scores, and the seconds and peak memory of the nested 5 x 5 evaluation.

Run: python benchmarks/svm_search.py            (the peer takes some three minutes on two quiet cores)
     python benchmarks/svm_search.py --no-peer  (ours only)
     python benchmarks/svm_search.py --rows 1295 --lesions 818 --every 9
`--every N` gives GridSearchCV every Nth point of the grid, and takes its time N times, since it shares nothing between
points; ours searches all. The winner is then not compared, the scores of the points that both had are.
"""

import argparse
import platform
import resource
import time
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_selection import VarianceThreshold
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from cadx.classify import PolynomialGrid, PolynomialSvm, Split, grouped_folds
from cadx.classify.search import MAX_ITERATIONS, search
from training.cross_validation import nested_cross_validation


def make_cohort(
    rows: int = 607, lesions: int = 219, seed: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.int64]]:
    """Return features like rectified CNN outputs, labels and lesions: rows x 4096."""
    rng = np.random.default_rng(seed)
    lesion = np.concatenate([np.arange(lesions), rng.integers(0, lesions, rows - lesions)])
    malignant = (rng.random(lesions) < 0.57)[lesion]
    hidden = rng.normal(size=(lesions, 64))[lesion] + 0.5 * rng.normal(size=(rows, 64))
    hidden[:, :8] += 0.6 * malignant[:, None]
    X = np.maximum(0, hidden @ rng.normal(size=(64, 4096)) / 8 + 0.5 * rng.normal(size=(rows, 4096)))
    X[:, :100] = 0
    return X, malignant, lesion


def grid_search_cv(
    X: NDArray[np.float64], y: NDArray[np.bool_], folds: list[Split], n_features: int, every: int = 1
) -> GridSearchCV:
    """Search the same points with scikit-learn alone, standardizing and computing the kernel for every fit."""
    steps = [
        ("vary", VarianceThreshold()),
        ("scale", StandardScaler()),
        ("svc", SVC(kernel="poly", max_iter=MAX_ITERATIONS)),
    ]
    points: list[dict[str, list[Any]]] = [
        {"svc__gamma": [p.a / n_features], "svc__coef0": [p.c], "svc__degree": [p.d], "svc__C": [p.C]}
        for p in list(PolynomialGrid().points())[::every]
    ]
    pipeline = Pipeline(steps)
    return GridSearchCV(pipeline, points, scoring="roc_auc", cv=[tuple(f) for f in folds], refit=False).fit(X, y)


def peak_memory_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--no-peer", action="store_true", help="leave GridSearchCV out")
    parser.add_argument("--rows", type=int, default=607)
    parser.add_argument("--lesions", type=int, default=219)
    parser.add_argument("--every", type=int, default=1, help="points of the grid that GridSearchCV skips to the next")
    parser.add_argument("--no-nested", action="store_true", help="leave the nested evaluation out")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}")
    X, y, lesion = make_cohort(arguments.rows, arguments.lesions)
    points = tuple(PolynomialGrid().points())
    folds = grouped_folds(y, lesion, 5, 0)
    print(f"{X.shape[0]} x {X.shape[1]}, {len(points)} points, {len(folds)} folds; memory {peak_memory_mib():.0f} MiB")

    seconds, cpu_seconds = [], []
    for _ in range(3):
        start, cpu_start = time.perf_counter(), time.process_time()
        ours = search(X, y, folds, points)
        seconds.append(time.perf_counter() - start)
        cpu_seconds.append(time.process_time() - cpu_start)
    print(
        f"ours, one thread for the fits:  {min(seconds):8.2f} s (best of 3), {min(cpu_seconds):.2f} s of processor, "
        f"winner {points[ours.winner]}"
    )
    start = time.perf_counter()
    search(X, y, folds, points, n_jobs=2)
    print(f"ours, two threads:              {time.perf_counter() - start:8.2f} s")

    if not arguments.no_nested:
        start = time.perf_counter()
        evaluation = nested_cross_validation({"cnn": X}, y, lesion, PolynomialSvm(n_jobs=2))
        branch = evaluation.branches["cnn"]
        print(
            f"nested 5 x 5 evaluation:        {time.perf_counter() - start:8.2f} s, AUC {branch.mean_auc:.3f} "
            f"(SD {branch.sd_auc:.3f}), peak memory {peak_memory_mib():.0f} MiB"
        )

    if arguments.no_peer:
        return
    n_features = int((np.ptp(X, axis=0) > 0).sum())
    start, cpu_start = time.perf_counter(), time.process_time()
    theirs = grid_search_cv(X, y, folds, n_features, arguments.every)
    peer_seconds, peer_cpu_seconds = time.perf_counter() - start, time.process_time() - cpu_start
    share = len(points) / len(points[:: arguments.every])
    peer_seconds, peer_cpu_seconds = share * peer_seconds, share * peer_cpu_seconds
    scores = np.stack([theirs.cv_results_[f"split{k}_test_score"] for k in range(len(folds))], axis=1)
    winner = int(np.argmin(theirs.cv_results_["rank_test_score"]))
    print(
        f"GridSearchCV over the pipeline: {peer_seconds:8.2f} s, {peer_cpu_seconds:.2f} s of processor, "
        f"winner {points[:: arguments.every][winner]}"
    )
    print(f"ratio: {peer_seconds / min(seconds):.1f} x; of processor time {peer_cpu_seconds / min(cpu_seconds):.1f} x")
    if arguments.every == 1:
        print(f"same winner: {winner == ours.winner}")
    print(f"largest difference of a score: {np.abs(scores - ours.aucs[:: arguments.every]).max():.2e}")


if __name__ == "__main__":
    main()
