"""A Euclidean disc on a pixel grid."""

import numpy as np
from numpy.typing import NDArray


def disc_reach(radius_px: float) -> NDArray[np.int32]:
    """Pixels that a disc reaches along a row, for each offset of rows from 0 on: sqrt(along^2 + offset^2) <= radius."""
    places = np.arange(int(radius_px) + 1)
    inside = np.sqrt(np.add.outer(places**2, places**2)) <= radius_px
    return np.asarray(inside.sum(axis=1) - 1, dtype=np.int32)
