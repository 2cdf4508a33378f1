"""The graphics of a structured report or a presentation state that were drawn on one image."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from pydicom.dataset import Dataset

from cadx.errors import AnnotationUnreadable
from cadx.records import Points

PRESENTATION_STATE = "1.2.840.10008.5.1.4.1.1.11.1"
# Enhanced, Comprehensive and Comprehensive 3D SR.
REPORTS = frozenset(f"1.2.840.10008.5.1.4.1.1.88.{number}" for number in (22, 33, 34))
_KINDS = frozenset(("POINT", "POLYLINE", "MULTIPOINT", "CIRCLE", "ELLIPSE", "INTERPOLATED"))
_MEASUREMENT_GROUP = "125007"
_MOST_DEEPLY = 24
_CLOSED_PX = 0.5


@dataclass(frozen=True, slots=True)
class Graphic:
    """One graphic.

    Attributes
    ----------
    kind
        As DICOM calls it: ``POINT``, ``POLYLINE``, ...
    points
        (n, 2), n >= 1: x, y in pixels of the stored image, as they stand there.
    """

    kind: str
    points: Points

    @property
    def closed(self) -> bool:
        """Whether it is a line that ends where it began."""
        line = self.kind in {"POLYLINE", "INTERPOLATED"} and len(self.points) > 3
        return line and bool(np.allclose(self.points[0], self.points[-1], atol=_CLOSED_PX))


def graphics_on(dataset: Dataset, sop_instance_uid: str, frame: int | None = None) -> Iterator[tuple[Graphic, ...]]:
    """What was drawn on an image, one group after the other; none is empty.

    Of a report a group is a measurement group, the coordinates nearest to it first: its own region comes before what
    its numbers were inferred from. Of a presentation state it is a graphic annotation.

    Parameters
    ----------
    dataset
        The annotation, without file meta information or with it.
    sop_instance_uid
        Of the image.
    frame
        From 1, for an image of several frames.

    Raises
    ------
    AnnotationUnreadable
        When the object is neither kind, its graphics are in units other than pixels, or it is broken.
    """
    sop_class = str(dataset.get("SOPClassUID", ""))
    if sop_class in REPORTS:
        return _of_report(dataset, sop_instance_uid, frame)
    if sop_class == PRESENTATION_STATE:
        return _of_presentation_state(dataset, sop_instance_uid, frame)
    raise AnnotationUnreadable("it is neither a structured report nor a grayscale softcopy presentation state")


def refers(references: Iterable[Dataset], sop_instance_uid: str, frame: int | None) -> bool:
    """Whether references name the image; one that names no frame is of them all."""
    for reference in references:
        if str(reference.get("ReferencedSOPInstanceUID", "")) != sop_instance_uid:
            continue
        frames = reference.get("ReferencedFrameNumber")
        named = [] if frames is None else [int(each) for each in np.atleast_1d(frames)]
        if not named or (frame or 1) in named:
            return True
    return False


def _of_report(dataset: Dataset, sop_instance_uid: str, frame: int | None) -> Iterator[tuple[Graphic, ...]]:
    groups = [item for item in descendants(dataset) if _name(item) == _MEASUREMENT_GROUP]
    for container in groups:
        if drawn := tuple(_selected(container, sop_instance_uid, frame)):
            yield drawn
    if not groups:
        for graphic in _selected(dataset, sop_instance_uid, frame):
            yield (graphic,)


def _selected(container: Dataset, sop_instance_uid: str, frame: int | None) -> Iterator[Graphic]:
    """The graphics below a container that were selected from the image, those nearest to it first."""
    own = [item for item in container.get("ContentSequence", ()) if item.get("ValueType") == "SCOORD"]
    below = [item for item in descendants(container) if item.get("ValueType") == "SCOORD"]
    for item in own + [item for item in below if not any(item is each for each in own)]:
        images = (child.get("ReferencedSOPSequence", ()) for child in item.get("ContentSequence", ()))
        if any(refers(references, sop_instance_uid, frame) for references in images):
            yield _graphic(item)


def _of_presentation_state(dataset: Dataset, sop_instance_uid: str, frame: int | None) -> Iterator[tuple[Graphic, ...]]:
    for annotation in dataset.get("GraphicAnnotationSequence", ()):
        shown_on = annotation.get("ReferencedImageSequence") or _all_images(dataset)
        if not refers(shown_on, sop_instance_uid, frame):
            continue
        drawn = list(annotation.get("GraphicObjectSequence", ()))
        if any(item.get("GraphicAnnotationUnits") != "PIXEL" for item in drawn):
            raise AnnotationUnreadable("its graphics are not in pixels of the image")
        if drawn:
            yield tuple(map(_graphic, drawn))


def _all_images(dataset: Dataset) -> list[Dataset]:
    return [
        image
        for series in dataset.get("ReferencedSeriesSequence", ())
        for image in series.get("ReferencedImageSequence", ())
    ]


def descendants(item: Dataset, depth: int = 0) -> Iterator[Dataset]:
    """Every content item below one, each before its own children.

    Raises
    ------
    AnnotationUnreadable
        When they are nested more than 24 deep.
    """
    if depth > _MOST_DEEPLY:
        raise AnnotationUnreadable("its content is nested too deeply")
    for child in item.get("ContentSequence", ()):
        yield child
        yield from descendants(child, depth + 1)


def _name(item: Dataset) -> str:
    names = item.get("ConceptNameCodeSequence") or (Dataset(),)
    return str(names[0].get("CodeValue", ""))


def _graphic(item: Dataset) -> Graphic:
    kind, data = str(item.get("GraphicType", "")), item.get("GraphicData")
    values = np.atleast_1d(np.asarray([] if data is None else data, dtype=np.float64))
    if kind not in _KINDS or len(values) < 2 or len(values) % 2 or not np.isfinite(values).all():
        raise AnnotationUnreadable("a graphic is of an unknown type or has no whole number of points")
    return Graphic(kind, values.reshape(-1, 2))
