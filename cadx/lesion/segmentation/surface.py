"""The image that segmentation works on: reduced, freed of the background's slope, smoothed, padding set apart."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from cadx.records import ROI_SPACING_MM, FloatImage, Mask, Roi

REDUCTION = 2
GRID_SPACING_MM = ROI_SPACING_MM * REDUCTION
SMOOTHING_MM = 0.4


@dataclass(frozen=True, slots=True)
class Surface:
    """A smooth gray surface about a lesion on a grid of 0.2 mm.

    Attributes
    ----------
    gray
        float32, (256, 256): gray less the background's trend, Gaussian-smoothed over valid pixels only. Its minimum
        over valid pixels where not valid, so that padding never joins a bright region.
    valid
        bool, (256, 256).
    """

    gray: FloatImage
    valid: Mask


def gray_surface(roi: Roi) -> Surface:
    """Reduce, detrend and smooth a ROI for segmentation."""
    gray, valid = _reduce(roi.gray, roi.valid)
    level = gray - background_trend(gray, valid)
    sigma = SMOOTHING_MM / GRID_SPACING_MM
    weight = valid.astype(np.float32)
    cover = ndimage.gaussian_filter(weight, sigma)
    smooth = ndimage.gaussian_filter(np.where(valid, level, np.float32(0)), sigma)
    np.divide(smooth, cover, out=smooth, where=valid)
    smooth[~valid] = smooth[valid].min() if valid.any() else 0.0
    return Surface(smooth, valid)


def background_trend(gray: FloatImage, valid: Mask) -> FloatImage:
    """Least-squares polynomial of order 2 over the valid pixels, evaluated everywhere (Huo 1995's trend correction).

    Parameters
    ----------
    gray
        float32, (rows, columns).
    valid
        bool, the same shape: pixels that the fit may see.

    Returns
    -------
    ndarray
        float32, the same shape, with the mean of the valid pixels taken out, so that subtracting it keeps the gray's
        own level.
    """
    rows, columns = gray.shape
    y = np.linspace(-1, 1, rows)
    x = np.linspace(-1, 1, columns)
    powers = [(0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2)]
    terms = np.stack([np.multiply.outer(y**i, x**j).ravel() for i, j in powers])
    seen = terms * valid.ravel()
    coefficients, *_ = np.linalg.lstsq(seen @ seen.T, seen @ gray.ravel(), rcond=1e-9)
    trend = (coefficients @ terms).reshape(gray.shape)
    return (trend - trend[valid].mean() if valid.any() else trend).astype(np.float32)


def _reduce(gray: FloatImage, valid: Mask) -> tuple[FloatImage, Mask]:
    shape = (gray.shape[0] // REDUCTION, REDUCTION, gray.shape[1] // REDUCTION, REDUCTION)
    count = valid.reshape(shape).sum(axis=(1, 3), dtype=np.int64)
    total = np.where(valid, gray, np.float32(0)).reshape(shape).sum(axis=(1, 3))
    reduced = (total / np.maximum(count, 1)).astype(np.float32)
    return reduced, count * 2 >= REDUCTION**2
