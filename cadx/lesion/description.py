"""Everything that Method B says of a lesion but its probability."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cadx.lesion.contour import contour_polygon
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


def measure_lesion(roi: Roi, method: SegmentationMethod) -> NDArray[np.float64]:
    """Outline the lesion in the middle of a ROI and give its features only, in the order of `FEATURES`.

    Raises
    ------
    LesionError
        When the lesion cannot be described.
    """
    return lesion_features(roi, segment(roi, method))


def describe_lesion(roi: Roi, method: SegmentationMethod) -> LesionDescription:
    """Outline and measure the lesion in the middle of a ROI.

    Raises
    ------
    LesionError
        When the lesion cannot be described.
    """
    segmentation = segment(roi, method)
    return LesionDescription(segmentation, lesion_features(roi, segmentation), contour_polygon(segmentation.mask))
