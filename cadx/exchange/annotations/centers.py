"""Marks as centers: a point is one; an outline's center is that of the area it encloses, a line's is its middle."""

import numpy as np
from pydicom.dataset import Dataset

from cadx.errors import AnnotationMissing
from cadx.exchange.annotations.graphics import REPORTS, Graphic, graphics_on
from cadx.records import LesionCenter, Points


def annotated_centers(dataset: Dataset, sop_instance_uid: str, frame: int | None = None) -> tuple[LesionCenter, ...]:
    """The centers that an annotation marks on one image, in the order of the object; each once.

    Parameters
    ----------
    dataset
        The annotation, of any size, without file meta information or with it.
    sop_instance_uid
        Of the image.
    frame
        From 1, for an image of several frames.

    Raises
    ------
    AnnotationUnreadable
        When the object is neither kind, its graphics are in units other than pixels, or it is broken.
    AnnotationMissing
        When nothing in it was drawn on this image and frame.
    """
    report = str(dataset.get("SOPClassUID", "")) in REPORTS
    found = [
        _center(graphic)
        for group in graphics_on(dataset, sop_instance_uid, frame)
        for graphic in (group[:1] if report else _outlines_or_points(group))
    ]
    centers = tuple(dict.fromkeys(found))
    if not centers:
        raise AnnotationMissing("point and no outline")
    return centers


def _outlines_or_points(group: tuple[Graphic, ...]) -> tuple[Graphic, ...]:
    """A point inside an annotation that also has an outline is not told twice."""
    return tuple(graphic for graphic in group if graphic.kind != "POINT") or group


def _center(graphic: Graphic) -> LesionCenter:
    points = graphic.points
    if graphic.kind == "CIRCLE":
        points = points[:1]  # the center, then a point of the circumference
    elif graphic.closed:
        return _centroid(points[:-1])
    middle = points.mean(axis=0)
    return LesionCenter(float(middle[0]), float(middle[1]))


def _centroid(polygon: Points) -> LesionCenter:
    """The center of the area of a polygon; the mean of its corners where it has no area."""
    shifted = polygon - polygon[0]
    following = np.roll(shifted, -1, axis=0)
    cross = shifted[:, 0] * following[:, 1] - following[:, 0] * shifted[:, 1]
    area = cross.sum() / 2
    if abs(area) < 1e-6:
        middle = polygon.mean(axis=0)
    else:
        middle = polygon[0] + ((shifted + following) * cross[:, None]).sum(axis=0) / (6 * area)
    return LesionCenter(float(middle[0]), float(middle[1]))
