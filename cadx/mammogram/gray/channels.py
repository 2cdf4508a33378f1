"""A gray picture in three channels, or with an alpha channel: what is gray in full depth becomes one channel."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cadx.errors import UnsupportedPixels

Samples = NDArray[np.integer]


def gray_of_rgb(channels: Sequence[Samples]) -> Samples:
    """The one channel of three that agree in every pixel and every bit.

    Raises
    ------
    UnsupportedPixels
        When they differ anywhere.
    """
    first = channels[0]
    if not all(np.array_equal(first, other) for other in channels[1:]):
        raise UnsupportedPixels("they are in color: the three channels differ")
    return first


def gray_of_ybr(channels: Sequence[Samples], bits: int) -> Samples:
    """The luminance of a picture whose two chrominances are zero (half of their range) in every pixel.

    Raises
    ------
    UnsupportedPixels
        When there is any color.
    """
    if any(np.any(chrominance != 1 << (bits - 1)) for chrominance in channels[1:]):
        raise UnsupportedPixels("they are in color: their chrominance is not zero")
    return channels[0]


def check_opaque(alpha: Samples, bits: int) -> None:
    """Refuse a picture of which any pixel is not fully opaque: what its gray means, the file does not tell.

    Raises
    ------
    UnsupportedPixels
        When some are transparent.
    """
    if np.any(alpha != (1 << bits) - 1):
        raise UnsupportedPixels("some of them are transparent")


def gray_of_palette(indices: Samples, tables: Sequence[Samples]) -> Samples:
    """The entries that indices point to in three palettes that agree wherever the picture uses them.

    Raises
    ------
    UnsupportedPixels
        When an index has no entry, or its color is no gray.
    """
    used = np.flatnonzero(np.bincount(indices.ravel(), minlength=1))
    if used.size and used[-1] >= tables[0].size:
        raise UnsupportedPixels("they point beyond their palette")
    gray_of_rgb([table[used] for table in tables])
    return np.take(tables[0], indices)
