"""The digest of what an image shows, to find the same picture again in another file."""

import hashlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from cadx.mammogram.gray.pixels import GrayPixels
from cadx.records import Mammogram

_BLOCK_PIXELS = 1 << 18


def content_digest(mammogram: Mammogram) -> str:
    """SHA-256 of an image's shape and of the order of its pixels' stored values, dark to bright.

    The order: each stored value counts as its rank among the values that occur. So header, file format, lossless
    compression, window, padding, a linear rescale of the values and a turn of MONOCHROME1 into MONOCHROME2 change
    nothing; another crop, size, or any lossy step makes another picture.

    The image is read by blocks of rows, twice; no copy of it is made. An uncompressed image is read from its file.

    Parameters
    ----------
    mammogram
        As `cadx.mammogram.read_mammogram` gave it.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    pixels = mammogram.pixels
    if not isinstance(pixels, GrayPixels):
        raise TypeError(f"no stored values in {type(pixels).__name__}")
    occurs = np.zeros(1 << pixels.stored_range.bits, dtype=np.bool_)
    for block in _blocks(mammogram.rows, mammogram.columns, pixels):
        occurs[block.astype(np.intp)] = True
    rank = np.cumsum(occurs) - 1
    if pixels.table.grays[0] > pixels.table.grays[-1]:
        rank = rank[-1] - rank
    table = rank.astype("<u2")
    digest = hashlib.sha256(f"{mammogram.rows} x {mammogram.columns}\n".encode())
    for block in _blocks(mammogram.rows, mammogram.columns, pixels):
        digest.update(table.take(block, mode="clip").data)
    return digest.hexdigest()


def _blocks(rows: int, columns: int, pixels: GrayPixels) -> Iterator[NDArray[np.uint16]]:
    """Give the stored values in their order as numbers from 0, made to fit BitsStored as for their grays."""
    smallest = pixels.stored_range.smallest
    step = max(1, _BLOCK_PIXELS // columns)
    for start in range(0, rows, step):
        raw = pixels.stored.rectangle(start, min(start + step, rows), 0, columns)
        stored = pixels.fitting(raw, pixels.valid(raw))
        yield (stored.astype(np.int32) - smallest).astype(np.uint16)
