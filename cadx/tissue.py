"""Which pixels of an image window are tissue: not padding, air, collimation, a film's border or blanked-out text.

One mask, made once for a region, is what segmentation, features, flags and the CNN see (docs/decisions/tissue-mask.md).
Padding is declared by the file; everything else has to be told from dark tissue, by three marks together:

* it is black (as dark as no tissue is, compared with the window's bright tissue), or dark and constant, which noise
  does not let tissue be;
* it reaches the window's frame or padding, or it is a filled rectangle: dark fat inside the breast does neither;
* from there it goes on, by hysteresis, through what is merely dark.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cadx.records import FloatImage, Mask, PixelWindow, Spacing

BLOCK_MM = 0.4
# Levels are shares of the gray that the brightest 25 mm2 of the window reach (a lesion of 5.6 mm): how much of the
# window is black or padding does not move them.
BRIGHT_MM2 = 25.0
BLACK_SHARE = 0.08
DARK_SHARE = 0.12
FLAT_SHARE = 0.25
# One gray level of an 8-bit image: over 1.2 x 1.2 mm, tissue varies by more.
FLAT_RANGE = 1.01 / 255
RECTANGLE_SMALLEST_MM2 = 4.0
RECTANGLE_FILLED = 0.9

_SQUARE = np.ones((3, 3), dtype=np.bool_)
_TISSUE = np.float32(-1)
_Size = tuple[int, int]


def tissue_mask(window: PixelWindow, spacing: Spacing) -> Mask:
    """Find the tissue in a window of the source image.

    Parameters
    ----------
    window
        The pixels, (rows, columns).
    spacing
        Of those pixels; blocks of about 0.4 mm are judged first, then the pixels in and beside what they find.

    Returns
    -------
    ndarray
        bool, (rows, columns): valid, and neither air nor anything else that is black. `window.valid` itself where all
        that is valid is tissue.
    """
    size = height, width = max(1, round(BLOCK_MM / spacing.row_mm)), max(1, round(BLOCK_MM / spacing.column_mm))
    mean = _blocks(np.mean, window.gray, size)
    bright = _bright_gray(mean, BRIGHT_MM2 / (height * spacing.row_mm * width * spacing.column_mm))
    if not (mean <= FLAT_SHARE * bright).any():
        return window.valid
    limit = _limits(window, mean, bright, size)
    if (limit == _TISSUE).all():
        return window.valid
    near = ndimage.maximum_filter(limit, size=3, mode="nearest")
    inner = ndimage.binary_erosion(limit > _TISSUE, _SQUARE, border_value=1)
    near[inner] = np.inf
    fine = np.repeat(np.repeat(near, width, axis=1), height, axis=0)
    tissue: Mask = (window.gray > fine[: window.gray.shape[0], : window.gray.shape[1]]) & window.valid
    return tissue


def _blocks(reduce: Callable[..., NDArray[Any]], image: NDArray[Any], size: _Size) -> NDArray[Any]:
    """Reduce an image to one value a block; the last blocks of a row or column may be smaller."""
    for side in size:
        whole = len(image) // side * side
        parts = [reduce(image[:whole].reshape(-1, side, image.shape[1]), axis=1)]
        if whole < len(image):
            parts.append(reduce(image[whole:], axis=0)[None])
        image = np.ascontiguousarray(np.concatenate(parts).T)
    return image


def _bright_gray(mean: FloatImage, blocks: float) -> float:
    """Gray that so many blocks reach."""
    at = mean.size - min(mean.size, max(1, round(blocks)))
    return float(np.partition(mean, at, axis=None)[at])


def _limits(window: PixelWindow, mean: FloatImage, bright: float, size: _Size) -> FloatImage:
    """Gray up to which the pixels in and beside a block are no tissue; -1 where the block is tissue."""
    brightest = _blocks(np.max, window.gray, size)
    if window.valid.all():
        darkest, padding = _blocks(np.min, window.gray, size), np.zeros(mean.shape, dtype=np.bool_)
    else:
        darkest = _blocks(np.min, np.where(window.valid, window.gray, np.float32(1)), size)
        padding = ~_blocks(np.any, window.valid, size)
    highest = ndimage.maximum_filter(brightest, size=3, mode="nearest")
    lowest = ndimage.minimum_filter(darkest, size=3, mode="nearest")
    flat = (highest - lowest <= FLAT_RANGE) & (highest <= FLAT_SHARE * bright) & ~padding
    flat = ndimage.binary_dilation(flat, _SQUARE) & ~padding
    black = (mean <= BLACK_SHARE * bright) & ~padding
    edge = ndimage.binary_dilation(padding, _SQUARE, border_value=1)
    seeds = _connected(black | flat, edge) | _rectangles(flat)
    dark = (mean <= DARK_SHARE * bright) & ~padding
    spread = _connected(dark, seeds & black)
    limit = np.where(seeds & flat, brightest + np.float32(FLAT_RANGE), _TISSUE)
    return np.where(spread, np.maximum(limit, np.float32(DARK_SHARE * bright)), limit).astype(np.float32)


def _connected(blocks: Mask, starts: Mask) -> Mask:
    """The 8-connected pieces that hold any of the starts."""
    pieces, count = ndimage.label(blocks, _SQUARE)
    held = np.zeros(count + 1, dtype=np.bool_)
    held[pieces[starts]] = True
    held[0] = False
    connected: Mask = held[pieces]
    return connected


def _rectangles(flat: Mask) -> Mask:
    """The pieces of constant gray that fill their bounding box, as text that was blanked out does."""
    found = np.zeros_like(flat)
    pieces, _ = ndimage.label(flat, _SQUARE)
    for number, box in enumerate(ndimage.find_objects(pieces), start=1):
        piece = pieces[box] == number
        if piece.size * BLOCK_MM**2 >= RECTANGLE_SMALLEST_MM2 and piece.mean() >= RECTANGLE_FILLED:
            found[box] |= piece
    return found
