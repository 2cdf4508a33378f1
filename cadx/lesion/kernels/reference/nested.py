"""Sums over nested regions {index <= k}: cumulative histograms of all levels at once."""

import numpy as np
from numpy.typing import NDArray

from cadx.records import FloatImage, Mask


def region_counts(index: NDArray[np.int32], levels: int, forbidden: Mask) -> NDArray[np.int64]:
    """Count, for every region {index <= k}, what its shape needs.

    Parameters
    ----------
    index
        (rows, columns): the first level at which each pixel belongs, not below 0; `levels` where it never does.
    levels
        How many regions there are.
    forbidden
        Pixels that a lesion must not reach.

    Returns
    -------
    ndarray
        (8, levels): pixels; sum of their rows; of their columns; forbidden pixels; and the pairs of neighbors of which
        one is in, along rows, along columns, and along the two diagonals. A pair is crossed by the outline for the
        levels between its own.
    """
    index = np.minimum(index, levels)
    rows, columns = (np.broadcast_to(places, index.shape) for places in np.ogrid[: index.shape[0], : index.shape[1]])
    padded = np.pad(index, 1, constant_values=levels)
    pairs = (
        (padded[:, :-1], padded[:, 1:]),
        (padded[:-1, :], padded[1:, :]),
        (padded[:-1, :-1], padded[1:, 1:]),
        (padded[:-1, 1:], padded[1:, :-1]),
    )
    sums = (
        _cumulative(index, levels),
        _cumulative(index, levels, rows),
        _cumulative(index, levels, columns),
        _cumulative(index[forbidden], levels),
        *(_cumulative(np.minimum(*pair), levels) - _cumulative(np.maximum(*pair), levels) for pair in pairs),
    )
    return np.stack(sums).astype(np.int64)


def disc_overlap(
    index: NDArray[np.int32],
    row: NDArray[np.float64],
    column: NDArray[np.float64],
    squared_radius: NDArray[np.float64],
) -> NDArray[np.int64]:
    """Pixels of every region {index <= k} that lie in the disc about (row[k], column[k]); distances in float32."""
    rows, columns = np.arange(index.shape[0])[:, None], np.arange(index.shape[1])[None, :]
    overlap = np.empty(len(row), dtype=np.int64)
    for k in range(len(row)):
        down = np.square(rows - row[k]).astype(np.float32)
        across = np.square(columns - column[k]).astype(np.float32)
        overlap[k] = np.count_nonzero((index <= k) & (down + across <= np.float32(squared_radius[k])))
    return overlap


def contour_sums(index: NDArray[np.int32], levels: int, weights: FloatImage) -> NDArray[np.float64]:
    """Sum a quantity over the inner contour of every region {index <= k}.

    A pixel lies on the contour of the levels from its own up to the last before all of its 4 neighbors have joined,
    so that one histogram adds it and another takes it away.
    """
    index = np.minimum(index, levels)
    padded = np.pad(index, 1, constant_values=levels)
    last = np.maximum(np.maximum(padded[:-2, 1:-1], padded[2:, 1:-1]), np.maximum(padded[1:-1, :-2], padded[1:-1, 2:]))
    return _cumulative(index, levels, weights) - _cumulative(np.maximum(last, index), levels, weights)


def _cumulative(
    index: NDArray[np.int32], levels: int, weights: NDArray[np.generic] | None = None
) -> NDArray[np.float64]:
    flat = None if weights is None else weights.ravel()
    counts = np.bincount(index.ravel(), weights=flat, minlength=levels + 1)[:levels]
    return np.cumsum(counts).astype(np.float64)
