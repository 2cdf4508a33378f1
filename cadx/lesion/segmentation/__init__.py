"""From a ROI to the lesion's mask, by four methods behind one function."""

from dataclasses import replace

import numpy as np

from cadx.errors import DiameterUnusable
from cadx.flags import Flag, FlagCode
from cadx.lesion import kernels
from cadx.lesion.disc import disc_reach
from cadx.lesion.segmentation.draw import draw_region
from cadx.lesion.segmentation.dual_stage import grow_in_two_stages
from cadx.lesion.segmentation.edge_growing import grow_to_edge
from cadx.lesion.segmentation.grid import back_on_roi, on_image_grid
from cadx.lesion.segmentation.growth import Growth
from cadx.lesion.segmentation.records import DrawnBy, Segmentation, SegmentationMethod, SegmentationOutcome, Trace
from cadx.lesion.segmentation.region_growing import grow_region
from cadx.lesion.segmentation.rgi import grow_by_radial_gradient
from cadx.lesion.segmentation.seed import find_seed
from cadx.lesion.segmentation.surface import REDUCTION, Surface, gray_surface
from cadx.records import ROI_SIZE_PX, ROI_SPACING_MM, Mask, Roi

__all__ = [
    "DEFAULT_METHOD",
    "DrawnBy",
    "Segmentation",
    "SegmentationMethod",
    "SegmentationOutcome",
    "Trace",
    "grow",
    "segment",
]

# The method that measured best: docs/decisions/segmentation.md.
DEFAULT_METHOD = SegmentationMethod.DUAL_STAGE
FALLBACK_DIAMETER_MM = 10.0
# A reader's diameter: discs of the smallest and the largest area that an outline may have, rounded.
SMALLEST_DIAMETER_MM, LARGEST_DIAMETER_MM = 2.0, 45.0
# An outline that runs along the image's edge, or along air, for as long as this is cut off by it.
CUT_MM = 1.0


def segment(roi: Roi, method: SegmentationMethod = DEFAULT_METHOD, diameter_mm: float | None = None) -> Segmentation:
    """Find the lesion about the ROI's center.

    Parameters
    ----------
    roi
        The region of interest.
    method
        How to grow the lesion.
    diameter_mm
        The lesion's diameter as a reader measured it: it steers the choice among outlines and fixes none. A disc that
        stands in has it.

    Returns
    -------
    Segmentation
        Always with a mask that can be measured. Where no lesion was found, or every plausible region runs out of the
        ROI, the mask is a disc of 10 mm about the marked center, cut to the tissue; the outcome says so and a flag
        is set. Where a stronger outline runs out of the ROI, the mask is the strongest one that does not, flagged too.
        Where the lesion runs out of the image, the mask is what is seen of it, flagged in the same way.

    Raises
    ------
    DiameterUnusable
        When no outline may have the diameter.
    """
    if diameter_mm is not None and not SMALLEST_DIAMETER_MM <= diameter_mm <= LARGEST_DIAMETER_MM:
        raise DiameterUnusable(diameter_mm, SMALLEST_DIAMETER_MM, LARGEST_DIAMETER_MM)
    placed, shift = on_image_grid(roi)
    surface = gray_surface(placed)
    mark = tuple((ROI_SIZE_PX / 2 - moved) / REDUCTION for moved in shift)
    seed = find_seed(surface, (mark[0], mark[1]))
    growth = grow(surface, seed, method, diameter_mm)
    stand_in_mm = FALLBACK_DIAMETER_MM if diameter_mm is None else diameter_mm
    stands_in = not growth.region.any()
    mask = _stand_in(roi, stand_in_mm) if stands_in else back_on_roi(draw_region(placed, surface, growth), shift)
    cut_mm = 0.0 if stands_in else cut_mm_of(mask, roi.tissue)
    if growth.outcome is SegmentationOutcome.FOUND and cut_mm >= CUT_MM:
        reason = f"{growth.reason}; {cut_mm:.1f} mm of it are the edge of the tissue"
        growth = replace(growth, outcome=SegmentationOutcome.TOUCHES_BORDER, reason=reason)
    y, x = ((index + 0.5) * REDUCTION + moved for index, moved in zip(seed, shift, strict=True))
    flags = _flags(growth, stand_in_mm if stands_in else None, cut_mm)
    return Segmentation(mask, method, growth.outcome, growth.reason, (x, y), growth.trace, flags)


def grow(
    surface: Surface, seed: tuple[int, int], method: SegmentationMethod, diameter_mm: float | None = None
) -> Growth:
    """Grow a seed on a surface by one of the methods."""
    match method:
        case SegmentationMethod.REGION_GROWING:
            return grow_region(surface, seed, diameter_mm)
        case SegmentationMethod.EDGE_GROWING:
            return grow_to_edge(surface, seed, diameter_mm)
        case SegmentationMethod.RGI:
            return grow_by_radial_gradient(surface, seed, diameter_mm)
        case SegmentationMethod.DUAL_STAGE:
            return grow_in_two_stages(surface, seed, diameter_mm)


def _stand_in(roi: Roi, diameter_mm: float) -> Mask:
    """Disc about the marked center, cut to the tissue."""
    offsets = np.arange(ROI_SIZE_PX) + 0.5 - ROI_SIZE_PX / 2
    radius_px = diameter_mm / 2 / ROI_SPACING_MM
    return np.asarray(np.add.outer(offsets**2, offsets**2) <= radius_px**2) & roi.tissue


def cut_flag(cut_mm: float) -> Flag:
    """Tell that an outline is cut off by the edge of the image or of the tissue."""
    message = f"The lesion runs out of the image for {cut_mm:.1f} mm of its outline; what is seen of it was measured."
    return Flag(FlagCode.LESION_TOUCHES_BORDER, message, {"cut_mm": round(cut_mm, 1)})


def cut_mm_of(mask: Mask, tissue: Mask) -> float:
    """Length of the outline that lies along what is no tissue."""
    if tissue.all() or not mask.any():
        return 0.0
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    box = np.s_[max(0, rows[0] - 1) : rows[-1] + 2, max(0, columns[0] - 1) : columns[-1] + 2]
    return int(np.count_nonzero(mask[box] & kernels.dilate(~tissue[box], disc_reach(1)))) * ROI_SPACING_MM


def _flags(growth: Growth, stand_in_mm: float | None, cut_mm: float) -> tuple[Flag, ...]:
    flags = []
    if growth.outcome is SegmentationOutcome.NO_LESION:
        disc_mm = stand_in_mm or FALLBACK_DIAMETER_MM
        flags.append(
            Flag(
                FlagCode.NO_LESION_FOUND,
                f"No lesion was found about the mark; a disc of {disc_mm:g} mm stands in for it.",
                {"stand_in_diameter_mm": disc_mm},
            )
        )
    elif cut_mm >= CUT_MM:
        flags.append(cut_flag(cut_mm))
    elif growth.outcome is SegmentationOutcome.TOUCHES_BORDER:
        stand_in = f"a disc of {stand_in_mm:g} mm" if stand_in_mm else "a smaller outline"
        flags.append(
            Flag(FlagCode.LESION_TOUCHES_BORDER, f"The lesion seems to run out of the ROI; {stand_in} was measured.")
        )
    return tuple(flags)
