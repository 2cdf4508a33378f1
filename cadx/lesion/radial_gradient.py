"""The radial gradient index: how far the gradient along an outline points to a middle (Kupinski & Giger 1998).

RGI = sum G . r / sum |G| over the outline, r the unit vector towards the middle: 1 for a bright disc, 0 for noise, -1
for a dark disc. Segmentation weighs its candidates by it and the margin family measures it.
"""

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from cadx.records import FloatImage

FloatArray = NDArray[Any]  # float32 or float64
Sums = TypeVar("Sums", np.float64, NDArray[np.float64])


def inward_gradient(
    gradient_x: FloatArray, gradient_y: FloatArray, out_x: FloatArray, out_y: FloatArray, distance: FloatArray
) -> FloatArray:
    """Component of the gradient towards the middle, G . r, in the gradient's unit.

    Parameters
    ----------
    gradient_x, gradient_y
        Derivatives of the gray.
    out_x, out_y
        From the middle to the place of each derivative; broadcastable.
    distance
        Length of (out_x, out_y), kept above 0 by the caller.
    """
    inward: FloatArray = -(gradient_x * out_x + gradient_y * out_y) / distance
    return inward


def index_of_sums(inward_sum: Sums, magnitude_sum: Sums) -> Sums:
    """RGI of one outline or of many from the sums of G . r and of |G| along each, -1 to 1; 0 without any gradient."""
    index: Sums = inward_sum / np.maximum(magnitude_sum, 1e-12)
    return index


def radial_gradient(gray: FloatImage, center: tuple[float, float]) -> tuple[FloatImage, FloatImage]:
    """Component of an image's gradient towards a center (row, column), and its magnitude, both float32, per pixel."""
    down, right = (np.asarray(part) for part in np.gradient(gray))
    rows = (np.arange(gray.shape[0]) - center[0]).astype(np.float32)[:, None]
    columns = (np.arange(gray.shape[1]) - center[1]).astype(np.float32)[None, :]
    distance = np.maximum(np.sqrt(rows**2 + columns**2), np.float32(0.5))
    return inward_gradient(right, down, columns, rows, distance), np.hypot(down, right)
