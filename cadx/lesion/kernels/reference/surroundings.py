"""Dilation by a Euclidean disc, exactly."""

import numpy as np
from numpy.typing import NDArray

from cadx.records import Mask


def dilate(mask: Mask, reach: NDArray[np.int32]) -> Mask:
    """Dilate by a disc: every pixel whose center is within the disc about one of the mask.

    The distance along the row is found by two running extremes; a pixel is reached when in some row at offset dy the
    distance along that row is at most `reach[dy]`.

    Parameters
    ----------
    mask
        bool, (rows, columns).
    reach
        Pixels that the disc reaches along the row, 0 to 254, for each offset of rows from 0 on.
    """
    count = mask.shape[1]
    column = np.arange(count, dtype=np.int16)
    far = np.int16(16000)
    before = np.maximum.accumulate(np.where(mask, column, -far), axis=1)
    after = np.minimum.accumulate(np.where(mask, column, far)[:, ::-1], axis=1)[:, ::-1]
    across = np.minimum(np.minimum(column - before, after - column), np.int16(255)).astype(np.uint8)
    reached = np.zeros_like(mask)
    for offset, along in enumerate(reach):
        near = across <= along
        if offset >= mask.shape[0]:
            break
        reached[offset:] |= near[: mask.shape[0] - offset]
        if offset:
            reached[:-offset] |= near[offset:]
    return reached
