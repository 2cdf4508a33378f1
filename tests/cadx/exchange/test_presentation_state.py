import io

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from cadx.exchange import Results, file_bytes, presentation_states, read_source
from tests.cadx.exchange.samples import Sample, one_lesion, plant_identity, sample, two_views, variants


def written(results: Results) -> Dataset:
    (dataset,) = presentation_states(results)
    return pydicom.dcmread(io.BytesIO(file_bytes(dataset)))


def test_it_draws_outline_mark_and_a_line_of_text() -> None:
    results = one_lesion(sample())
    assessment = results.lesions[0].views[0].assessment
    (annotation,) = written(results).GraphicAnnotationSequence
    outline, mark = annotation.GraphicObjectSequence
    points = np.asarray(outline.GraphicData, dtype=np.float32).reshape(-1, 2)
    assert np.array_equal(points[:-1], assessment.contour.astype(np.float32))
    assert outline.NumberOfGraphicPoints == len(points)
    assert np.allclose(mark.GraphicData, (assessment.roi.mark.x, assessment.roi.mark.y))
    text = annotation.TextObjectSequence[0].UnformattedTextValue
    assert text == "Lesion 1: probability of cancer 33.3 %. Research use only. Not a medical device."


def test_where_no_lesion_was_found_there_is_no_outline() -> None:
    (annotation,) = written(variants()["no-lesion-found"]()).GraphicAnnotationSequence
    assert [graphic.GraphicType for graphic in annotation.GraphicObjectSequence] == ["POINT"]
    assert "no lesion found" in annotation.TextObjectSequence[0].UnformattedTextValue


def test_there_is_one_an_image() -> None:
    results = two_views()
    shown = [
        dataset.ReferencedSeriesSequence[0].ReferencedImageSequence[0].ReferencedSOPInstanceUID
        for dataset in presentation_states(results)
    ]
    assert shown == [source.sop_instance_uid for source in results.sources]


@pytest.mark.parametrize(("inverted", "shape"), [(False, "IDENTITY"), (True, "INVERSE")])
def test_the_grays_stay_as_they_were(inverted: bool, shape: str) -> None:
    image = sample(inverted=inverted)
    dataset = written(one_lesion(image))
    assert dataset.PresentationLUTShape == shape
    (voi,) = dataset.SoftcopyVOILUTSequence
    assert (voi.WindowCenter, voi.WindowWidth) == (image.header.WindowCenter, image.header.WindowWidth)
    assert (dataset.RescaleSlope, dataset.RescaleIntercept) == (1, 0)


def test_the_first_window_and_its_function_are_repeated() -> None:
    (voi,) = written(variants()["lossy-sigmoid"]()).SoftcopyVOILUTSequence
    assert (voi.WindowCenter, voi.WindowWidth, voi.VOILUTFunction) == (2000, 3000, "SIGMOID")


def test_tables_are_repeated() -> None:
    def with_tables(dataset: Dataset) -> None:
        plant_identity(dataset)
        entries = np.arange(4096, dtype="<u2")
        for sequence, kind in (("ModalityLUTSequence", "US"), ("VOILUTSequence", "")):
            item = Dataset()
            item.add_new("LUTDescriptor", "US", [4096, 0, 12])
            if kind:
                item.ModalityLUTType = kind
            item.add_new("LUTData", "OW", entries.tobytes())
            setattr(dataset, sequence, [item])
        for keyword in ("RescaleSlope", "RescaleIntercept", "RescaleType", "WindowCenter", "WindowWidth"):
            delattr(dataset, keyword)

    image: Sample = sample(edit=with_tables)
    read_source(image.content)
    dataset = written(one_lesion(image))
    for item in (dataset.ModalityLUTSequence[0], dataset.SoftcopyVOILUTSequence[0].VOILUTSequence[0]):
        assert list(item.LUTDescriptor) == [4096, 0, 12]
        assert np.array_equal(np.frombuffer(item.LUTData, "<u2"), np.arange(4096))
    assert "RescaleSlope" not in dataset
