"""Looks at a few rows of the pixels for what no tag tells, or what a tag may tell wrongly.

A mammogram's most frequent gray is that of the air about the breast, which is dark when dense tissue is bright. A PNG
has no tag that tells, and a DICOM tag may be wrong.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cadx.flags import Flag, FlagCode
from cadx.mammogram.gray.pixels import Beyond, GrayPixels

SAMPLED_ROWS = 24
_BLOCK_PIXELS = 1 << 18
_LEVELS = 64
_BRIGHT_SHARE_OF_RANGE = 0.8
_BACKGROUND_SHARE = 0.15


@dataclass(frozen=True, slots=True)
class SampledRows:
    """Some rows of an image, spread over it.

    Attributes
    ----------
    raw, stored, gray
        One entry a pixel that is image: its word in the file, its stored value, its gray.
    """

    raw: NDArray[np.integer] = field(repr=False)
    stored: NDArray[np.integer] = field(repr=False)
    gray: NDArray[np.float32] = field(repr=False)


def sampled_rows(pixels: GrayPixels, rows: int, columns: int) -> SampledRows:
    """Read `SAMPLED_ROWS` rows spread over an image of so many rows and columns."""
    chosen = np.unique(np.linspace(0, rows - 1, min(SAMPLED_ROWS, rows)).astype(int))
    raw = np.concatenate([pixels.stored.rectangle(int(row), int(row) + 1, 0, columns) for row in chosen])
    valid = pixels.valid(raw)
    stored = pixels.fitting(raw, valid)[valid]
    return SampledRows(raw[valid], stored, pixels.table(stored))


def polarity_flags(sampled: SampledRows) -> tuple[Flag, ...]:
    """Flag an image whose commonest gray is among its brightest."""
    grays = sampled.gray
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


def unused_bits_flags(pixels: GrayPixels, sampled: SampledRows) -> tuple[Flag, ...]:
    """Flag words whose bits above BitsStored are neither empty nor a sign nor a declared overlay."""
    bits = 8 * sampled.raw.dtype.itemsize
    if pixels.beyond is not Beyond.MASKED or bits == pixels.stored_range.bits or sampled.raw.size == 0:
        return ()
    judged = ((1 << bits) - 1) & ~pixels.overlay_bits
    low = (1 << pixels.stored_range.bits) - 1
    if not np.any(sampled.raw.view(f"{sampled.raw.dtype.byteorder}u{bits // 8}") & (judged & ~low)):
        return ()
    stored = sampled.stored.astype(np.int32)
    seen = sampled.raw.astype(np.int32) & judged
    share = float(((seen != stored & judged) & (seen != stored & low)).mean())
    if share == 0.0:
        return ()
    message = f"Bits above BitsStored ({pixels.stored_range.bits}) are not empty; they were dropped."
    return (Flag(FlagCode.UNUSED_BITS_SET, message, {"share": share}),)


def is_one_gray(pixels: GrayPixels, sampled: SampledRows, rows: int, columns: int) -> bool:
    """Whether different stored values all become one gray: the whole image is looked at where its samples say so."""
    if sampled.gray.size and sampled.gray.min() != sampled.gray.max():
        return False
    extremes: list[int] = []
    step = max(1, _BLOCK_PIXELS // columns)
    for start in range(0, rows, step):
        raw = pixels.stored.rectangle(start, min(start + step, rows), 0, columns)
        valid = pixels.valid(raw)
        stored = pixels.fitting(raw, valid)[valid]
        if stored.size:
            extremes += (int(stored.min()), int(stored.max()))
    if not extremes or min(extremes) == max(extremes):
        return False
    first = pixels.table.smallest
    shown = pixels.table.grays[min(extremes) - first : max(extremes) - first + 1]
    return bool(shown.min() == shown.max())
