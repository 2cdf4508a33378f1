"""A synthetic lesion, drawn when a bundle is written; the bundle keeps its pixels, so that this drawing may change.

It has what definitions differ in: a pixel size that must be resampled, an array that ends inside the region, a black
strip that is not declared padding, a lobed and spiculated outline, texture and noise.
"""

import io
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from cadx.records import LesionCenter

SPACING_MM: Final = 0.094
ROWS: Final = 500
COLUMNS: Final = 440
CENTER: Final = LesionCenter(x=205.3, y=240.6)
_SEED = 2016
_BLACK_FROM_ROW = 468
_TISSUE = 0.36
_CONTRAST = 0.30
_RADIUS_PX = 62.0
_EDGE_PX = 5.0
_LOBES = ((2, 0.10, 0.4), (3, 0.08, 1.9), (5, 0.05, 0.7))
"""Waves about the outline, their height as a share of the radius, and phase."""
_SPICULES = (0.3, 1.4, 2.2, 3.6, 5.1)
"""Directions, in radians."""
_TEXTURE = ((24.0, 0.030), (7.0, 0.016), (2.0, 0.007))
"""Gaussian blur of white noise in pixels, and its standard deviation in gray levels afterwards."""
_NOISE = 0.004


def draw_reference() -> bytes:
    """Return the picture as a PNG of 8 bits, bright = dense."""
    random = np.random.default_rng(_SEED)
    rows, columns = np.mgrid[:ROWS, :COLUMNS] + 0.5
    gray = _TISSUE + 0.04 * columns / COLUMNS + _lesion(rows - CENTER.y, columns - CENTER.x)
    for blur_px, deviation in _TEXTURE:
        texture = ndimage.gaussian_filter(random.normal(size=gray.shape), blur_px)
        gray += texture * (deviation / texture.std())
    gray += random.normal(0.0, _NOISE, gray.shape)
    levels = np.rint(np.clip(gray, 1 / 255, 1.0) * 255).astype(np.uint8)
    levels[_BLACK_FROM_ROW:] = 0
    stream = io.BytesIO()
    Image.fromarray(levels).save(stream, "PNG", optimize=True)
    return stream.getvalue()


def _lesion(down: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Gray levels that a lobed body with spicules adds, by distance from its center in pixels."""
    radius, angle = np.hypot(down, right), np.arctan2(down, right)
    outline = _RADIUS_PX * (1 + sum(height * np.cos(waves * angle + phase) for waves, height, phase in _LOBES))
    body = 1 / (1 + np.exp((radius - outline) / _EDGE_PX))
    spicules = np.zeros_like(body)
    for direction in _SPICULES:
        along = right * np.cos(direction) + down * np.sin(direction)
        across = down * np.cos(direction) - right * np.sin(direction)
        fading = np.clip(1 - along / (2.2 * _RADIUS_PX), 0, 1) * (along > 0)
        spicules = np.maximum(spicules, 0.5 * fading * np.exp(-((across / (1.5 + 3.0 * fading)) ** 2)))
    return _CONTRAST * np.maximum(body, spicules)
