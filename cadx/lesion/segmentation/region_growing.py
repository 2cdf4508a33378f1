"""Multiple-transition-point gray-level region growing, the paper's own method (Huo 1995, Li 2008).

It is published in words; docs/methods.md, section 4.1, has it in steps. The seed's region grows as the threshold falls
from the mean gray about the seed. A transition is a level from which the region spills into its surroundings within the
next 5 % of the gray range: its effective diameter jumps by a fifth, and its circularity falls while its irregularity
rises, or it runs into the ROI's frame (the whole ROI is round again). The contour is the one just before the first
transition at which the region has a lesion's size and keeps clear of the frame. Nothing else decides.
"""

import numpy as np
from numpy.typing import NDArray

from cadx.lesion.segmentation.candidates import LARGEST_AREA_MM2, Candidates, nested_candidates
from cadx.lesion.segmentation.growth import Growth
from cadx.lesion.segmentation.records import SegmentationOutcome
from cadx.lesion.segmentation.surface import Surface

# A disc of 3 mm, the smallest lesion of interest: the region before a spill is the whole lesion.
SMALLEST_AREA_MM2 = 7.0
# A spill is judged over this many of the 80 levels: fingers grow through textured surroundings over several.
SPILL_LEVELS = 4
DIAMETER_JUMP = 0.20
CIRCULARITY_FALL = 0.10
# How far a region's effective diameter may be from a reader's.
MOST_TIMES = 2.0
# Half of the side of the square, on the grid, whose mean gray the threshold falls from (2 mm).
START_REACH_PX = 2


def grow_region(surface: Surface, seed: tuple[int, int], diameter_mm: float | None = None) -> Growth:
    """Grow from the seed through every level; stop before the first spill of a plausible region.

    A reader's diameter narrows what is plausible to between half and twice of it.
    """
    # Clipped there, the image's levels begin at the mean gray about the seed.
    candidates = nested_candidates(np.minimum(surface.gray, _mean_about(surface, seed)), surface, seed)
    transitions = transition_points(candidates)
    size = (candidates.area_mm2 >= SMALLEST_AREA_MM2) & (candidates.area_mm2 <= LARGEST_AREA_MM2)
    if diameter_mm is not None:
        area_mm2 = np.pi / 4 * diameter_mm**2
        size &= (candidates.area_mm2 >= area_mm2 / MOST_TIMES**2) & (candidates.area_mm2 <= area_mm2 * MOST_TIMES**2)
    clear = size & ~candidates.at_frame
    return _stop(candidates, transitions, size, clear)


def transition_points(candidates: Candidates) -> tuple[int, ...]:
    """Every level from which the region spills, of whatever size, from the smallest region to the largest."""
    number = np.arange(len(candidates.level))
    after = np.minimum(number + SPILL_LEVELS, number[-1])
    diameter = np.sqrt(candidates.area_mm2)
    jumps = diameter[after] - diameter > DIAMETER_JUMP * diameter
    falls = candidates.circularity[after] < candidates.circularity - CIRCULARITY_FALL
    rises = candidates.irregularity[after] > candidates.irregularity
    spills = jumps & ((falls & rises) | candidates.at_frame[after])
    return tuple(int(level) for level in np.flatnonzero(spills))


def _stop(
    candidates: Candidates, transitions: tuple[int, ...], size: NDArray[np.bool_], clear: NDArray[np.bool_]
) -> Growth:
    """Take the region before the first plausible transition, else the largest that keeps clear of the frame."""
    empty = np.zeros(candidates.index.shape, dtype=np.bool_)
    if not clear.any():
        outcome = SegmentationOutcome.TOUCHES_BORDER if size.any() else SegmentationOutcome.NO_LESION
        reason = (
            "every region of a plausible size runs out of the ROI"
            if size.any()
            else "no region about the mark has a plausible size"
        )
        return Growth(empty, np.zeros(empty.shape, np.float32), outcome, reason, candidates.trace(transitions, -1))
    plausible = [number for number in transitions if clear[number]]
    if plausible:
        chosen, outcome = plausible[0], SegmentationOutcome.FOUND
        place = f"{transitions.index(chosen) + 1} of {len(transitions)}"
        reason = f"just before transition {place}, the first of a plausible size"
    else:
        chosen, outcome = int(np.flatnonzero(clear)[-1]), SegmentationOutcome.TOUCHES_BORDER
        reason = "no plausible transition; the largest region before it runs out of the ROI"
    threshold = np.full(empty.shape, candidates.level[chosen], dtype=np.float32)
    return Growth(candidates.region(chosen), threshold, outcome, reason, candidates.trace(transitions, chosen))


def _mean_about(surface: Surface, seed: tuple[int, int]) -> np.float32:
    """Mean gray of the tissue in the square about the seed."""
    box = tuple(slice(max(0, place - START_REACH_PX), place + START_REACH_PX + 1) for place in seed)
    near = surface.tissue[box]
    return np.float32(surface.gray[box][near].mean()) if near.any() else surface.gray[seed]
