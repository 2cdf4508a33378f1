"""The gray-level co-occurrence matrix inside a lesion (Haralick 1973; IBSI chapter 3.6)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cadx.lesion import kernels
from cadx.lesion.features.undefined import Undefined
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
    Undefined
        When the gray inside is constant, or no two pixels of the region touch.
    """
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    levels = kernels.gray_levels(gray[box], mask[box], GRAY_BINS)
    if levels is None:
        raise Undefined("the gray inside the region is constant")
    pairs = kernels.neighbor_pairs(levels, GRAY_BINS)[1:, 1:]
    pairs = pairs + pairs.T
    total = pairs.sum()
    if total == 0:
        raise Undefined("no two pixels of the region touch")
    return Cooccurrence(pairs / total, levels)
