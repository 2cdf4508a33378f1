"""Every region that a falling threshold grows from a seed, measured at once.

`kernels.joining_index` gives the level from which on each pixel belongs to the seed's region, so that every region is
{index <= k}. Areas, perimeters and centroids of all regions are then cumulative histograms.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cadx.lesion import kernels


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


def nested_shapes(index: NDArray[np.int32], levels: int, forbidden: NDArray[np.bool_]) -> NestedShapes:
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
    counts = kernels.region_counts(index, levels, forbidden)
    area = counts[0].astype(np.float64)
    row, column = counts[1] / np.maximum(area, 1), counts[2] / np.maximum(area, 1)
    overlap = kernels.disc_overlap(index, row, column, area / np.pi)
    crossings = counts[4] + counts[5] + np.sqrt(0.5) * counts[6] + np.sqrt(0.5) * counts[7]
    perimeter = crossings * np.pi / 8
    return NestedShapes(
        area=area,
        perimeter=perimeter,
        circularity=overlap / np.maximum(area, 1),
        irregularity=np.maximum(0.0, 1 - 2 * np.sqrt(np.pi * area) / np.maximum(perimeter, 1e-9)),
        at_frame=counts[3] > 0,
    )
