"""Derivatives of a smooth image, and histograms of their direction against the radius."""

import numpy as np
from numpy.typing import NDArray

from cadx.records import FloatImage, Mask

BINS = 180


def orientation_histograms(
    gradient_x: FloatImage, gradient_y: FloatImage, center: tuple[float, float], mask: Mask, margin: Mask
) -> NDArray[np.float64]:
    """Sum the gradient's magnitude by its angle to the direction to a center, in bins of 2 degrees from -180.

    Parameters
    ----------
    gradient_x, gradient_y
        float32, (rows, columns), finite; 0, and so without weight, where it is not known.
    center
        x, y in pixels (SCOORD convention).
    mask, margin
        bool, the same shape.

    Returns
    -------
    ndarray
        (3, 180): outside the mask, inside, at the margin.
    """
    to_x = (center[0] - 0.5 - np.arange(mask.shape[1])).astype(np.float32)[None, :]
    to_y = (center[1] - 0.5 - np.arange(mask.shape[0])).astype(np.float32)[:, None]
    angle = np.arctan2(to_x * gradient_y - to_y * gradient_x, to_x * gradient_x + to_y * gradient_y)
    bins = ((angle + np.float32(np.pi)) * np.float32(BINS / (2 * np.pi))).astype(np.int16) % np.int16(BINS)
    weight = np.sqrt(gradient_x * gradient_x + gradient_y * gradient_y)
    outside_first = bins + np.int16(BINS) * mask
    both = np.bincount(outside_first.ravel(), weights=weight.ravel(), minlength=2 * BINS)
    at_margin = np.bincount(bins[margin], weights=weight[margin], minlength=BINS)
    return np.concatenate([both, at_margin]).reshape(3, BINS)


def central_differences(smooth: FloatImage, known: Mask) -> tuple[FloatImage, FloatImage]:
    """Half the difference of the two neighbors along x and along y; 0 at the array's ends and where it is not known."""
    along_x, along_y = np.zeros_like(smooth), np.zeros_like(smooth)
    along_x[:, 1:-1] = smooth[:, 2:] - smooth[:, :-2]
    along_y[1:-1, :] = smooth[2:, :] - smooth[:-2, :]
    along_x *= np.float32(0.5)
    along_y *= np.float32(0.5)
    along_x[~known] = along_y[~known] = 0
    return along_x, along_y
