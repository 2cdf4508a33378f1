"""Separable filters of float32 images."""

import numpy as np
from scipy import ndimage

from cadx.records import FloatImage


def gaussian(image: FloatImage, sigma_px: float, truncate: float) -> FloatImage:
    """Gaussian mean; the image is mirrored beyond its edges.

    Parameters
    ----------
    image
        float32, (rows, columns).
    sigma_px
        Standard deviation; 0 changes nothing.
    truncate
        Standard deviations after which the weights are 0.
    """
    smooth: FloatImage = ndimage.gaussian_filter(image, sigma_px, truncate=truncate)
    return smooth


def box_means(image: FloatImage, size: int) -> FloatImage:
    """Three means over squares of an odd number of pixels in a row; 0 beyond the frame."""
    near = image
    for _ in range(3):
        near = ndimage.uniform_filter(near, size, mode="constant")
    return np.asarray(near)
