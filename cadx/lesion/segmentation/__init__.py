"""From a ROI to the lesion's mask, by three methods behind one function."""

import numpy as np

from cadx.lesion.segmentation.records import Segmentation, SegmentationMethod, SegmentationOutcome, Trace
from cadx.lesion.segmentation.region_growing import grow_region
from cadx.lesion.segmentation.surface import GRID_SPACING_MM, REDUCTION, gray_surface
from cadx.records import ROI_SIZE_PX, Flag, Mask, Roi

__all__ = ["Segmentation", "SegmentationMethod", "SegmentationOutcome", "Trace", "segment"]

DEFAULT_METHOD = SegmentationMethod.REGION_GROWING
FALLBACK_DIAMETER_MM = 10.0


def segment(roi: Roi, method: SegmentationMethod = DEFAULT_METHOD) -> Segmentation:
    """Find the lesion about the ROI's centre.

    Parameters
    ----------
    roi
        The region of interest.
    method
        How to grow the lesion.

    Returns
    -------
    Segmentation
        Always with a usable mask: where no lesion was found it is a disc of 10 mm about the marked centre, the outcome
        says so and a flag is set.
    """
    surface = gray_surface(roi)
    middle = surface.gray.shape[0] // 2
    seed = (middle, middle)
    grid_mask, trace = grow_region(surface, seed)
    found = trace.chosen >= 0
    mask = np.repeat(np.repeat(grid_mask, REDUCTION, 0), REDUCTION, 1) if found else _fallback_disc()
    flags = () if found else (Flag("no_lesion_found", "No lesion was found; a 10 mm disc stands in for it."),)
    outcome = SegmentationOutcome.FOUND if found else SegmentationOutcome.NO_LESION
    where = (middle + 0.5) * GRID_SPACING_MM / 0.1
    return Segmentation(mask & roi.valid, method, outcome, "largest jump of the diameter", (where, where), trace, flags)


def _fallback_disc() -> Mask:
    offsets = np.arange(ROI_SIZE_PX) + 0.5 - ROI_SIZE_PX / 2
    radius = FALLBACK_DIAMETER_MM / 2 / 0.1
    return np.add.outer(offsets**2, offsets**2) <= radius**2
