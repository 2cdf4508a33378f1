"""Everything that Method B says of a lesion but its probability."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cadx.lesion.contour import contour_polygon
from cadx.lesion.drawn import drawn_segmentation
from cadx.lesion.features import lesion_features
from cadx.lesion.segmentation import Segmentation, SegmentationMethod, segment
from cadx.records import Points, Roi


@dataclass(frozen=True, slots=True)
class LesionDescription:
    """A lesion, outlined and measured.

    Attributes
    ----------
    segmentation
        The outline as a mask, and how it was found.
    features
        float64, in the order of `FEATURES`.
    contour
        (n, 2) array of x, y in ROI pixels.
    """

    segmentation: Segmentation
    features: NDArray[np.float64]
    contour: Points


def measure_lesion(roi: Roi, method: SegmentationMethod, diameter_mm: float | None = None) -> NDArray[np.float64]:
    """Outline the lesion in the middle of a ROI and give its features only, in the order of `FEATURES`.

    Parameters
    ----------
    diameter_mm
        A reader's diameter, by which the outline is looked for.

    Raises
    ------
    LesionError
        When the lesion cannot be described.
    """
    return lesion_features(roi, segment(roi, method, diameter_mm))


def describe_lesion(
    roi: Roi,
    method: SegmentationMethod,
    contour: Points | None = None,
    diameter_mm: float | None = None,
) -> LesionDescription:
    """Outline and measure the lesion in the middle of a ROI.

    Parameters
    ----------
    roi
        The region of interest.
    method
        How to grow the lesion.
    contour
        A reader's outline, (n, 2) array of x, y in pixels of the source image, as `readers_contour` gives it: it is
        measured as it is.
    diameter_mm
        A reader's diameter, by which the outline is looked for where there is no `contour`.

    Raises
    ------
    LesionError
        When the lesion cannot be described.
    """
    segmentation = segment(roi, method, diameter_mm) if contour is None else drawn_segmentation(roi, contour)
    return LesionDescription(segmentation, lesion_features(roi, segmentation), contour_polygon(segmentation.mask))
