"""The outline of a mask as a polygon, and the mask on the source image's own grid."""

from dataclasses import dataclass

import numpy as np

from cadx.lesion import kernels
from cadx.records import ROI_SIZE_PX, Mask, Points, Roi

CONTOUR_TOLERANCE_PX = 0.5


def contour_polygon(mask: Mask, tolerance_px: float = CONTOUR_TOLERANCE_PX) -> Points:
    """Outline of the largest piece of a mask by marching squares, simplified.

    Parameters
    ----------
    mask
        bool, (rows, columns).
    tolerance_px
        Douglas-Peucker tolerance: no point of the marching-squares outline lies farther than this from the polygon.
        0.5 ROI pixels (0.05 mm) by default; 0 keeps every vertex.

    Returns
    -------
    ndarray
        float64, (n, 2): x, y in the mask's pixels (SCOORD convention), not closed (the first point is not repeated);
        (0, 2) for an empty mask.
    """
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return np.empty((0, 2))
    top, left = rows[0], columns[0]
    longest = kernels.longest_outline(mask[top : rows[-1] + 1, left : columns[-1] + 1])
    outline = kernels.simplified(longest, tolerance_px)[:-1]
    polygon: Points = outline[:, ::-1] + np.array([left - 0.5, top - 0.5])
    return polygon


@dataclass(frozen=True, slots=True)
class SourceMask:
    """A mask on the pixel grid of the source image, as the smallest rectangle that holds it.

    Attributes
    ----------
    row, column
        Of the rectangle's first pixel, in the source image.
    mask
        bool, (rows, columns).
    """

    row: int
    column: int
    mask: Mask


def mask_on_source(mask: Mask, roi: Roi, rows: int, columns: int) -> SourceMask:
    """Map a ROI mask to the source image: a source pixel is in when its center falls on a ROI pixel that is in.

    Parameters
    ----------
    mask
        bool, (512, 512), on the ROI's grid.
    roi
        The ROI that the mask belongs to.
    rows, columns
        Size of the source image in pixels.
    """
    corner = roi.to_image(np.array([[0.0, 0.0], [ROI_SIZE_PX, ROI_SIZE_PX]]))
    (left, top), (right, bottom) = corner
    row_index, row_start = _source_axis(top, bottom, rows)
    column_index, column_start = _source_axis(left, right, columns)
    full = mask[np.ix_(row_index, column_index)]
    inside_rows, inside_columns = np.flatnonzero(full.any(axis=1)), np.flatnonzero(full.any(axis=0))
    if not len(inside_rows):
        return SourceMask(row_start, column_start, np.zeros((0, 0), dtype=np.bool_))
    box = full[inside_rows[0] : inside_rows[-1] + 1, inside_columns[0] : inside_columns[-1] + 1]
    return SourceMask(row_start + int(inside_rows[0]), column_start + int(inside_columns[0]), box)


def _source_axis(start_px: float, stop_px: float, length_px: int) -> tuple[np.ndarray, int]:
    """ROI index under each source pixel's center, for the source pixels that the ROI covers; and the first of them."""
    first = max(0, int(np.ceil(start_px - 0.5)))
    last = min(length_px, int(np.ceil(stop_px - 0.5)))
    centers = np.arange(first, last) + 0.5
    index = np.floor((centers - start_px) / (stop_px - start_px) * ROI_SIZE_PX).astype(np.intp)
    return np.clip(index, 0, ROI_SIZE_PX - 1), first
