"""Sums over the pixels of one mask, and points along an outline."""

import numpy as np
from numpy.typing import NDArray

from cadx.records import Mask, Points


def moments(mask: Mask) -> NDArray[np.int64]:
    """Number of pixels, and the sums of x, y, x^2, x y and y^2 over them, x the column and y the row."""
    y, x = (places.astype(np.int64) for places in np.nonzero(mask))
    return np.array([len(x), x.sum(), y.sum(), (x * x).sum(), (x * y).sum(), (y * y).sum()])


def pixels_within(mask: Mask, center: tuple[float, float], squared_radius: float) -> int:
    """Number of a mask's pixels in the disc about a center (column, row)."""
    y, x = np.nonzero(mask)
    return int(np.count_nonzero((x - center[0]) ** 2 + (y - center[1]) ** 2 <= squared_radius))


def resampled(polygon: Points, count: int) -> Points:
    """Points at equal steps along a closed polygon, from its first vertex."""
    closed = np.concatenate([polygon, polygon[:1]])
    along = np.concatenate([[0.0], np.cumsum(np.sqrt(np.square(np.diff(closed, axis=0)).sum(axis=1)))])
    wanted = np.arange(count) * (along[-1] / count)
    return np.stack([np.interp(wanted, along, closed[:, 0]), np.interp(wanted, along, closed[:, 1])], axis=1)
