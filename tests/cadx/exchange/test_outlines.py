"""The way back: the outline of a report, a presentation state or a segmentation."""

import io
from collections.abc import Callable

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import DeflatedExplicitVRLittleEndian

from cadx.errors import AnnotationAmbiguous, AnnotationMissing, AnnotationUnreadable
from cadx.exchange import (
    annotated_contour,
    file_bytes,
    image_size,
    presentation_states,
    read_annotation,
    segmentations,
    structured_report,
)
from cadx.lesion import readers_contour
from tests.cadx.exchange.samples import one_lesion, sample
from tests.cadx.exchange.test_annotations import IMAGE, SQUARE, as_ohif, coordinates, drawn, selected_from

SIZE = (600, 400)
CORNERS = [[10.0, 20.0], [30.0, 20.0], [30.0, 40.0], [10.0, 40.0]]
LINE = [0.0, 0.0, 10.0, 4.0]


def area_px(polygon: np.ndarray) -> float:
    x, y = polygon.T
    return abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2


@pytest.mark.parametrize(
    "write",
    [
        lambda graphic, data: as_ohif([coordinates(graphic, data, selected_from())]),
        lambda graphic, data: drawn((graphic, data)),
    ],
    ids=["sr", "gsps"],
)
def test_a_closed_line_is_an_outline(write: Callable[[str, list[float]], Dataset]) -> None:
    assert annotated_contour(write("POLYLINE", SQUARE), IMAGE, SIZE).tolist() == CORNERS
    circle = annotated_contour(write("CIRCLE", [50.0, 60.0, 55.0, 60.0]), IMAGE, SIZE)
    assert np.hypot(*(circle - (50, 60)).T) == pytest.approx(5)
    ellipse = annotated_contour(write("ELLIPSE", [0.0, 5.0, 20.0, 5.0, 10.0, 0.0, 10.0, 10.0]), IMAGE, SIZE)
    assert (((ellipse - (10, 5)) / (10, 5)) ** 2).sum(axis=1) == pytest.approx(1)
    for graphic, data in (("POINT", [5.0, 6.0]), ("POLYLINE", LINE), ("POLYLINE", SQUARE[:-2])):
        with pytest.raises(AnnotationMissing, match="no closed outline"):
            annotated_contour(write(graphic, data), IMAGE, SIZE)


def test_points_and_lines_beside_an_outline_do_not_matter() -> None:
    point, line, square = (
        coordinates(kind, data, selected_from())
        for kind, data in (("POINT", [20.0, 30.0]), ("POLYLINE", LINE), ("POLYLINE", SQUARE))
    )
    elsewhere = coordinates("POLYLINE", [value + 9 for value in SQUARE], selected_from("9.9"))
    for dataset in (
        as_ohif([point, square], [line], [square], [elsewhere]),
        drawn(("POINT", [20.0, 30.0]), ("POLYLINE", SQUARE), ("POLYLINE", LINE)),
    ):
        assert annotated_contour(dataset, IMAGE, SIZE).tolist() == CORNERS


def test_several_outlines_are_refused() -> None:
    other = [value + 50 for value in SQUARE]
    in_one = as_ohif([coordinates("POLYLINE", data, selected_from()) for data in (SQUARE, other)])
    in_two = as_ohif(*([coordinates("POLYLINE", data, selected_from())] for data in (SQUARE, other)))
    for dataset in (in_one, in_two, drawn(("POLYLINE", SQUARE), ("CIRCLE", [50.0, 60.0, 55.0, 60.0]))):
        with pytest.raises(AnnotationAmbiguous) as refused:
            annotated_contour(dataset, IMAGE, SIZE)
        assert refused.value.count == 2


def test_our_own_objects_lead_back_to_the_outline() -> None:
    results = one_lesion(sample())
    (source,), size = results.sources, (results.sources[0].rows, results.sources[0].columns)
    own = results.lesions[0].views[0].assessment.contour
    for written in (structured_report(results), presentation_states(results)[0], segmentations(results)[0]):
        dataset = read_annotation(file_bytes(written))
        found = readers_contour(annotated_contour(dataset, source.sop_instance_uid, size), *size)
        assert area_px(found) == pytest.approx(area_px(own), rel=0.01)
        assert found.mean(axis=0) == pytest.approx(own.mean(axis=0), abs=2)
        with pytest.raises(AnnotationMissing):
            annotated_contour(dataset, "9.9", size)
    report = structured_report(results)
    assert np.array_equal(annotated_contour(report, source.sop_instance_uid, size), own.astype(np.float32))


def segmented(*masks: np.ndarray, numbers: tuple[int, ...] = (), uid: str = IMAGE) -> Dataset:
    dataset, image = Dataset(), Dataset()
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.66.4"
    dataset.SegmentationType, dataset.BitsAllocated = "BINARY", 1
    dataset.NumberOfFrames, (dataset.Rows, dataset.Columns) = len(masks), masks[0].shape
    dataset.PixelData = np.packbits(np.concatenate([mask.ravel() for mask in masks]), bitorder="little").tobytes()
    image.ReferencedSOPInstanceUID = uid
    frames = []
    for number in numbers or range(1, len(masks) + 1):
        frame, derivation, identification = Dataset(), Dataset(), Dataset()
        derivation.SourceImageSequence = [image]
        identification.ReferencedSegmentNumber = number
        frame.DerivationImageSequence, frame.SegmentIdentificationSequence = [derivation], [identification]
        frames.append(frame)
    dataset.PerFrameFunctionalGroupsSequence = frames
    return dataset


def block(top: int, left: int, size: int = 20) -> np.ndarray:
    mask = np.zeros(SIZE, dtype=np.bool_)
    mask[top : top + size, left : left + size] = True
    return mask


def test_a_segment_is_the_outline_of_what_it_covers() -> None:
    ring = block(100, 50, 30)
    ring[110:115, 60:65] = False
    outline = annotated_contour(segmented(ring), IMAGE, SIZE)
    assert (outline.min(axis=0), outline.max(axis=0)) == (pytest.approx([50, 100]), pytest.approx([80, 130]))
    assert area_px(outline) == pytest.approx(900, abs=1), "the hole does not count"


def test_which_segment_is_said_or_told_by_the_image() -> None:
    empty = np.zeros(SIZE, dtype=np.bool_)
    two = segmented(block(100, 50), block(300, 200), empty)
    with pytest.raises(AnnotationAmbiguous, match="2 segments"):
        annotated_contour(two, IMAGE, SIZE)
    assert annotated_contour(two, IMAGE, SIZE, segment=2).min(axis=0) == pytest.approx([200, 300])
    for number in (3, 4):
        with pytest.raises(AnnotationMissing, match=f"segment {number}"):
            annotated_contour(two, IMAGE, SIZE, segment=number)
    assert annotated_contour(segmented(empty, block(7, 9)), IMAGE, SIZE).min(axis=0) == pytest.approx([9, 7])
    with pytest.raises(AnnotationAmbiguous, match="2 regions"):
        annotated_contour(segmented(block(100, 50) | block(300, 200)), IMAGE, SIZE)


def test_segmentations_that_cannot_be_used_are_refused() -> None:
    fractional, of_another, unnamed, short = (segmented(block(100, 50)) for _ in range(4))
    fractional.SegmentationType = "FRACTIONAL"
    of_another.Rows, of_another.Columns = 400, 600
    del unnamed.PerFrameFunctionalGroupsSequence[0].SegmentIdentificationSequence
    short.PixelData = short.PixelData[:100]
    twice = segmented(block(100, 50), block(1, 2), numbers=(1, 1))
    for dataset in (fractional, of_another, unnamed, short, twice):
        with pytest.raises(AnnotationUnreadable):
            annotated_contour(dataset, IMAGE, SIZE)
    checkerboard = np.indices((1500, 1500)).sum(axis=0) % 2 == 0
    with pytest.raises(AnnotationUnreadable, match="ragged"):
        annotated_contour(segmented(checkerboard), IMAGE, checkerboard.shape)


def test_files_that_cannot_be_read_are_refused() -> None:
    results = one_lesion(sample())
    content = file_bytes(structured_report(results))
    deflated = pydicom.dcmread(io.BytesIO(content))
    assert isinstance(deflated.file_meta, FileMetaDataset)
    deflated.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    buffer = io.BytesIO()
    deflated.save_as(buffer)
    for bad in (b"", b"no file at all", content[:100], buffer.getvalue()):
        with pytest.raises(AnnotationUnreadable):
            read_annotation(bad)


def test_the_size_of_an_image_is_its_own() -> None:
    image = sample()
    assert image_size(image.content) == (image.header.Rows, image.header.Columns)
