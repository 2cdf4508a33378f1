"""The gray's gradient at the vertices of a lesion's outline."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cadx.lesion.features.undefined import Undefined
from cadx.lesion.radial_gradient import inward_gradient
from cadx.records import FloatImage, Mask, Points


@dataclass(frozen=True, slots=True)
class OutlineGradient:
    """The gradient at the vertices where it is known, gray per pixel; float64, (vertices,).

    Attributes
    ----------
    magnitude
        Its magnitude.
    inward
        Its component towards the centroid.
    """

    magnitude: NDArray[np.float64]
    inward: NDArray[np.float64]


def outline_gradient(
    outline: Points, centroid: tuple[float, float], gradient_x: FloatImage, gradient_y: FloatImage, known: Mask
) -> OutlineGradient:
    """Interpolate the gradient at an outline's vertices.

    Raises
    ------
    Undefined
        When it is known at no vertex, or 0 at all.
    """
    x, y = outline[_known_vertices(outline, known)].T
    if not len(x):
        raise Undefined("no part of the outline is clear of the image's edge")
    where = np.stack([y - 0.5, x - 0.5])
    along_x = ndimage.map_coordinates(gradient_x, where, order=1, mode="nearest", output=np.float64)
    along_y = ndimage.map_coordinates(gradient_y, where, order=1, mode="nearest", output=np.float64)
    magnitude = np.hypot(along_x, along_y)
    if magnitude.sum() <= 0:
        raise Undefined("the gray along the outline is constant")
    out_x, out_y = x - centroid[0], y - centroid[1]
    distance = np.maximum(np.hypot(out_x, out_y), 1e-9)
    return OutlineGradient(magnitude, inward_gradient(along_x, along_y, out_x, out_y, distance))


def _known_vertices(outline: Points, known: Mask) -> Mask:
    """Vertices between pixels whose gradient is known; a vertex lies midway between two."""
    last = np.array(known.shape)[::-1] - 1
    low = np.clip(np.floor(outline - 0.5).astype(np.intp), 0, last)
    high = np.clip(np.ceil(outline - 0.5).astype(np.intp), 0, last)
    between: Mask = known[low[:, 1], low[:, 0]] & known[high[:, 1], high[:, 0]]
    return between
