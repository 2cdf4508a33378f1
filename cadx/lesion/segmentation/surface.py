"""The image that segmentation works on: reduced, detrended and smoothed over tissue."""

from dataclasses import dataclass

import numpy as np

from cadx.lesion import kernels
from cadx.records import ROI_SIZE_PX, ROI_SPACING_MM, FloatImage, Mask, Roi

REDUCTION = 4
GRID_SIZE = ROI_SIZE_PX // REDUCTION
GRID_SPACING_MM = ROI_SPACING_MM * REDUCTION
SMOOTHING_MM = 0.4
SMOOTHING_TRUNCATE = 3.0
_FIT_STEP = 2


@dataclass(frozen=True, slots=True)
class Surface:
    """A smooth gray surface about a lesion on a grid of 0.4 mm.

    Attributes
    ----------
    gray
        float32, (128, 128): gray less the background's trend, Gaussian-smoothed over tissue only. Its minimum over
        tissue elsewhere, so that air and padding never join a bright region.
    tissue
        bool, (128, 128): blocks of which half or more is the ROI's tissue.
    trend
        float32, (128, 128): what was subtracted.
    """

    gray: FloatImage
    tissue: Mask
    trend: FloatImage


def gray_surface(roi: Roi) -> Surface:
    """Reduce, detrend and smooth a ROI for segmentation."""
    gray, tissue = kernels.block_means(roi.gray, roi.tissue)
    trend = background_trend(gray, tissue)
    sigma = SMOOTHING_MM / GRID_SPACING_MM
    smooth = smooth_within(gray - trend, tissue, sigma)
    smooth[~tissue] = smooth[tissue].min() if tissue.any() else 0.0
    return Surface(smooth, tissue, trend)


def smooth_within(image: FloatImage, mask: Mask, sigma_px: float) -> FloatImage:
    """Gaussian mean over the pixels of a mask only (normalized convolution); 0 where the mask is out of reach."""
    if mask.all():
        return kernels.gaussian(image, sigma_px, SMOOTHING_TRUNCATE)
    total = kernels.gaussian(np.where(mask, image, np.float32(0)), sigma_px, SMOOTHING_TRUNCATE)
    cover = kernels.gaussian(mask.astype(np.float32), sigma_px, SMOOTHING_TRUNCATE)
    return np.divide(total, cover, out=np.zeros_like(total), where=cover > 1e-3)


def near_mean(image: FloatImage | Mask, sigma_px: float) -> FloatImage:
    """Local mean with nearly Gaussian weights, at a cost that does not grow with their width; 0 beyond the frame.

    Three box means in a row (nearly a cubic B-spline), each with a third of the variance. Divide by the local mean of a
    mask for the mean over that mask. No matrix products: the threads of a linear algebra library that wait for each
    other cost a busy machine ten times what these small sums do.
    """
    return kernels.box_means(image.astype(np.float32), box_size(sigma_px))


def box_size(sigma_px: float) -> int:
    """Pixels along a side, odd, of three boxes that together are as wide as a Gaussian."""
    return max(1, round(float(np.sqrt(4 * sigma_px**2 + 1)))) | 1


def background_trend(gray: FloatImage, mask: Mask) -> FloatImage:
    """Least-squares polynomial of order 2 over the pixels of a mask, evaluated everywhere (Huo 1995).

    Parameters
    ----------
    gray
        float32, (rows, columns).
    mask
        bool, the same shape: pixels that the fit may see. Every second row and column is used.

    Returns
    -------
    ndarray
        float32, the same shape, less its mean over the mask, so that subtracting it keeps the gray's own level.
    """
    y = np.linspace(-1, 1, gray.shape[0])
    x = np.linspace(-1, 1, gray.shape[1])
    powers = ((0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2))
    terms = np.stack([np.multiply.outer(y**i, x**j) for i, j in powers])
    sparse = np.s_[..., ::_FIT_STEP, ::_FIT_STEP]
    weight = mask[sparse].ravel().astype(np.float64)
    basis = terms[sparse].reshape(len(powers), -1)
    seen = basis * weight
    products = np.einsum("in,jn->ij", seen, basis)
    targets = np.einsum("in,n->i", seen, gray[sparse].ravel().astype(np.float64))
    coefficients, *_ = np.linalg.lstsq(products, targets, rcond=1e-9)
    trend = np.einsum("i,iyx->yx", coefficients, terms)
    if mask.any():
        trend -= trend[mask].mean()
    return np.asarray(trend, dtype=np.float32)
