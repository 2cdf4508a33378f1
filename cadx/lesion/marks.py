"""A lesion measured from marks about its own, as other readers might have set them."""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from cadx.errors import CenterError, LesionError
from cadx.lesion.description import measure_lesion
from cadx.lesion.segmentation import SegmentationMethod
from cadx.records import LesionCenter, Mammogram, Points, Roi
from cadx.roi import extract_roi

RADIUS_MM = 2.0
"""Of the circle about the mark: readers' marks of one lesion lie no nearer to each other."""


def moved_rois(mammogram: Mammogram, mark: LesionCenter, moves_mm: Iterable[tuple[float, float]]) -> Iterator[Roi]:
    """Give the ROI at each moved mark that is one: on the image, and on tissue.

    Parameters
    ----------
    moves_mm
        x, y of each move.
    """
    spacing = mammogram.spacing
    for x_mm, y_mm in moves_mm:
        try:
            yield extract_roi(
                mammogram, LesionCenter(mark.x + x_mm / spacing.column_mm, mark.y + y_mm / spacing.row_mm)
            )
        except CenterError:
            continue


def moves_around(marks: int) -> list[tuple[float, float]]:
    """Give the moves, in mm, to all of so many marks but the first: even on a circle, from its diagonal."""
    angles = np.pi / 4 + 2 * np.pi * np.arange(marks - 1) / max(marks - 1, 1)
    return list(zip((RADIUS_MM * np.cos(angles)).tolist(), (RADIUS_MM * np.sin(angles)).tolist(), strict=True))


def mean_features(
    mammogram: Mammogram,
    mark: LesionCenter,
    features: NDArray[np.float64],
    method: SegmentationMethod,
    marks: int,
    *,
    contour: Points | None = None,
    diameter_mm: float | None = None,
) -> NDArray[np.float64]:
    """Give what Method B sees of a lesion: its features, averaged over outlines grown from several marks.

    A moved mark where there is nothing to measure is left out.

    Parameters
    ----------
    mark
        The reader's, in pixels of the image.
    features
        Those of the outline grown from it, in the order of `cadx.lesion.FEATURES`.
    marks
        How many, with the reader's; 1: `features` are what Method B sees.
    contour
        A reader's outline: it stays where it is, so there is nothing to average.
    diameter_mm
        A reader's diameter, which steers each outline.
    """
    if marks == 1 or contour is not None:
        return features
    rows = [features]
    for roi in moved_rois(mammogram, mark, moves_around(marks)):
        try:
            rows.append(measure_lesion(roi, method, diameter_mm))
        except LesionError:
            continue
    mean: NDArray[np.float64] = np.stack(rows).mean(axis=0)
    return mean
