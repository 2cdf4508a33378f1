"""How a case's lesion is outlined and measured: by itself, or as a reader's outline or diameter asks for."""

import numpy as np
from numpy.typing import NDArray

from cadx.lesion import Segmentation, SegmentationMethod, lesion_features, measure_lesion, readers_contour, segment
from cadx.lesion.drawn import drawn_segmentation
from cadx.lesion.marks import mean_features
from cadx.mammogram import ReadingPolicy, read_mammogram
from cadx.records import Mammogram, Points, Roi
from cadx.roi import extract_roi
from training.cohort.cases import Case

LesionRow = NDArray[np.float64]


def read_image(case: Case, policy: ReadingPolicy) -> Mammogram:
    """Open a case's image."""
    return read_mammogram(case.image, policy=policy, pixel_spacing_mm=case.pixel_spacing_mm)


def contour_of(case: Case, mammogram: Mammogram) -> Points | None:
    """Give the reader's outline, if there is one, as the lesion code takes it.

    Raises
    ------
    ContourError
        When it is no outline on this image.
    """
    return None if case.contour is None else readers_contour(case.contour, mammogram.rows, mammogram.columns)


def measured(
    mammogram: Mammogram, roi: Roi, method: SegmentationMethod, marks: int, contour: Points | None, case: Case
) -> LesionRow:
    """Outline and measure a case's lesion as Method B sees it.

    Parameters
    ----------
    roi
        At the case's mark.
    marks
        As for `cadx.lesion.marks.mean_features`.
    contour
        What `contour_of` gave.
    """
    if contour is not None:
        return lesion_features(roi, drawn_segmentation(roi, contour))
    alone = measure_lesion(roi, method, case.diameter_mm)
    return mean_features(mammogram, case.center, alone, method, marks, diameter_mm=case.diameter_mm)


def outlined_roi(case: Case, policy: ReadingPolicy, method: SegmentationMethod) -> tuple[Roi, Segmentation]:
    """Read a case's image, crop its ROI and outline its lesion as its features are measured.

    Raises
    ------
    CadxError
        When the image, the center or a reader's outline or diameter is refused.
    """
    mammogram = read_image(case, policy)
    contour = contour_of(case, mammogram)
    roi = extract_roi(mammogram, case.center)
    return roi, segment(roi, method, case.diameter_mm) if contour is None else drawn_segmentation(roi, contour)
