"""The outline of a mask by marching squares, and its simplification."""

import numpy as np
from skimage.measure import approximate_polygon, find_contours

from cadx.records import Mask, Points


def longest_outline(mask: Mask) -> Points:
    """Longest outline of a mask by marching squares, pixels that touch at a corner joined; the first of equals.

    Returns
    -------
    ndarray
        float64, (n, 2): rows and columns, a pixel's middle counted from 1 (the mask with a frame of one pixel), the
        first point repeated at the end; (0, 2) for an empty mask.
    """
    if not mask.any():
        return np.empty((0, 2))
    framed = np.pad(mask, 1).astype(np.float32)
    outlines = find_contours(framed, 0.5, fully_connected="high")  # type: ignore[no-untyped-call]
    longest: Points = max(outlines, key=len)
    return longest


def simplified(chain: Points, tolerance: float) -> Points:
    """Douglas-Peucker model of a chain of points: no point lies farther than the tolerance from it; all for 0."""
    model: Points = approximate_polygon(chain, tolerance)  # type: ignore[no-untyped-call]
    return model
