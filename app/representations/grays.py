"""An image's grays for viewers: uint16, little endian, row by row, as the model's own reading gives them."""

import zlib
from collections.abc import Callable, Iterator

import numpy as np

from app.schemas.images import GRAY_MAX
from cadx.records import Mammogram

_STRIP_ROWS = 256
_GZIP = 31  # zlib's window bits for a gzip container


def gray_bytes(mammogram: Mammogram, *, compressed: bool, check: Callable[[], None]) -> bytes:
    """Write the whole image, (rows, columns), each gray times `GRAY_MAX`, rounded; padding is 0.

    Parameters
    ----------
    mammogram
        The image, read with the model's policy.
    compressed
        Whether to gzip, at level 1.
    check
        Called between strips; raises when nobody waits for them any more.
    """
    squeeze = zlib.compressobj(1, zlib.DEFLATED, _GZIP) if compressed else None
    pieces: list[bytes] = []
    for strip in _strips(mammogram):
        check()
        pieces.append(strip if squeeze is None else squeeze.compress(strip))
    if squeeze is not None:
        pieces.append(squeeze.flush())
    return b"".join(pieces)


def _strips(mammogram: Mammogram) -> Iterator[bytes]:
    """Some whole rows at a time."""
    for start in range(0, mammogram.rows, _STRIP_ROWS):
        stop = min(start + _STRIP_ROWS, mammogram.rows)
        gray = mammogram.pixels.window(start, stop, 0, mammogram.columns).gray
        yield np.rint(gray * np.float32(GRAY_MAX)).astype("<u2").tobytes()
