"""Gray levels inside a lesion, their pairs and their neighbors."""

import numpy as np
from numpy.typing import NDArray

from cadx.records import FloatImage, Mask


def gray_levels(gray: FloatImage, mask: Mask, bins: int) -> NDArray[np.uint8] | None:
    """Gray inside a mask in equal bins between its own extremes.

    Returns
    -------
    ndarray or None
        uint8: 1 to `bins` inside the mask, 0 outside. None where the gray inside does not vary.
    """
    values = gray.astype(np.float64)
    if not mask.any():
        return None
    low, high = values[mask].min(), values[mask].max()
    if high <= low:
        return None
    binned = np.minimum((values - low) * (bins / (high - low)), bins - 1)
    return np.where(mask, np.clip(binned, 0, None).astype(np.uint8) + 1, 0).astype(np.uint8)


def neighbor_pairs(levels: NDArray[np.uint8], bins: int) -> NDArray[np.int64]:
    """Count the pairs of pixels at distance 1 (Chebyshev) in the directions 0, 45, 90 and 135 degrees.

    Returns
    -------
    ndarray
        (bins + 1, bins + 1): by the level of the upper pixel (the left one along a row) and of the other.
    """
    wide = levels.astype(np.int16)
    pairs = (
        (wide[:, :-1], wide[:, 1:]),
        (wide[:-1, :], wide[1:, :]),
        (wide[:-1, :-1], wide[1:, 1:]),
        (wide[:-1, 1:], wide[1:, :-1]),
    )
    counts = np.zeros((bins + 1) ** 2, dtype=np.int64)
    for first, second in pairs:
        counts += np.bincount((first * (bins + 1) + second).ravel(), minlength=len(counts))
    return counts.reshape(bins + 1, bins + 1)


def neighbor_deviations(levels: NDArray[np.uint8], bins: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Sum, for each level, how far its pixels lie from the mean of their neighbors; and count those pixels.

    Neighbors are the 8 adjacent pixels whose level is not 0; pixels without any do not count.
    """
    padded = np.pad(levels, 1).astype(np.int16)
    present = (padded > 0).astype(np.int16)
    middle = np.s_[1:-1, 1:-1]
    counted = (present[middle] > 0) & (_around(present) > 0)
    own = padded[middle][counted]
    deviation = np.abs(own - _around(padded)[counted] / _around(present)[counted])
    total = np.bincount(own, weights=deviation, minlength=bins + 1)
    return total.astype(np.float64), np.bincount(own, minlength=bins + 1).astype(np.int64)


def _around(values: NDArray[np.int16]) -> NDArray[np.int16]:
    """Sum of the 8 neighbors of every pixel of a padded array."""
    rows = values[:-2] + values[1:-1] + values[2:]
    return np.asarray(rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:] - values[1:-1, 1:-1])
