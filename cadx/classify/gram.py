"""Standardization fitted on some rows, and the inner products of all rows under it, in bounded memory."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cadx.classify.folds import Rows
from cadx.errors import NoVaryingFeature

Matrix = NDArray[np.float64]
COLUMNS_PER_BLOCK = 2048


@dataclass(frozen=True, slots=True)
class Standardization:
    """Which columns vary in the training rows, and how they are centered and scaled (Huynh 2016).

    Attributes
    ----------
    columns
        Numbers of the columns that vary, ascending.
    mean, scale
        float64, one value a kept column: mean and population standard deviation over the training rows.
    """

    columns: NDArray[np.intp]
    mean: Matrix
    scale: Matrix

    @property
    def n_features(self) -> int:
        """The number of columns kept."""
        return len(self.columns)

    def apply(self, X: NDArray[np.floating], block: slice = slice(None)) -> Matrix:
        """Return kept columns (or a block of them) of X, standardized, float64."""
        columns = self.columns[block]
        Z = X[:, columns].astype(np.float64)
        Z -= self.mean[block]
        Z *= 1 / self.scale[block]
        return Z


def varies(scale: Matrix, mean: Matrix, rows: int) -> NDArray[np.bool_]:
    """Tell which columns vary over the rows from which their mean and standard deviation were found.

    Not a constant one, nor one whose spread is rounding of its mean: standard deviation not above rows x 2.2e-16 of the
    mean's magnitude, scikit-learn's own bound.
    """
    return np.asarray(scale > rows * float(np.finfo(np.float64).eps) * np.abs(mean))


def varying_columns(X: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Tell which columns of (n, columns) X vary over all its rows, a block of columns at a time."""
    blocks = (
        X[:, start : start + COLUMNS_PER_BLOCK].astype(np.float64) for start in range(0, X.shape[1], COLUMNS_PER_BLOCK)
    )
    return np.concatenate([varies(Z.std(axis=0), Z.mean(axis=0), len(X)) for Z in blocks])


def fit_standardization(X: NDArray[np.floating]) -> Standardization:
    """Standardize by all rows of (n, columns) X; columns that do not vary are dropped (`varies`).

    Raises
    ------
    NoVaryingFeature
        When no column varies.
    """
    Z = X.astype(np.float64)
    mean, scale = Z.mean(axis=0), Z.std(axis=0)
    kept = np.flatnonzero(varies(scale, mean, len(X)))
    if len(kept) == 0:
        raise NoVaryingFeature(rows=len(X), columns=X.shape[1])
    return Standardization(kept, mean[kept], scale[kept])


def standardized_gram(X: NDArray[np.floating], training_rows: Rows) -> tuple[Standardization, Matrix]:
    """Standardize by the training rows and return the inner products of all rows.

    Columns that do not vary over the training rows are dropped (`varies`).
    Works a block of columns at a time: beside X it holds two (n, 2048) float64 arrays, whatever X's width.

    Parameters
    ----------
    X
        (n, columns), float32 or float64, finite.
    training_rows
        Rows that the standardization may learn from.

    Returns
    -------
    Standardization
        What was learnt.
    ndarray
        (n, n) float64: Z Z^T of the standardized rows.

    Raises
    ------
    NoVaryingFeature
        When no column varies over the training rows.
    """
    n, width = X.shape
    weights = np.zeros(n)
    weights[training_rows] = 1 / len(training_rows)
    gram = np.zeros((n, n))
    columns, means, scales = [], [], []
    for start in range(0, width, COLUMNS_PER_BLOCK):
        Z = X[:, start : start + COLUMNS_PER_BLOCK].astype(np.float64)
        mean = weights @ Z
        Z -= mean
        scale = np.sqrt(np.einsum("i,ij,ij->j", weights, Z, Z))
        kept = np.flatnonzero(varies(scale, mean, len(training_rows)))
        if len(kept) < Z.shape[1]:
            Z = Z[:, kept]
        Z *= 1 / scale[kept]
        gram += Z @ Z.T
        columns.append(kept + start)
        means.append(mean[kept])
        scales.append(scale[kept])
    learnt = Standardization(np.concatenate(columns), np.concatenate(means), np.concatenate(scales))
    if learnt.n_features == 0:
        raise NoVaryingFeature(rows=len(training_rows), columns=width)
    return learnt, gram


def cross_products(Z: Standardization, X: NDArray[np.floating], vectors: NDArray[np.floating]) -> Matrix:
    """Return inner products of X's rows, standardized, with vectors that already are; (n, vectors) float64.

    Sums in float64 whatever the vectors are kept in, a block of columns at a time.
    """
    products = np.zeros((len(X), len(vectors)))
    for start in range(0, Z.n_features, COLUMNS_PER_BLOCK):
        block = slice(start, start + COLUMNS_PER_BLOCK)
        products += Z.apply(X, block) @ np.asarray(vectors[:, block], dtype=np.float64).T
    return products
