"""Which pixels of an image window are tissue: not padding, air, collimation, a film's border or blanked-out text.

One mask, made once for a region, is what segmentation, features, flags and the CNN see (docs/decisions/tissue-mask.md).
Padding is declared by the file; everything else has to be told from dark tissue by three marks together:

* it is black (as dark as no tissue is, compared with the region's bright tissue), or dark and constant, which a
  detector's or film's noise does not allow tissue to be;
* it reaches the window's frame or padding, or it is a filled rectangle: dark fat inside the breast does neither;
* from there it goes on, by hysteresis, through what is merely dark.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cadx.records import FloatImage, Mask, PixelWindow, Spacing

BLOCK_MM = 0.4
# Levels are shares of the gray that the brightest 25 mm2 of the window reach (a lesion of 5.6 mm).
BRIGHT_MM2 = 25.0
BLACK_SHARE = 0.06
DARK_SHARE = 0.12
FLAT_SHARE = 0.25
# One gray level of an 8-bit image: over 1.2 x 1.2 mm, tissue varies by more.
FLAT_RANGE = 1.01 / 255
RECTANGLE_SMALLEST_MM2 = 4.0
RECTANGLE_FILLED = 0.9

_SQUARE = np.ones((3, 3), dtype=np.bool_)
_Blocks = NDArray[np.float32]


def tissue_mask(window: PixelWindow, spacing: Spacing) -> Mask:
    """Find the tissue in a window of the source image.

    Parameters
    ----------
    window
        The pixels, (rows, columns).
    spacing
        Of those pixels; blocks of about 0.4 mm are judged first, then the pixels about what they find.

    Returns
    -------
    ndarray
        bool, (rows, columns): valid, and neither air nor anything else that is black. `window.valid` itself where
        nothing is.
    """
    rows_px = max(1, round(BLOCK_MM / spacing.row_mm))
    columns_px = max(1, round(BLOCK_MM / spacing.column_mm))
    row_starts = np.arange(0, window.gray.shape[0], rows_px)
    column_starts = np.arange(0, window.gray.shape[1], columns_px)
    brightest = np.maximum.reduceat(np.maximum.reduceat(window.gray, row_starts, axis=0), column_starts, axis=1)
    bright = _bright_gray(brightest, rows_px * spacing.row_mm * columns_px * spacing.column_mm)
    if not (brightest <= FLAT_SHARE * bright).any():
        return window.valid
    padding = ~np.logical_or.reduceat(np.logical_or.reduceat(window.valid, row_starts, axis=0), column_starts, axis=1)
    all_valid = bool(window.valid.all())
    gray = window.gray if all_valid else np.where(window.valid, window.gray, np.float32(1))
    darkest = np.minimum.reduceat(np.minimum.reduceat(gray, row_starts, axis=0), column_starts, axis=1)
    limit = _limits(brightest, darkest, padding, bright)
    if limit.max() < 0:
        return window.valid
    near: _Blocks = ndimage.maximum_filter(limit, size=3, mode="nearest")
    row_of, column_of = (
        np.arange(length) // size for length, size in zip(gray.shape, (rows_px, columns_px), strict=True)
    )
    tissue: Mask = window.gray > near[np.ix_(row_of, column_of)]
    return tissue if all_valid else tissue & window.valid


def _bright_gray(brightest: _Blocks, block_mm2: float) -> float:
    """Gray that 25 mm2 reach: it does not depend on how much of the window is black or padding."""
    count = min(brightest.size, max(1, round(BRIGHT_MM2 / block_mm2)))
    return float(np.partition(brightest, brightest.size - count, axis=None)[brightest.size - count])


def _limits(brightest: _Blocks, darkest: _Blocks, padding: Mask, bright: float) -> _Blocks:
    """Gray up to which the pixels in and beside a block are no tissue; -1 where the block is tissue."""
    black = (brightest <= BLACK_SHARE * bright) & ~padding
    highest = ndimage.maximum_filter(brightest, size=3, mode="nearest")
    lowest = ndimage.minimum_filter(np.where(padding, np.float32(1), darkest), size=3, mode="nearest")
    flat = (highest - lowest <= FLAT_RANGE) & (highest <= FLAT_SHARE * bright) & ~padding
    flat = ndimage.binary_dilation(flat, _SQUARE) & ~padding
    outside = np.pad(padding, 1, constant_values=True)
    seeds = _reaching(black | flat, outside) | _rectangles(flat | black, brightest, darkest)
    dark = brightest <= DARK_SHARE * bright
    spread = ndimage.binary_propagation(seeds & black, _SQUARE, mask=dark & ~padding)
    limit = np.where(seeds & flat, brightest + np.float32(FLAT_RANGE), np.float32(-1))
    return np.where(spread, np.maximum(limit, np.float32(DARK_SHARE * bright)), limit)


def _reaching(blocks: Mask, outside: Mask) -> Mask:
    """The blocks that hang together with the window's frame or with padding."""
    padded = np.pad(blocks, 1) | outside
    reached: Mask = ndimage.binary_propagation(outside, _SQUARE, mask=padded)
    return reached[1:-1, 1:-1] & blocks


def _rectangles(blocks: Mask, brightest: _Blocks, darkest: _Blocks) -> Mask:
    """The pieces that fill their bounding box with one gray, as text that was blanked out does."""
    found = np.zeros_like(blocks)
    pieces, count = ndimage.label(blocks, _SQUARE)
    for number, box in enumerate(ndimage.find_objects(pieces), start=1):
        piece = pieces[box] == number
        large = piece.size * BLOCK_MM**2 >= RECTANGLE_SMALLEST_MM2 and min(piece.shape) > 1
        if (
            large
            and piece.mean() >= RECTANGLE_FILLED
            and np.ptp([brightest[box][piece].max(), darkest[box][piece].min()]) <= FLAT_RANGE
        ):
            found[box] |= piece
    return found
