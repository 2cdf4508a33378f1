"""From a region on the grid of 0.4 mm to the mask on the ROI's own pixels of 0.1 mm."""

import numpy as np

from cadx.lesion import kernels
from cadx.lesion.segmentation.growth import Growth
from cadx.lesion.segmentation.surface import GRID_SIZE, REDUCTION, Surface, smooth_within
from cadx.records import ROI_SIZE_PX, ROI_SPACING_MM, Mask, Roi

DRAWING_SMOOTHING_MM = 0.25
# How far, on the grid, the fine outline may leave the coarse one.
SLACK_PX = 2
DIAMOND = np.arange(SLACK_PX, -1, -1, dtype=np.int32)  # SLACK_PX steps to one of the 4 neighbors


def draw_region(roi: Roi, surface: Surface, growth: Growth) -> Mask:
    """Redraw a region with the gray of the full-resolution ROI against the smooth threshold that made it.

    The decision is taken on the coarse grid; this only finds on which side of the threshold each fine pixel near the
    coarse outline lies, so that thin spicules are kept.

    Returns
    -------
    ndarray
        bool, (512, 512): one 8-connected region without holes, inside the tissue.
    """
    rows, columns = _box(growth.region)
    fine = (
        slice(rows.start * REDUCTION, rows.stop * REDUCTION),
        slice(columns.start * REDUCTION, columns.stop * REDUCTION),
    )
    coarse = growth.region[rows, columns]
    reach = kernels.dilate(coarse, DIAMOND)
    core = ~kernels.dilate(~np.pad(coarse, SLACK_PX), DIAMOND)[SLACK_PX:-SLACK_PX, SLACK_PX:-SLACK_PX]
    tissue = roi.tissue[fine]
    gray = smooth_within(roi.gray[fine], tissue, DRAWING_SMOOTHING_MM / ROI_SPACING_MM)
    threshold = kernels.enlarged((growth.threshold + surface.trend)[rows, columns])
    drawn = (((gray > threshold) & _repeat(reach)) | _repeat(core)) & tissue
    mask = np.zeros((ROI_SIZE_PX, ROI_SIZE_PX), dtype=np.bool_)
    mask[fine] = _main_piece(drawn, _repeat(coarse) & tissue)
    return mask


def _box(region: Mask) -> tuple[slice, slice]:
    """Rectangle of the region with room for the slack and for the smoothing."""
    margin = SLACK_PX + 2
    rows, columns = np.flatnonzero(region.any(axis=1)), np.flatnonzero(region.any(axis=0))
    return (
        slice(max(0, int(rows[0]) - margin), min(GRID_SIZE, int(rows[-1]) + margin + 1)),
        slice(max(0, int(columns[0]) - margin), min(GRID_SIZE, int(columns[-1]) + margin + 1)),
    )


def _repeat(mask: Mask) -> Mask:
    return np.asarray(np.repeat(np.repeat(mask, REDUCTION, axis=0), REDUCTION, axis=1))


def _main_piece(drawn: Mask, region: Mask) -> Mask:
    piece = kernels.main_piece(drawn, region)
    return kernels.fill_holes(piece) if piece.any() else region
