"""The pixels about a lesion: its margin, its surroundings, everything else."""

from dataclasses import dataclass

import numpy as np

from cadx.lesion import kernels
from cadx.lesion.disc import disc_reach
from cadx.records import Mask

MARGIN_PX = 20
SURROUNDINGS_PX = 20


@dataclass(frozen=True, slots=True)
class Neighborhoods:
    """Masks, bool, (512, 512), of tissue only.

    Attributes
    ----------
    margin
        The ribbon of 20 pixels (2 mm) along the outline, 10 on either side (Huo 1995).
    surroundings
        Outside the lesion, within 20 pixels (2 mm) of it.
    opposite
        Everything outside the lesion.
    """

    margin: Mask
    surroundings: Mask
    opposite: Mask


def lesion_neighborhoods(mask: Mask, tissue: Mask) -> Neighborhoods:
    """Find the pixels about a lesion by exact Euclidean distance."""
    half = MARGIN_PX // 2
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    top, left = max(0, rows[0] - SURROUNDINGS_PX), max(0, columns[0] - SURROUNDINGS_PX)
    box = np.s_[top : rows[-1] + SURROUNDINGS_PX + 1, left : columns[-1] + SURROUNDINGS_PX + 1]
    lesion = mask[box]
    margin, surroundings = np.zeros_like(mask), np.zeros_like(mask)
    margin[box] = dilate(lesion, half) & dilate(~lesion, half) & tissue[box]
    surroundings[box] = dilate(lesion, SURROUNDINGS_PX) & ~lesion & tissue[box]
    return Neighborhoods(margin, surroundings, tissue & ~mask)


def dilate(mask: Mask, radius_px: int) -> Mask:
    """Dilate by a Euclidean disc, exactly: every pixel whose center is within `radius_px` of one of the mask."""
    return kernels.dilate(mask, disc_reach(radius_px))
