"""How unlike the cohort a lesion is for a branch: the distance of its features in whitened space."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from cadx.classify import Split
from cadx.classify.gram import COLUMNS_PER_BLOCK, Standardization, fit_standardization, standardized_gram
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
        return self._projected(X)[0]

    def distances(self, X: NDArray[np.floating]) -> Matrix:
        """Return the Mahalanobis distances from the cohort's mean, (n,), in root mean square a direction: about 1."""
        along, squares = self._projected(X)
        total = (along**2 / self.variances).sum(axis=1)
        if self.rest_variance > 0:
            total = total + np.maximum(squares - (along**2).sum(axis=1), 0) / self.rest_variance
        return np.asarray(np.sqrt(total / self.standardization.n_features))

    def _projected(self, X: NDArray[np.floating]) -> tuple[Matrix, Matrix]:
        """Return the coordinates and the squared lengths of standardized rows, a block of columns at a time."""
        along, squares = np.zeros((len(X), len(self.variances))), np.zeros(len(X))
        for block in _blocks(self.standardization.n_features):
            Z = self.standardization.apply(X, block)
            along += Z @ self.axes[block]
            squares += np.einsum("ij,ij->i", Z, Z)
        return along, squares


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
        distances[fold.test] = fit_whitening(X[fold.train]).distances(X[fold.test])
    return Novelty(fit_whitening(X), quantiles_of(distances)), distances


def fit_whitening(X: NDArray[np.floating]) -> Whitening:
    """Fit the whitening to all rows of (n, columns) X.

    By the columns' correlations or, where there are more columns than rows, the rows' inner products: X may be as wide
    as it likes.
    """
    n = len(X)
    if X.shape[1] > n:
        learnt, gram = standardized_gram(X, np.arange(n))
        variances, rows, rest = _spectrum(gram / n, learnt.n_features, n)
        axes = np.vstack([learnt.apply(X, block).T @ rows for block in _blocks(learnt.n_features)])
        return Whitening(learnt, axes / np.sqrt(n * variances), variances, rest)
    learnt = fit_standardization(X)
    Z = learnt.apply(X)
    variances, axes, rest = _spectrum(Z.T @ Z / n, learnt.n_features, n)
    return Whitening(learnt, axes, variances, rest)


def _spectrum(products: Matrix, columns: int, rows: int) -> tuple[Matrix, Matrix, float]:
    """Return the first variances, the unit vectors along them, and the mean variance of the directions left."""
    size = len(products)
    kept = max(1, min(MOST_AXES, rows // ROWS_PER_AXIS, size))
    found, vectors = eigh(products, subset_by_index=(size - kept, size - 1))
    real = found > found[-1] * size * np.finfo(np.float64).eps
    variances, vectors = found[real][::-1], vectors[:, real][:, ::-1]
    left = min(columns, rows - 1) - len(variances)
    rest = max(0.0, float(np.trace(products) - variances.sum())) / left if left > 0 and real.all() else 0.0
    return variances, vectors, rest


def _blocks(columns: int) -> list[slice]:
    return [slice(start, start + COLUMNS_PER_BLOCK) for start in range(0, columns, COLUMNS_PER_BLOCK)]
