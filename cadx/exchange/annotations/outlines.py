"""The one outline that a reader drew on an image: of a report, a presentation state or a segmentation."""

from collections.abc import Iterator

import numpy as np
from pydicom.dataset import Dataset

from cadx.errors import AnnotationAmbiguous, AnnotationMissing
from cadx.exchange.annotations.graphics import Graphic, graphics_on
from cadx.exchange.annotations.segments import SEGMENTATION, segment_outline
from cadx.records import Points

_CORNERS = 72
"""Of the polygon in the place of a circle or an ellipse."""


def annotated_contour(
    dataset: Dataset,
    sop_instance_uid: str,
    size: tuple[int, int],
    frame: int | None = None,
    segment: int | None = None,
) -> Points:
    """The outline that an object holds of one image.

    Parameters
    ----------
    dataset
        A structured report, a presentation state or a binary segmentation with its pixels.
    sop_instance_uid
        Of the image.
    size
        Its rows and columns, which a segmentation must have as well.
    frame
        From 1, for an image of several frames.
    segment
        Number of a segment; needed only where a segmentation has several on this image.

    Returns
    -------
    ndarray
        (n, 2), n >= 3: x, y in pixels of the stored image, not closed. A circle or ellipse has 72 corners.

    Raises
    ------
    AnnotationUnreadable
        When the object is of another kind, or broken.
    AnnotationMissing
        When it holds no closed outline of this image and frame.
    AnnotationAmbiguous
        When it holds several.
    """
    if str(dataset.get("SOPClassUID", "")) == SEGMENTATION:
        return segment_outline(dataset, sop_instance_uid, size, frame, segment)
    different: list[Points] = []
    for outline in _outlines(dataset, sop_instance_uid, frame):
        if not any(np.array_equal(outline, each) for each in different):
            different.append(outline)
    if not different:
        raise AnnotationMissing("closed outline")
    if len(different) > 1:
        raise AnnotationAmbiguous("outlines", len(different))
    return different[0]


def _outlines(dataset: Dataset, sop_instance_uid: str, frame: int | None) -> Iterator[Points]:
    for group in graphics_on(dataset, sop_instance_uid, frame):
        for graphic in group:
            if graphic.closed:
                yield graphic.points[:-1]
            elif (axes := _axes(graphic)) is not None:
                angle = 2 * np.pi * np.arange(_CORNERS)[:, None] / _CORNERS
                middle, first, second = axes
                yield middle + np.cos(angle) * first + np.sin(angle) * second


def _axes(graphic: Graphic) -> tuple[Points, Points, Points] | None:
    """Middle and half axes of a circle or an ellipse (PS3.3 C.18.6.1.2)."""
    points = graphic.points
    if graphic.kind == "CIRCLE" and len(points) == 2:
        radius = points[1] - points[0]
        return points[0], radius, np.array([-radius[1], radius[0]])
    if graphic.kind == "ELLIPSE" and len(points) == 4:
        return points.mean(axis=0), (points[1] - points[0]) / 2, (points[3] - points[2]) / 2
    return None
