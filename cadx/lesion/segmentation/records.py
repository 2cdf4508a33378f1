"""What a segmentation is: the mask, how it ended, and the trace by which its choice can be audited and drawn."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from cadx.flags import Flag
from cadx.records import Mask


class SegmentationMethod(StrEnum):
    """The ways to grow a lesion from its marked center.

    Attributes
    ----------
    REGION_GROWING
        The paper's: before the first spill of a falling threshold.
    EDGE_GROWING
        The strongest outline of a falling threshold.
    RGI
        The same under a Gaussian about the seed (Kupinski & Giger 1998).
    DUAL_STAGE
        An RGI contour, then an active contour (after Yuan 2007).
    """

    REGION_GROWING = "region_growing"
    EDGE_GROWING = "edge_growing"
    RGI = "rgi"
    DUAL_STAGE = "dual_stage"


class DrawnBy(StrEnum):
    """Who drew an outline that no method grew."""

    READER = "reader"


class SegmentationOutcome(StrEnum):
    """How a segmentation ended. Only `FOUND` is a contour that the image itself supports."""

    FOUND = "found"
    NO_LESION = "no_lesion_found"
    TOUCHES_BORDER = "touches_border"


@dataclass(frozen=True, slots=True)
class Trace:
    """The nested candidates that a method considered, from the smallest to the largest.

    Every array is float64, (candidates,).

    Attributes
    ----------
    level
        Threshold of each candidate, in the gray units of the image that was thresholded.
    area_mm2
        Area, holes filled.
    circularity
        Share of the region inside the disc of equal area at its centroid, 0 to 1.
    irregularity
        1 - 2 sqrt(pi A) / P with the Crofton perimeter, near 0 for a disc, towards 1 for a ragged outline.
    rgi
        Radial gradient index of the outline about the seed, -1 to 1 (Kupinski & Giger 1998).
    evidence
        What the methods but region growing maximize: mean inward gradient along the outline (gray per mm) x RGI x
        square root of the effective diameter (mm), and the weight of a reader's diameter where there is one.
    transitions
        Indices of the candidates just before the region spills (region growing: the choice is among them), or of the
        local maxima of the evidence (the other methods: the choice is the highest that keeps clear of the frame).
    chosen
        Index of the candidate that was taken; -1 when none was.
    """

    level: NDArray[np.float64]
    area_mm2: NDArray[np.float64]
    circularity: NDArray[np.float64]
    irregularity: NDArray[np.float64]
    rgi: NDArray[np.float64]
    evidence: NDArray[np.float64]
    transitions: tuple[int, ...]
    chosen: int


@dataclass(frozen=True, slots=True)
class Segmentation:
    """A lesion's region inside its ROI.

    Attributes
    ----------
    mask
        bool, (512, 512), one connected region without holes, on the ROI's own grid.
    method
        The method that made it, or who drew it.
    outcome
        How it ended.
    reason
        One sentence: why this contour.
    seed
        x, y in ROI pixels of the point that the region was grown from (it may lie up to 3 mm off the marked center);
        the ROI's middle for an outline that was drawn.
    trace
        The candidates and the choice among them; empty for an outline that was drawn.
    flags
        What the reader of a result should doubt.
    """

    mask: Mask
    method: SegmentationMethod | DrawnBy
    outcome: SegmentationOutcome
    reason: str
    seed: tuple[float, float]
    trace: Trace
    flags: tuple[Flag, ...] = ()
