import io

import numpy as np
import pydicom
import pytest
from skimage.color import lab2rgb

from cadx.exchange import file_bytes, segmentations, tracking_uid
from cadx.lesion import mask_on_source
from tests.cadx.exchange.samples import one_lesion, sample, two_lesions, two_views, variants


@pytest.mark.parametrize("spacing_mm", [0.05, 0.07, 0.1, 0.2])
def test_its_pixels_are_the_mask_on_the_sources_grid(spacing_mm: float) -> None:
    results = one_lesion(sample(spacing_mm=spacing_mm, left=False))
    view = results.lesions[0].views[0]
    (dataset,) = segmentations(results)
    pixels = pydicom.dcmread(io.BytesIO(file_bytes(dataset))).pixel_array
    part = mask_on_source(view.assessment.segmentation.mask, view.assessment.roi, view.source.rows, view.source.columns)
    expected = np.zeros((view.source.rows, view.source.columns), dtype=bool)
    expected[part.row : part.row + part.mask.shape[0], part.column : part.column + part.mask.shape[1]] = part.mask
    assert np.array_equal(pixels.astype(bool), expected)
    assert expected.sum() == part.mask.sum() > 0


def test_the_color_it_asks_for_is_yellow() -> None:
    """Back through skimage's conversion: what a viewer shows."""
    (dataset,) = segmentations(one_lesion(sample()))
    encoded = np.array(dataset.SegmentSequence[0].RecommendedDisplayCIELabValue)
    lab = encoded / 65535 * np.array([100, 255, 255]) - np.array([0, 128, 128])
    assert np.allclose(lab2rgb(lab), (1, 1, 0), atol=0.02)


def test_several_lesions_are_segments_of_one_object() -> None:
    results = two_lesions()
    (dataset,) = segmentations(results)
    assert [segment.SegmentAlgorithmType for segment in dataset.SegmentSequence] == ["SEMIAUTOMATIC", "MANUAL"]
    assert [segment.TrackingUID for segment in dataset.SegmentSequence] == [
        tracking_uid(lesion) for lesion in results.lesions
    ]
    types = [segment.SegmentedPropertyTypeCodeSequence[0].CodeValue for segment in dataset.SegmentSequence]
    assert types == ["4147007", "52988006"]
    frames = pydicom.dcmread(io.BytesIO(file_bytes(dataset))).pixel_array
    assert frames.shape[0] == 2
    assert frames[0].any()
    assert frames[1].any()


def test_several_views_are_an_object_each_with_a_space_of_its_own() -> None:
    results = two_views()
    first, second = segmentations(results)
    assert first.FrameOfReferenceUID != second.FrameOfReferenceUID
    for dataset, source in zip((first, second), results.sources, strict=True):
        (frame,) = dataset.PerFrameFunctionalGroupsSequence
        image = frame.DerivationImageSequence[0].SourceImageSequence[0]
        assert image.ReferencedSOPInstanceUID == source.sop_instance_uid
        assert (dataset.Rows, dataset.Columns) == (source.rows, source.columns)


def test_where_no_lesion_was_found_the_segment_is_empty_and_says_so() -> None:
    (dataset,) = segmentations(variants()["no-lesion-found"]())
    assert not pydicom.dcmread(io.BytesIO(file_bytes(dataset))).pixel_array.any()
    assert "No lesion was found" in dataset.SegmentSequence[0].SegmentDescription


def test_a_lossy_source_makes_a_lossy_object() -> None:
    (dataset,) = segmentations(variants()["lossy-sigmoid"]())
    assert (dataset.LossyImageCompression, dataset.LossyImageCompressionMethod) == ("01", "ISO_15444_1")


def test_highdicom_reads_it() -> None:
    seg = pytest.importorskip("highdicom").seg
    results = two_lesions()
    (dataset,) = segmentations(results)
    read = seg.segread(io.BytesIO(file_bytes(dataset)))
    expected = pydicom.dcmread(io.BytesIO(file_bytes(dataset))).pixel_array
    assert list(read.segment_numbers) == [1, 2]
    source = results.sources[0]
    found = read.get_pixels_by_source_instance([source.sop_instance_uid])
    assert np.array_equal(found[0], np.moveaxis(expected, 0, -1))
