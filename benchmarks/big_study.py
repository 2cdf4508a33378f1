"""Big studies: the nested search of 10,000 ROIs, where its iteration cap decides, and what takes over there.

python benchmarks/big_study.py growth TABLE.parquet [--rows 2500 10000] [--outer 1] [--scheduler local:2]
python benchmarks/big_study.py takeover TABLE.parquet

TABLE is written by `cadx-train features`. `growth` replicates its rows with noise of half a standard deviation, every
replica a lesion of its own.
"""

import argparse
import os
import resource
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.console import Console
from sklearn.exceptions import ConvergenceWarning
from sklearn.kernel_approximation import Nystroem
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from cadx.classify import Grid, LinearGrid, PolynomialGrid, PolynomialSvm, Split, grouped_folds
from cadx.classify.auc import empirical_auc
from cadx.classify.linear import search_linear
from cadx.classify.search import search
from training.cross_validation import nested_cross_validation
from training.scheduling.choice import given_runner

GRID = PolynomialGrid(a=(0.1, 1.0), c=(1.0,), d=(1, 2), C=(0.1, 1.0, 10.0))
"""12 points."""
LINEAR_C = (1e-4, 1e-3, 1e-2, 1e-1)
SEEDS = range(5)
COMPONENTS = 300

Matrix = NDArray[np.float64]
Scores = Callable[[Matrix, NDArray[np.bool_], Matrix, float], Matrix]


def load() -> str:
    return f"load {os.getloadavg()[0]:.1f}"


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def table_of(path: Path) -> tuple[dict[str, Matrix], NDArray[np.bool_], NDArray[np.intp]]:
    frame = pd.read_parquet(path)
    blocks = {
        name: frame[[column for column in frame.columns if column.startswith(f"{prefix}_") and column != "lesion_id"]]
        for name, prefix in (("cnn", "cnn"), ("lesion", "lesion"))
    }
    groups = np.unique(frame["patient_id"].fillna(frame["lesion_id"]).to_numpy(), return_inverse=True)[1]
    return (
        {name: block.to_numpy(dtype=np.float64) for name, block in blocks.items()},
        (frame["label"] == "malignant").to_numpy(),
        groups.astype(np.intp),
    )


def grown(X: Matrix, rows: int, rng: np.random.Generator) -> tuple[Matrix, NDArray[np.intp]]:
    chosen = rng.integers(0, len(X), rows)
    return X[chosen] + 0.5 * X.std(axis=0) * rng.normal(size=(rows, X.shape[1])), chosen


def growth(path: Path, sizes: list[int], outer: int, scheduler: str | None) -> None:
    blocks, positive, _ = table_of(path)
    points = tuple(GRID.points())
    for rows in sizes:
        for name, features in blocks.items():
            rng = np.random.default_rng(0)
            X, chosen = grown(features, rows, rng)
            labels = positive[chosen]
            folds = grouped_folds(labels, None, 5, 0)
            started, cpu = time.perf_counter(), time.process_time()
            if scheduler is not None:
                with given_runner(scheduler, Console(quiet=True)) as runner, tempfile.TemporaryDirectory() as scratch:
                    started = time.perf_counter()
                    nested_cross_validation(
                        {name: X}, labels, None, PolynomialSvm(GRID), folds=folds, runner=runner, scratch=Path(scratch)
                    )
                print(
                    f"{rows:6} {name:7} nested, {scheduler}: {time.perf_counter() - started:.1f} s, {load()}",
                    flush=True,
                )
                continue
            capped = np.zeros(len(points), dtype=np.intp)
            for fold in folds[:outer]:
                inner = grouped_folds(labels[fold.train], None, 5, 0)
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", ConvergenceWarning)
                    found = search(X[fold.train], labels[fold.train], inner, points)
                capped += ~found.converged
            winner = found.points[found.winner]
            means = found.aucs.mean(axis=1)
            print(
                f"{rows:6} {name:7} search of {outer} of 5 outer folds: {time.perf_counter() - started:.1f} s, "
                f"{time.process_time() - cpu:.1f} CPU s, peak {peak_mib():.0f} MiB, {load()}; points at the cap "
                f"{int((capped > 0).sum())}: {[tuple(points[k])[:2] for k in np.flatnonzero(capped)]} (d, C); winner "
                f"{tuple(winner)} AUC {means[found.winner]:.4f}, best of all {means.max():.4f}",
                flush=True,
            )
            started, cpu = time.perf_counter(), time.process_time()
            best = [
                search_linear(
                    X[fold.train], labels[fold.train], grouped_folds(labels[fold.train], None, 5, 0), LinearGrid()
                )
                for fold in folds[:outer]
            ]
            print(
                f"{rows:6} {name:7} the same, linear: {time.perf_counter() - started:.1f} s, "
                f"{time.process_time() - cpu:.1f} CPU s; AUC {best[-1].aucs[best[-1].winner].mean():.4f}",
                flush=True,
            )


def nested(grid: Grid) -> Callable[..., list[float]]:
    """AUC of every outer fold, by the project's own search."""

    def aucs(X: Matrix, y: NDArray[np.bool_], groups: NDArray[np.intp], folds: list[Split]) -> list[float]:
        found = []
        for fold in folds:
            svm = PolynomialSvm(grid).fit(X[fold.train], y[fold.train], groups[fold.train])
            found.append(empirical_auc(svm.decision_function(X[fold.test]), y[fold.test]))
        return found

    return aucs


def searched(machine: Callable[[float], object]) -> Callable[..., list[float]]:
    """Nested search of C alone, for a machine that scikit-learn makes."""

    def aucs(X: Matrix, y: NDArray[np.bool_], groups: NDArray[np.intp], folds: list[Split]) -> list[float]:
        found = []
        for fold in folds:
            train, labels = X[fold.train], y[fold.train]
            inner = grouped_folds(labels, groups[fold.train], 5, 0)
            means = []
            for C in LINEAR_C:
                fits = [(machine(C).fit(train[split.train], labels[split.train]), split) for split in inner]  # type: ignore[attr-defined]
                means.append(
                    np.mean([empirical_auc(fit.decision_function(train[s.test]), labels[s.test]) for fit, s in fits])
                )
            best = machine(LINEAR_C[int(np.argmax(means))]).fit(train, labels)  # type: ignore[attr-defined]
            found.append(empirical_auc(best.decision_function(X[fold.test]), y[fold.test]))
        return found

    return aucs


def nystroem(C: float) -> object:
    kernel = Nystroem(kernel="poly", degree=2, coef0=1.0, n_components=COMPONENTS, random_state=0)
    return make_pipeline(StandardScaler(), kernel, StandardScaler(), LinearSVC(C=C, dual=False))


def takeover(path: Path) -> None:
    blocks, y, groups = table_of(path)
    machines = {"polynomial": nested(GRID), "linear": nested(LinearGrid()), "nystroem": searched(nystroem)}
    for name, X in blocks.items():
        table: dict[str, list[float]] = {machine: [] for machine in machines}
        for seed in SEEDS:
            folds = list(grouped_folds(y, groups, 5, seed))
            for machine, aucs in machines.items():
                started = time.perf_counter()
                table[machine].append(float(np.mean(aucs(X, y, groups, folds))))
                seconds = time.perf_counter() - started
                auc = table[machine][-1]
                print(f"{name:7} seed {seed} {machine:11} {auc:.4f} {seconds:6.1f} s {load()}", flush=True)
        for machine in ("linear", "nystroem"):
            differences = np.array(table[machine]) - np.array(table["polynomial"])
            print(
                f"{name:7} {machine} less polynomial, paired: {differences.mean():+.4f} "
                f"({', '.join(f'{d:+.4f}' for d in differences)})",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["growth", "takeover"])
    parser.add_argument("table", type=Path)
    parser.add_argument("--rows", type=int, nargs="+", default=[2500, 10_000])
    parser.add_argument("--outer", type=int, default=1)
    parser.add_argument("--scheduler")
    given = parser.parse_args()
    if given.what == "growth":
        growth(given.table, given.rows, given.outer, given.scheduler)
    else:
        takeover(given.table)


if __name__ == "__main__":
    main()
