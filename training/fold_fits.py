"""The fits of an outer cross validation: here, one fold after the other, or on a runner's workers."""

import functools
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from threadpoolctl import threadpool_limits

from cadx.classify import FrozenSvm, PolynomialSvm, Split
from training.errors import FeatureCacheUnusable, TaskFailed
from training.outputs import write_whole
from training.scheduling import Died, Runner

Vector = NDArray[np.float64]
Folds = tuple[Split, ...]


@dataclass(frozen=True, slots=True)
class FoldFit:
    """What one outer fold gave.

    Attributes
    ----------
    probabilities
        Of its test rows.
    inner_probabilities
        Of its training rows, each from the inner fold that held it out.
    candidate
        The set of columns that the search chose; empty: all.
    model
        What was fitted, where it was to be kept.
    """

    probabilities: Vector
    best_params: Mapping[str, float]
    inner_probabilities: Vector
    informative: bool
    candidate: str
    model: FrozenSvm | None = None


def fit_fold(
    estimator: PolynomialSvm,
    X: NDArray[np.floating],
    labels: NDArray[np.bool_],
    groups: NDArray[np.intp],
    fold: Split,
    *,
    keep_model: bool = False,
) -> FoldFit:
    """Search, calibrate and fit on a fold's training rows, and say what that makes of its test rows."""
    svm = clone(estimator).fit(X[fold.train], labels[fold.train], groups[fold.train])
    return FoldFit(
        probabilities=svm.predict_proba(X[fold.test])[:, 1],
        best_params=svm.best_params_,
        inner_probabilities=svm.sigmoid_.probability(svm.out_of_fold_decisions_),
        informative=svm.sigmoid_.informative,
        candidate=svm.candidate_,
        model=svm.freeze() if keep_model else None,
    )


def fits_here(
    estimator: PolynomialSvm,
    X: NDArray[np.floating],
    labels: NDArray[np.bool_],
    groups: NDArray[np.intp],
    folds: Folds,
    *,
    keep_models: bool = False,
) -> Iterator[FoldFit]:
    """Fit the folds one after the other."""
    return (fit_fold(estimator, X, labels, groups, fold, keep_model=keep_models) for fold in folds)


def spread_fits(
    estimator: PolynomialSvm,
    X: NDArray[np.floating],
    labels: NDArray[np.bool_],
    groups: NDArray[np.intp],
    folds: Folds,
    runner: Runner,
    scratch: Path,
    *,
    keep_models: bool = False,
) -> Iterator[FoldFit]:
    """Fit the folds on a runner's workers, and give them in order; each works with one thread.

    The features lie in a file of the scratch folder meanwhile: 160 MB of them would not do a scheduler good.

    Raises
    ------
    FeatureCacheUnusable
        When the folder is full.
    TaskFailed
        When a fit ended its workers: they have too little memory.
    """
    path = scratch / f"search-{secrets.token_hex(8)}.npy"
    try:
        scratch.mkdir(parents=True, exist_ok=True)
        write_whole(path, lambda draft: _save(draft, X))
        numbers = iter(range(len(folds)))
        work = functools.partial(_fit_numbered, path.resolve(), estimator, labels, groups, folds, keep_models)
        found: dict[int, FoldFit] = {}
        given = 0
        for outcome in runner.run(work, lambda: next(numbers, None)):
            if isinstance(outcome, Died):
                raise TaskFailed("the death of its workers, most likely for want of memory")
            found[outcome.part] = outcome.result
            while given in found:
                yield found.pop(given)
                given += 1
    except OSError as error:
        raise FeatureCacheUnusable(str(scratch), error.strerror or str(error)) from error
    finally:
        path.unlink(missing_ok=True)


def _save(path: Path, X: NDArray[np.floating]) -> None:
    with path.open("wb") as file:
        np.save(file, X)


def _fit_numbered(
    path: Path,
    estimator: PolynomialSvm,
    labels: NDArray[np.bool_],
    groups: NDArray[np.intp],
    folds: Sequence[Split],
    keep_models: bool,
    number: int,
) -> FoldFit:
    X = np.load(path, mmap_mode="r")
    with threadpool_limits(1, user_api="blas"):
        return fit_fold(estimator, X, labels, groups, folds[number], keep_model=keep_models)
