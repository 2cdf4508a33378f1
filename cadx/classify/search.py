"""Grid search of the polynomial SVM from one matrix of inner products a fold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from sklearn import config_context
from sklearn.svm import SVC

from cadx.classify.auc import empirical_aucs
from cadx.classify.folds import Rows, Split
from cadx.classify.gram import Matrix, standardized_gram
from cadx.classify.grid import GridPoint

ClassWeight = Literal["balanced"] | None
TIE = 1e-9
MAX_ITERATIONS = 30_000


@dataclass(frozen=True, slots=True)
class Search:
    """What a grid search found.

    Attributes
    ----------
    points
        The grid, in order.
    aucs
        (points, folds) AUC of every point on every held-out fold.
    decisions
        (points, n) decision value of every row when it was held out.
    converged
        (points,) whether the solver met its tolerance on every fold within 30,000 iterations.
    """

    points: tuple[GridPoint, ...]
    aucs: Matrix
    decisions: Matrix
    converged: NDArray[np.bool_]

    @property
    def winner(self) -> int:
        """The first point whose mean AUC is within 1e-9 of the best; points that converged come before all others."""
        means = self.aucs.mean(axis=1)
        if self.converged.any():
            means = np.where(self.converged, means, -1.0)
        return int(np.flatnonzero(means >= means.max() - TIE)[0])


def best_search(searches: Mapping[str, Search]) -> str:
    """Give the name of the search whose winner is best, by the rule of `Search.winner`; of equal ones, the first."""
    converged = {name: bool(found.converged.any()) for name, found in searches.items()}
    allowed = {name: found for name, found in searches.items() if converged[name] or not any(converged.values())}
    scores = {name: float(found.aucs[found.winner].mean()) for name, found in allowed.items()}
    return next(name for name, score in scores.items() if score >= max(scores.values()) - TIE)


@dataclass(frozen=True, slots=True)
class DualSolution:
    """A fitted SVM: f(x) = K(x, support rows) @ coefficients + intercept."""

    support: Rows
    coefficients: Matrix
    intercept: float
    converged: bool

    def decisions(self, kernel: Matrix) -> Matrix:
        """Return f for a (rows, support rows) kernel."""
        return np.asarray(kernel @ self.coefficients + self.intercept)


def search(
    X: NDArray[np.floating],
    positive: NDArray[np.bool_],
    folds: Sequence[Split],
    points: Sequence[GridPoint],
    class_weight: ClassWeight = None,
    n_jobs: int | None = None,
) -> Search:
    """Score every point on every fold by AUC.

    Columns are dropped and standardized within each fold; every kernel of the fold is then an elementwise function of
    one matrix of inner products, and the SVM is fitted on that.
    """
    jobs = (delayed(_search_fold)(X, positive, fold, points, class_weight) for fold in folds)
    return joined(points, folds, positive, Parallel(n_jobs=n_jobs, prefer="threads")(jobs))


def joined(
    points: Sequence[GridPoint],
    folds: Sequence[Split],
    positive: NDArray[np.bool_],
    searched: Sequence[tuple[Matrix, NDArray[np.bool_]]],
) -> Search:
    """Join what was found fold by fold: decision values of the test rows, (points, test rows), and what converged."""
    decisions = np.empty((len(points), len(positive)))
    aucs = np.empty((len(points), len(folds)))
    for k, (fold, (values, _)) in enumerate(zip(folds, searched, strict=True)):
        decisions[:, fold.test] = values
        aucs[:, k] = empirical_aucs(values, positive[fold.test])
    converged = np.all([status for _, status in searched], axis=0)
    return Search(points=tuple(points), aucs=aucs, decisions=decisions, converged=converged)


def fit_svc(kernel: Matrix, positive: NDArray[np.bool_], C: float, class_weight: ClassWeight) -> DualSolution:
    """Fit the SVM on a precomputed (n, n) kernel."""
    svc = SVC(C=C, kernel="precomputed", class_weight=class_weight, max_iter=MAX_ITERATIONS)
    with config_context(assume_finite=True, skip_parameter_validation=True):  # checked once, by the caller
        svc.fit(kernel, positive)
    return DualSolution(
        support=svc.support_.astype(np.intp),
        coefficients=svc.dual_coef_[0],
        intercept=float(svc.intercept_[0]),
        converged=svc.fit_status_ == 0,
    )


def _search_fold(
    X: NDArray[np.floating],
    positive: NDArray[np.bool_],
    fold: Split,
    points: Sequence[GridPoint],
    class_weight: ClassWeight,
) -> tuple[Matrix, NDArray[np.bool_]]:
    """Return the decision values of the fold's test rows, (points, test rows), and which points converged."""
    standardization, gram = standardized_gram(X, fold.train)
    inside, across = gram[np.ix_(fold.train, fold.train)], gram[np.ix_(fold.test, fold.train)]
    decisions = np.empty((len(points), len(fold.test)))
    converged = np.empty(len(points), dtype=np.bool_)
    for i, point in enumerate(points):
        kernel = point.kernel(inside, standardization.n_features)
        solution = fit_svc(kernel, positive[fold.train], point.C, class_weight)
        decisions[i] = solution.decisions(point.kernel(across[:, solution.support], standardization.n_features))
        converged[i] = solution.converged
    return decisions, converged
