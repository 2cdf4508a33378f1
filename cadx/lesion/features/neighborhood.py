"""The pixels about a lesion: its margin, its surroundings, everything else."""

from dataclasses import dataclass

import numpy as np

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
    """Dilate by a Euclidean disc, exactly: every pixel whose center is within `radius_px` of one of the mask.

    The distance along the row is found by two running extremes; a pixel is reached when in some row at offset dy the
    distance along that row is at most sqrt(radius^2 - dy^2).
    """
    count = mask.shape[1]
    column = np.arange(count, dtype=np.int16)
    far = np.int16(16000)
    before = np.maximum.accumulate(np.where(mask, column, -far), axis=1)
    after = np.minimum.accumulate(np.where(mask, column, far)[:, ::-1], axis=1)[:, ::-1]
    across = np.minimum(np.minimum(column - before, after - column), np.int16(255)).astype(np.uint8)
    reached = np.zeros_like(mask)
    for offset in range(radius_px + 1):
        near = across <= int(np.sqrt(radius_px**2 - offset**2))
        if offset >= mask.shape[0]:
            break
        reached[offset:] |= near[: mask.shape[0] - offset]
        if offset:
            reached[:-offset] |= near[offset:]
    return reached
