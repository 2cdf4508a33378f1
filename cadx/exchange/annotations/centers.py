"""The way back: the marks that a reader drew in a viewer, as centers in pixels of the stored image.

A TID 1500 SR (as OHIF stores its measurements) or a presentation state with graphics in pixels is understood. A point
is a center; an outline's center is that of the area it encloses, and a line's is its middle. Both kinds of object count
pixels as the service does: (0, 0) is the top-left corner of the top-left pixel.
"""

from collections.abc import Iterable, Iterator

import numpy as np
from pydicom.dataset import Dataset

from cadx.errors import AnnotationMissing, AnnotationUnreadable
from cadx.records import LesionCenter, Points

PRESENTATION_STATE = "1.2.840.10008.5.1.4.1.1.11.1"
# Basic Text, Enhanced, Comprehensive and Comprehensive 3D SR.
REPORTS = frozenset(f"1.2.840.10008.5.1.4.1.1.88.{number}" for number in (22, 33, 34))
_POINTS = frozenset(("POINT", "POLYLINE", "MULTIPOINT", "CIRCLE", "ELLIPSE", "INTERPOLATED"))
_MOST_DEEPLY = 24


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
    sop_class = str(dataset.get("SOPClassUID", ""))
    if sop_class in REPORTS:
        found = _of_report(dataset, sop_instance_uid, frame)
    elif sop_class == PRESENTATION_STATE:
        found = _of_presentation_state(dataset, sop_instance_uid, frame)
    else:
        raise AnnotationUnreadable("it is neither a structured report nor a grayscale softcopy presentation state")
    centers = tuple(dict.fromkeys(found))
    if not centers:
        raise AnnotationMissing()
    return centers


def _of_report(dataset: Dataset, sop_instance_uid: str, frame: int | None) -> Iterator[LesionCenter]:
    """One center a measurement group; a group's own region comes before what its numbers were inferred from."""
    groups = [item for item in _descendants(dataset, 0) if _name(item) == "125007"]
    for container in groups or [dataset]:
        for item in _regions(container):
            if _selects(item, sop_instance_uid, frame):
                yield _center(str(item.get("GraphicType", "")), item.get("GraphicData"))
                if groups:
                    break


def _regions(container: Dataset) -> list[Dataset]:
    """The spatial coordinates below a container, those nearest to it first."""
    own = [item for item in container.get("ContentSequence", ()) if item.get("ValueType") == "SCOORD"]
    below = [item for item in _descendants(container, 0) if item.get("ValueType") == "SCOORD"]
    return own + [item for item in below if not any(item is each for each in own)]


def _of_presentation_state(dataset: Dataset, sop_instance_uid: str, frame: int | None) -> Iterator[LesionCenter]:
    """One center a graphic object; a point inside an annotation that also has an outline is not told twice."""
    for annotation in dataset.get("GraphicAnnotationSequence", ()):
        shown_on = annotation.get("ReferencedImageSequence")
        if shown_on and not _refers(shown_on, sop_instance_uid, frame):
            continue
        if not shown_on and not _refers(_all_images(dataset), sop_instance_uid, frame):
            continue
        graphics = list(annotation.get("GraphicObjectSequence", ()))
        outlines = [graphic for graphic in graphics if graphic.get("GraphicType") != "POINT"]
        for graphic in outlines or graphics:
            if graphic.get("GraphicAnnotationUnits") != "PIXEL":
                raise AnnotationUnreadable("its graphics are not in pixels of the image")
            yield _center(str(graphic.get("GraphicType", "")), graphic.get("GraphicData"))


def _all_images(dataset: Dataset) -> list[Dataset]:
    return [
        image
        for series in dataset.get("ReferencedSeriesSequence", ())
        for image in series.get("ReferencedImageSequence", ())
    ]


def _descendants(item: Dataset, depth: int) -> Iterator[Dataset]:
    if depth > _MOST_DEEPLY:
        raise AnnotationUnreadable("its content is nested too deeply")
    for child in item.get("ContentSequence", ()):
        yield child
        yield from _descendants(child, depth + 1)


def _name(item: Dataset) -> str:
    names = item.get("ConceptNameCodeSequence") or (Dataset(),)
    return str(names[0].get("CodeValue", ""))


def _selects(item: Dataset, sop_instance_uid: str, frame: int | None) -> bool:
    """Whether coordinates were selected from the image."""
    return any(
        _refers(child.get("ReferencedSOPSequence", ()), sop_instance_uid, frame)
        for child in item.get("ContentSequence", ())
    )


def _refers(references: Iterable[Dataset], sop_instance_uid: str, frame: int | None) -> bool:
    """Whether references name the image; one that names no frame is of them all."""
    for reference in references:
        if str(reference.get("ReferencedSOPInstanceUID", "")) != sop_instance_uid:
            continue
        frames = reference.get("ReferencedFrameNumber")
        named = [] if frames is None else [int(each) for each in np.atleast_1d(frames)]
        if not named or (frame or 1) in named:
            return True
    return False


def _center(graphic: str, data: object) -> LesionCenter:
    """The center of one graphic."""
    values = np.atleast_1d(np.asarray([] if data is None else data, dtype=np.float64))
    if graphic not in _POINTS or len(values) < 2 or len(values) % 2 or not np.isfinite(values).all():
        raise AnnotationUnreadable("a graphic is of an unknown type or has no whole number of points")
    points: Points = values.reshape(-1, 2)
    if graphic == "CIRCLE":
        points = points[:1]  # the center, then a point of the circumference
    elif graphic in {"POLYLINE", "INTERPOLATED"} and len(points) > 3 and np.allclose(points[0], points[-1], atol=0.5):
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
