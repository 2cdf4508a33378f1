"""The linear SVM in its primal form: what takes over where matrices of training rows by training rows grow too large.

Time and memory grow with the number of rows, not with its square. The result is a `FrozenSvm` with one support vector,
the weights: f(x) = w.x + b is the polynomial kernel of degree 1 with that vector.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from sklearn import config_context
from sklearn.svm import LinearSVC

from cadx.classify.folds import Split
from cadx.classify.gram import Matrix, fit_standardization
from cadx.classify.grid import LinearGrid
from cadx.classify.search import ClassWeight, Search, joined


@dataclass(frozen=True, slots=True)
class LinearSolution:
    """A fitted linear SVM: f(x) = x @ weights + intercept on standardized features."""

    weights: Matrix
    intercept: float
    converged: bool


def fit_linear(Z: Matrix, positive: NDArray[np.bool_], C: float, class_weight: ClassWeight) -> LinearSolution:
    """Fit the SVM with squared hinge loss on (n, columns) standardized features (Fan and others 2008, LIBLINEAR)."""
    svc = LinearSVC(C=C, dual=False, class_weight=class_weight)
    with config_context(assume_finite=True, skip_parameter_validation=True):  # checked once, by the caller
        svc.fit(Z, positive)
    return LinearSolution(svc.coef_[0], float(svc.intercept_[0]), svc.n_iter_ < svc.max_iter)


def search_linear(
    X: NDArray[np.floating],
    positive: NDArray[np.bool_],
    folds: Sequence[Split],
    grid: LinearGrid,
    class_weight: ClassWeight = None,
    n_jobs: int | None = None,
) -> Search:
    """Score every C on every fold by AUC; columns are dropped and standardized within each fold."""
    points = tuple(grid.points())
    jobs = (delayed(_search_fold)(X, positive, fold, grid, class_weight) for fold in folds)
    return joined(points, folds, positive, Parallel(n_jobs=n_jobs, prefer="threads")(jobs))


def _search_fold(
    X: NDArray[np.floating], positive: NDArray[np.bool_], fold: Split, grid: LinearGrid, class_weight: ClassWeight
) -> tuple[Matrix, NDArray[np.bool_]]:
    standardization = fit_standardization(X[fold.train])
    inside, across = standardization.apply(X[fold.train]), standardization.apply(X[fold.test])
    fitted = [fit_linear(inside, positive[fold.train], C, class_weight) for C in grid.C]
    decisions = np.array([across @ one.weights + one.intercept for one in fitted])
    return decisions, np.array([one.converged for one in fitted])
