"""How unlike the cohort a lesion is for a branch: the distance of its features in whitened space."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cadx.classify import Split
from cadx.classify.gram import Standardization, standardized_gram
from cadx.explain.percentiles import Quantiles, quantiles_of

Matrix = NDArray[np.float64]
MOST_AXES = 64
ROWS_PER_AXIS = 10
FLAGGED_ABOVE = 0.975
"""Share of the cohort, held out, that lies nearer: each branch flags 1 in 40, both together at most 1 in 20."""


@dataclass(frozen=True, slots=True)
class Whitening:
    """Probabilistic principal components of standardized features (Tipping & Bishop, J. R. Stat. Soc. B 61:611, 1999).

    Attributes
    ----------
    standardization
        Columns kept, their mean and scale.
    axes
        (columns kept, k) the first principal directions, orthonormal.
    variances
        (k,) of the cohort along them, descending.
    rest_variance
        Mean variance along a direction that was not kept; 0 where all were.
    """

    standardization: Standardization
    axes: Matrix
    variances: Matrix
    rest_variance: float

    def coordinates(self, X: NDArray[np.floating]) -> Matrix:
        """Return coordinates along the axes, (n, k), not whitened."""
        return np.asarray(self.standardization.apply(X) @ self.axes)

    def distances(self, X: NDArray[np.floating]) -> Matrix:
        """Return the Mahalanobis distances from the cohort's mean, (n,), in root mean square a direction: about 1."""
        Z = self.standardization.apply(X)
        along = Z @ self.axes
        return _distances(along, np.einsum("ij,ij->i", Z, Z), self.variances, self.rest_variance, Z.shape[1])


@dataclass(frozen=True, slots=True)
class Novelty:
    """A branch's whitening and the distances of held-out rows of the cohort under whitenings that had not seen them."""

    whitening: Whitening
    held_out: Quantiles

    def flagged_from(self) -> float:
        """Return the distance from which a lesion is flagged."""
        return float(np.interp(100 * FLAGGED_ABOVE, np.arange(1, 100), self.held_out.values))


def fit_novelty(X: NDArray[np.floating], folds: Sequence[Split]) -> tuple[Novelty, Matrix]:
    """Whiten by all rows, and find out of fold how far rows of the cohort lie.

    Returns
    -------
    Novelty
        For rows that come.
    ndarray
        (n,) each row's distance, by the rows of the other folds.
    """
    distances = np.empty(len(X))
    for fold in folds:
        distances[fold.test] = _held_out(X, fold)
    return Novelty(fit_whitening(X), quantiles_of(distances)), distances


def fit_whitening(X: NDArray[np.floating]) -> Whitening:
    """Fit the whitening to all rows of (n, columns) X, by their inner products: X may be as wide as it likes."""
    learnt, gram = standardized_gram(X, np.arange(len(X)))
    variances, rows, rest = _spectrum(gram, learnt.n_features)
    axes = learnt.apply(X).T @ rows / np.sqrt(len(X) * variances)
    return Whitening(learnt, axes, variances, rest)


def _held_out(X: NDArray[np.floating], fold: Split) -> Matrix:
    learnt, gram = standardized_gram(X, fold.train)
    variances, rows, rest = _spectrum(gram[np.ix_(fold.train, fold.train)], learnt.n_features)
    along = gram[np.ix_(fold.test, fold.train)] @ rows / np.sqrt(len(fold.train) * variances)
    return _distances(along, np.diag(gram)[fold.test], variances, rest, learnt.n_features)


def _spectrum(gram: Matrix, columns: int) -> tuple[Matrix, Matrix, float]:
    """Return the first variances, the rows' unit vectors along them, and the mean variance of what is left."""
    n = len(gram)
    found, vectors = np.linalg.eigh(gram / n)
    found, vectors = found[::-1], vectors[:, ::-1]
    possible = int((found > found[0] * n * np.finfo(np.float64).eps).sum())
    kept = max(1, min(MOST_AXES, n // ROWS_PER_AXIS, possible))
    left = min(columns, n - 1) - kept
    rest = float(np.maximum(found[kept:], 0).sum()) / left if left > 0 and kept < possible else 0.0
    return found[:kept], vectors[:, :kept], rest


def _distances(along: Matrix, squares: Matrix, variances: Matrix, rest: float, columns: int) -> Matrix:
    inside = (along**2 / variances).sum(axis=1)
    if rest > 0:
        inside = inside + np.maximum(squares - (along**2).sum(axis=1), 0) / rest
    return np.asarray(np.sqrt(inside / columns))
