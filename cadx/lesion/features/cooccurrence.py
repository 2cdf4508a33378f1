"""The gray-level co-occurrence matrix inside a lesion (Haralick 1973; IBSI chapter 3.6)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cadx.errors import FeatureNotComputable
from cadx.records import FloatImage, Mask

GRAY_BINS = 32


@dataclass(frozen=True, slots=True)
class Cooccurrence:
    """A symmetric co-occurrence matrix and the region's levels.

    Attributes
    ----------
    matrix
        float64, (32, 32), sums to 1: pairs at distance 1 in 4 directions, both pixels inside the lesion, counted both
        ways and merged over the directions. Row and column k stand for gray level k + 1.
    levels
        uint8, (rows, columns) of the lesion's bounding box: gray level 1 to 32 inside the lesion, 0 outside.
    """

    matrix: NDArray[np.float64]
    levels: NDArray[np.uint8]


def cooccurrence(gray: FloatImage, mask: Mask) -> Cooccurrence:
    """Bin the lesion's gray into 32 levels between its own extremes and count its pairs.

    Raises
    ------
    FeatureNotComputable
        When the gray inside is constant, or no two pixels of the region touch.
    """
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    inside, values = mask[box], gray[box].astype(np.float64)
    low, high = values[inside].min(), values[inside].max()
    if high <= low:
        raise FeatureNotComputable("texture", "the gray inside the region is constant")
    binned = np.minimum((values - low) * (GRAY_BINS / (high - low)), GRAY_BINS - 1)
    levels = np.where(inside, np.clip(binned, 0, None).astype(np.uint8) + 1, 0).astype(np.uint8)
    counts = np.zeros((GRAY_BINS + 1) ** 2, dtype=np.int64)
    wide = levels.astype(np.int16)
    for first, second in _neighbors(wide):
        counts += np.bincount((first * (GRAY_BINS + 1) + second).ravel(), minlength=len(counts))
    pairs = counts.reshape(GRAY_BINS + 1, GRAY_BINS + 1)[1:, 1:]
    pairs = pairs + pairs.T
    total = pairs.sum()
    if total == 0:
        raise FeatureNotComputable("texture", "no two pixels of the region touch")
    return Cooccurrence(pairs / total, levels)


def _neighbors(levels: NDArray[np.int16]) -> tuple[tuple[NDArray[np.int16], NDArray[np.int16]], ...]:
    """Pairs of pixels at distance 1 (Chebyshev) in the directions 0, 45, 90 and 135 degrees."""
    return (
        (levels[:, :-1], levels[:, 1:]),
        (levels[:-1, :], levels[1:, :]),
        (levels[:-1, :-1], levels[1:, 1:]),
        (levels[:-1, 1:], levels[1:, :-1]),
    )
