"""The inner products that all folds of a nested search need, from one reading of a wide feature matrix."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

Rows = NDArray[np.intp]

COLUMNS_PER_BLOCK = 1024
THREADS = 2
CONSTANT_BELOW = 1e-12
"""Share of a column's mean square about the whole matrix's mean below which its variance is rounding.

A bound of its own beside that of `cadx.classify.gram.varies`: here the variances of all folds at once are differences
of two means, whose rounding is that of the mean square; one fold's variance about its own mean loses only the mean's.
"""


@dataclass(frozen=True, slots=True)
class FoldRows:
    """The rows of one fold.

    Attributes
    ----------
    rows
        All rows whose inner products are needed.
    training
        Those of them from which the standardization is learnt.
    """

    rows: Rows
    training: Rows


@dataclass(frozen=True, slots=True)
class FoldGram:
    """Inner products of a fold's standardized rows.

    Attributes
    ----------
    gram
        float64, (rows, rows), in the order of `FoldRows.rows`.
    n_features
        Columns that vary over the training rows; the others are left out.
    """

    gram: NDArray[np.float64]
    n_features: int


def fold_grams(X: NDArray[np.float32], folds: Sequence[FoldRows]) -> list[FoldGram]:
    """Standardize X by each fold's training rows and give the inner products of its rows.

    Does for many folds what `cadx.classify.gram.standardized_gram` does for one, a block of columns at a time: the
    means and variances of all folds are two small matrix products, and the large products run in float32 within a
    block of 1024 columns and add up in float64. Relative error about 1e-6 (tests/training/layers/test_grams.py).

    Parameters
    ----------
    X
        (n, columns), finite.
    folds
        Rows of X.
    """
    width = X.shape[1]
    middle = min(width, -(-width // (THREADS * COLUMNS_PER_BLOCK)) * COLUMNS_PER_BLOCK)
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(THREADS) as pool:
        parts = list(pool.map(lambda span: _part(X[:, span], folds), (slice(0, middle), slice(middle, width))))
    return [
        FoldGram(first.gram + second.gram, first.n_features + second.n_features)
        for first, second in zip(*parts, strict=True)
    ]


def _part(X: NDArray[np.float32], folds: Sequence[FoldRows]) -> list[FoldGram]:
    member = np.zeros((len(folds), len(X)))
    for fold, memberships in zip(folds, member, strict=True):
        memberships[fold.training] = 1.0 / len(fold.training)
    grams = [np.zeros((len(fold.rows), len(fold.rows))) for fold in folds]
    kept = np.zeros(len(folds), dtype=np.intp)
    for start in range(0, X.shape[1], COLUMNS_PER_BLOCK):
        block = X[:, start : start + COLUMNS_PER_BLOCK].astype(np.float64)
        block -= block.mean(axis=0)
        mean, mean_square = member @ block, member @ (block * block)
        variance = mean_square - mean * mean
        varies = variance > CONSTANT_BELOW * mean_square
        kept += varies.sum(axis=1)
        slope = np.zeros_like(variance)
        np.divide(1.0, np.sqrt(variance, where=varies, out=slope), where=varies, out=slope)
        shift = (mean * slope).astype(np.float32)
        narrow, scale = block.astype(np.float32), slope.astype(np.float32)
        for k, fold in enumerate(folds):
            Z = narrow[fold.rows]
            Z *= scale[k]
            Z -= shift[k]
            grams[k] += Z @ Z.T
    return [FoldGram(gram, int(count)) for gram, count in zip(grams, kept, strict=True)]
