"""What every method hands over: a region on the grid, the threshold that draws it finely, and why."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cadx.lesion.segmentation.candidates import Candidates
from cadx.lesion.segmentation.records import SegmentationOutcome, Trace
from cadx.records import FloatImage, Mask


@dataclass(frozen=True, slots=True)
class Growth:
    """A lesion on the grid of 0.4 mm.

    Attributes
    ----------
    region
        bool, (128, 128); empty when no lesion was found.
    threshold
        float32, (128, 128), in the gray of the surface: the lesion's pixels are brighter than this.
    outcome, reason, trace
        See `Segmentation`.
    """

    region: Mask
    threshold: FloatImage
    outcome: SegmentationOutcome
    reason: str
    trace: Trace


def choose(candidates: Candidates, threshold: Callable[[np.float32], FloatImage]) -> Growth:
    """Take the candidate of most evidence that keeps clear of the ROI's frame.

    Parameters
    ----------
    candidates
        All nested regions.
    threshold
        From a candidate's level to its threshold in the gray of the surface, float32, (128, 128).
    """
    allowed, peaks = candidates.plausible, candidates.peaks
    clear = allowed & ~candidates.at_frame
    if not allowed.any() or not clear.any():
        outcome = SegmentationOutcome.TOUCHES_BORDER if allowed.any() else SegmentationOutcome.NO_LESION
        reason = (
            "every plausible region runs out of the ROI"
            if allowed.any()
            else "no region about the mark has a plausible size and a gradient that points to its middle"
        )
        empty = np.zeros(candidates.index.shape, dtype=np.bool_)
        return Growth(empty, np.zeros(empty.shape, np.float32), outcome, reason, candidates.trace(peaks, -1))
    best = int(np.argmax(np.where(clear, candidates.evidence, -1)))
    strongest = int(np.argmax(np.where(allowed, candidates.evidence, -1)))
    facts = f"evidence {candidates.evidence[best]:.3f}, RGI {candidates.rgi[best]:.2f}"
    if strongest == best:
        outcome, reason = SegmentationOutcome.FOUND, f"strongest outline of all levels ({facts})"
    else:
        outcome = SegmentationOutcome.TOUCHES_BORDER
        reason = f"strongest outline that keeps clear of the ROI's frame ({facts}); a stronger one runs out of the ROI"
    field = threshold(np.float32(candidates.level[best]))
    return Growth(candidates.region(best), field, outcome, reason, candidates.trace(peaks, best))
