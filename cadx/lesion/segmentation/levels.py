"""Every region that a falling threshold grows from a seed, from one grayscale reconstruction.

The reconstruction by dilation of the seed under the image gives each pixel the best level at which it joins the seed,
so that R(t) = {joins >= t} is the connected component of the seed at threshold t (Vincent, IEEE TIP 1993;2:176). A
second reconstruction, by erosion from the frame, fills the holes of all of them at once. Areas, perimeters and
centroids of all regions are then cumulative histograms.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.morphology import reconstruction

from cadx.records import FloatImage

_FOUR_CONNECTED = ndimage.generate_binary_structure(2, 1)


def joining_level(gray: FloatImage, seed: tuple[int, int]) -> FloatImage:
    """Best threshold at which each pixel belongs to the seed's region, holes filled.

    Parameters
    ----------
    gray
        float32, (rows, columns).
    seed
        Row and column of the seed pixel.

    Returns
    -------
    ndarray
        float32, (rows, columns): {value >= t} is the 8-connected component of the seed among pixels >= t, with its
        holes filled (background 4-connected, holes that touch the frame are not holes).
    """
    marker = np.full_like(gray, gray.min())
    marker[seed] = gray[seed]
    joins = reconstruction(  # type: ignore[no-untyped-call]
        marker, np.minimum(gray, gray[seed]), method="dilation", footprint=np.ones((3, 3))
    )
    frame = np.full_like(gray, joins.max())
    frame[0, :], frame[-1, :], frame[:, 0], frame[:, -1] = joins[0, :], joins[-1, :], joins[:, 0], joins[:, -1]
    filled = reconstruction(frame, joins, method="erosion", footprint=_FOUR_CONNECTED)  # type: ignore[no-untyped-call]
    return np.asarray(filled, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class NestedShapes:
    """Shape of every nested region, one value a level; lengths in pixels of the grid.

    Attributes
    ----------
    area
        Pixels.
    perimeter
        Crofton perimeter from 4 directions.
    circularity
        Share of the region inside the disc of equal area at its centroid.
    irregularity
        1 - 2 sqrt(pi A) / P, not below 0.
    at_frame
        True where the region touches the frame of the grid or what is not valid.
    """

    area: NDArray[np.float64]
    perimeter: NDArray[np.float64]
    circularity: NDArray[np.float64]
    irregularity: NDArray[np.float64]
    at_frame: NDArray[np.bool_]


def nested_shapes(index: NDArray[np.intp], levels: int, forbidden: NDArray[np.bool_]) -> NestedShapes:
    """Measure the regions {index <= k}, k = 0 .. levels - 1.

    Parameters
    ----------
    index
        (rows, columns): the first level at which each pixel belongs; `levels` where it never does.
    levels
        How many regions there are.
    forbidden
        Pixels that a lesion must not reach (frame, edge of the valid image).
    """
    area = _cumulative(index, levels)
    rows, columns = np.arange(index.shape[0])[:, None], np.arange(index.shape[1])[None, :]
    row = _cumulative(index, levels, np.broadcast_to(rows, index.shape)) / np.maximum(area, 1)
    column = _cumulative(index, levels, np.broadcast_to(columns, index.shape)) / np.maximum(area, 1)
    perimeter = _crofton(index, levels)
    overlap = np.empty(levels)
    first = np.minimum(index, levels).astype(np.uint16)
    for k in range(levels):
        down = np.square(rows - row[k]).astype(np.float32)
        across = np.square(columns - column[k]).astype(np.float32)
        overlap[k] = np.count_nonzero((first <= k) & (down + across <= np.float32(area[k] / np.pi)))
    return NestedShapes(
        area=area,
        perimeter=perimeter,
        circularity=overlap / np.maximum(area, 1),
        irregularity=np.maximum(0.0, 1 - 2 * np.sqrt(np.pi * area) / np.maximum(perimeter, 1e-9)),
        at_frame=_cumulative(index[forbidden], levels) > 0,
    )


def contour_sums(index: NDArray[np.intp], levels: int, weights: NDArray[np.float32]) -> NDArray[np.float64]:
    """Sum a quantity over the inner contour of every region {index <= k}.

    A pixel lies on the contour of the levels from its own up to the last before all of its 4 neighbors have joined,
    so that one histogram adds it and another takes it away.
    """
    padded = np.pad(index, 1, constant_values=levels)
    last = np.maximum(np.maximum(padded[:-2, 1:-1], padded[2:, 1:-1]), np.maximum(padded[1:-1, :-2], padded[1:-1, 2:]))
    return _cumulative(index, levels, weights) - _cumulative(np.maximum(last, index), levels, weights)


def _cumulative(
    index: NDArray[np.intp], levels: int, weights: NDArray[np.generic] | None = None
) -> NDArray[np.float64]:
    flat = None if weights is None else weights.ravel()
    counts = np.bincount(index.ravel(), weights=flat, minlength=levels + 1)[:levels]
    return np.cumsum(counts).astype(np.float64)


def _crofton(index: NDArray[np.intp], levels: int) -> NDArray[np.float64]:
    """Crofton perimeter of every region: a pair of neighbors crosses the outline for the levels between their own."""
    padded = np.pad(index, 1, constant_values=levels)
    pairs = (
        (padded[:, :-1], padded[:, 1:], 1.0),
        (padded[:-1, :], padded[1:, :], 1.0),
        (padded[:-1, :-1], padded[1:, 1:], np.sqrt(0.5)),
        (padded[:-1, 1:], padded[1:, :-1], np.sqrt(0.5)),
    )
    crossings = np.zeros(levels)
    for first, second, weight in pairs:
        one_in = _cumulative(np.minimum(first, second), levels)
        both_in = _cumulative(np.maximum(first, second), levels)
        crossings += weight * (one_in - both_in)
    return crossings * np.pi / 8
