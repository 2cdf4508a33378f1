from collections.abc import Callable

import numpy as np
import pytest
from pydicom.dataset import Dataset

from cadx.errors import AnnotationMissing, AnnotationUnreadable
from cadx.exchange import annotated_centers, presentation_states, segmentations, structured_report
from cadx.records import LesionCenter
from tests.cadx.exchange.samples import one_lesion, sample, two_lesions, two_views

IMAGE = "1.2.3.4"


def selected_from(uid: str = IMAGE, frame: int | None = None) -> Dataset:
    reference, item = Dataset(), Dataset()
    reference.ReferencedSOPInstanceUID = uid
    if frame is not None:
        reference.ReferencedFrameNumber = frame
    item.ValueType = "IMAGE"
    item.ReferencedSOPSequence = [reference]
    return item


def coordinates(graphic: str, data: list[float], image: Dataset) -> Dataset:
    item = Dataset()
    item.ValueType = "SCOORD"
    item.GraphicType = graphic
    item.GraphicData = data
    item.ContentSequence = [image]
    return item


def as_ohif(*groups: list[Dataset]) -> Dataset:
    """As OHIF stores measurements: the coordinates are what a number was inferred from."""
    containers = []
    for children in groups:
        number, container, code = Dataset(), Dataset(), Dataset()
        number.ValueType = "NUM"
        number.ContentSequence = children
        code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "125007", "DCM", "Measurement Group"
        container.ValueType = "CONTAINER"
        container.ConceptNameCodeSequence = [code]
        container.ContentSequence = [number]
        containers.append(container)
    dataset = Dataset()
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.88.34"
    dataset.ContentSequence = containers
    return dataset


def drawn(*graphics: tuple[str, list[float]], units: str = "PIXEL", image: str = IMAGE) -> Dataset:
    objects = []
    for kind, data in graphics:
        item = Dataset()
        item.GraphicAnnotationUnits, item.GraphicType, item.GraphicData = units, kind, data
        objects.append(item)
    annotation, dataset, reference = Dataset(), Dataset(), Dataset()
    reference.ReferencedSOPInstanceUID = image
    annotation.ReferencedImageSequence = [reference]
    annotation.GraphicObjectSequence = objects
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.11.1"
    dataset.GraphicAnnotationSequence = [annotation]
    return dataset


SQUARE = [10.0, 20.0, 30.0, 20.0, 30.0, 40.0, 10.0, 40.0, 10.0, 20.0]


@pytest.mark.parametrize(
    ("graphic", "data", "center"),
    [
        ("POINT", [12.5, 7.25], (12.5, 7.25)),
        ("POLYLINE", SQUARE, (20.0, 30.0)),
        ("POLYLINE", [0.0, 0.0, 10.0, 4.0], (5.0, 2.0)),
        ("CIRCLE", [50.0, 60.0, 55.0, 60.0], (50.0, 60.0)),
        ("ELLIPSE", [0.0, 5.0, 20.0, 5.0, 10.0, 0.0, 10.0, 10.0], (10.0, 5.0)),
    ],
)
@pytest.mark.parametrize(
    "write",
    [
        lambda graphic, data: as_ohif([coordinates(graphic, data, selected_from())]),
        lambda graphic, data: drawn((graphic, data)),
    ],
    ids=["sr", "gsps"],
)
def test_a_graphic_has_a_center(
    write: Callable[[str, list[float]], Dataset], graphic: str, data: list[float], center: tuple[float, float]
) -> None:
    (found,) = annotated_centers(write(graphic, data), IMAGE)
    assert (found.x, found.y) == pytest.approx(center)


def test_an_uneven_outline_is_weighed_by_area() -> None:
    crowded = [10.0, 20.0, *np.linspace([11.0, 20.0], [30.0, 20.0], 20).ravel(), 30.0, 40.0, 10.0, 40.0, 10.0, 20.0]
    (found,) = annotated_centers(drawn(("POLYLINE", crowded)), IMAGE)
    assert (found.x, found.y) == pytest.approx((20.0, 30.0))


def test_several_groups_give_several_centers_each_once() -> None:
    first, second = (
        [coordinates("POINT", [1.0, 2.0], selected_from())],
        [coordinates("POINT", [3.0, 4.0], selected_from())],
    )
    found = annotated_centers(as_ohif(first, second, first), IMAGE)
    assert found == (LesionCenter(1.0, 2.0), LesionCenter(3.0, 4.0))


def test_only_what_was_drawn_on_this_image_and_frame_counts() -> None:
    elsewhere = [coordinates("POINT", [1.0, 2.0], selected_from("9.9"))]
    on_frame = [coordinates("POINT", [3.0, 4.0], selected_from(frame=7))]
    dataset = as_ohif(elsewhere, on_frame)
    assert annotated_centers(dataset, IMAGE, 7) == (LesionCenter(3.0, 4.0),)
    for uid, frame in ((IMAGE, 6), (IMAGE, None), ("8.8", None)):
        with pytest.raises(AnnotationMissing):
            annotated_centers(dataset, uid, frame)
    with pytest.raises(AnnotationMissing):
        annotated_centers(drawn(("POINT", [1.0, 2.0]), image="9.9"), IMAGE)


def test_what_is_no_annotation_is_refused() -> None:
    results = one_lesion(sample())
    broken: list[Dataset] = [
        Dataset(),
        segmentations(results)[0],
        drawn(("POINT", [0.5, 0.5]), units="DISPLAY"),
        drawn(("POINT", [1.0])),
        drawn(("BLOB", [1.0, 2.0])),
        drawn(("POINT", [float("nan"), 1.0])),
    ]
    for dataset in broken:
        with pytest.raises(AnnotationUnreadable):
            annotated_centers(dataset, IMAGE)


def test_a_tree_without_end_is_refused() -> None:
    dataset = Dataset()
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.88.33"
    inner = dataset
    for _ in range(100):
        child = Dataset()
        child.ValueType = "CONTAINER"
        inner.ContentSequence = [child]
        inner = child
    with pytest.raises(AnnotationUnreadable):
        annotated_centers(dataset, IMAGE)


def test_our_own_objects_lead_back_to_the_lesions() -> None:
    results = two_lesions()
    source = results.sources[0]
    outlines = [view.assessment.contour for lesion in results.lesions for view in lesion.views]
    for dataset in (structured_report(results), presentation_states(results)[0]):
        found = annotated_centers(dataset, source.sop_instance_uid)
        assert len(found) == 2
        for center, outline in zip(found, outlines, strict=True):
            assert outline[:, 0].min() < center.x < outline[:, 0].max()
            assert outline[:, 1].min() < center.y < outline[:, 1].max()
    views = two_views()
    for source in views.sources:
        assert len(annotated_centers(structured_report(views), source.sop_instance_uid)) == 1
