"""Looks at the pixels for an image shown in negative: a PNG has no tag that tells, and a DICOM tag may be wrong.

A mammogram's most frequent gray is that of the air about the breast, which is dark when dense tissue is bright.
"""

import numpy as np

from cadx.flags import Flag, FlagCode
from cadx.records import PixelSource

SAMPLED_ROWS = 24
_LEVELS = 64
_BRIGHT_SHARE_OF_RANGE = 0.8
_BACKGROUND_SHARE = 0.15


def polarity_flags(pixels: PixelSource, rows: int, columns: int) -> tuple[Flag, ...]:
    """Flag an image whose commonest gray is among its brightest.

    Only `SAMPLED_ROWS` rows spread over the image are read.

    Parameters
    ----------
    pixels
        The image.
    rows, columns
        Its size in pixels.
    """
    chosen = np.unique(np.linspace(0, rows - 1, min(SAMPLED_ROWS, rows)).astype(int))
    windows = [pixels.window(int(row), int(row) + 1, 0, columns) for row in chosen]
    grays = np.concatenate([window.gray[window.valid] for window in windows])
    if grays.size == 0 or grays.min() == grays.max():
        return ()
    counts, edges = np.histogram(grays, bins=_LEVELS)
    commonest = int(counts.argmax())
    share = float(counts[commonest] / grays.size)
    position = (commonest + 0.5) / _LEVELS
    if position < _BRIGHT_SHARE_OF_RANGE or share < _BACKGROUND_SHARE:
        return ()
    message = "The background is bright: the image may be shown in negative (bright must be dense tissue)."
    return (Flag(FlagCode.POLARITY_SUSPECT, message, {"background_gray": float(edges[commonest]), "share": share}),)
