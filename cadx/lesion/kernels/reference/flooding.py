"""Floods over a grid: nested regions about a seed, holes, connected pieces."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.morphology import reconstruction

from cadx.records import Mask

_FOUR_CONNECTED = ndimage.generate_binary_structure(2, 1)
_EIGHT_CONNECTED = np.ones((3, 3))


def joining_index(number: NDArray[np.int32], levels: int, seed: tuple[int, int]) -> NDArray[np.int32]:
    """Number of the first of many nested regions about a seed that holds each pixel.

    A reconstruction by dilation of the seed under the image gives the level at which each pixel joins (Vincent, IEEE
    TIP 1993;2:176); a second one, by erosion from the frame, fills the holes of all regions at once.

    Parameters
    ----------
    number
        (rows, columns): how far down the image's levels each pixel lies, from 0 to `levels` - 1.
    levels
        How many there are.
    seed
        Row and column of the seed pixel.

    Returns
    -------
    ndarray
        int32, (rows, columns): {value <= k} is the 8-connected component of the seed among pixels <= k, with its holes
        filled (background 4-connected, holes that touch the frame are not holes).
    """
    height = -number.astype(np.float32)
    marker = np.full_like(height, height.min())
    marker[seed] = height[seed]
    joins = reconstruction(  # type: ignore[no-untyped-call]
        marker, np.minimum(height, height[seed]), method="dilation", footprint=_EIGHT_CONNECTED
    )
    frame = np.full_like(height, joins.max())
    frame[0, :], frame[-1, :], frame[:, 0], frame[:, -1] = joins[0, :], joins[-1, :], joins[:, 0], joins[:, -1]
    filled = reconstruction(frame, joins, method="erosion", footprint=_FOUR_CONNECTED)  # type: ignore[no-untyped-call]
    return np.asarray(-filled, dtype=np.int32)


def fill_holes(mask: Mask) -> Mask:
    """Mask with its holes filled: background that no 4-path joins to the frame."""
    return np.asarray(ndimage.binary_fill_holes(mask))


def main_piece(mask: Mask, start: Mask) -> Mask:
    """The 8-connected piece of a mask that shares most pixels with a start; empty where none shares any.

    Of equals, the first in reading order.
    """
    pieces, _ = ndimage.label(mask, _EIGHT_CONNECTED)
    shared = np.bincount(pieces[start], minlength=2)
    shared[0] = 0
    return np.asarray(pieces == np.argmax(shared)) if shared.any() else np.zeros_like(mask)
