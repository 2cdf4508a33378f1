"""What is let in, what is refused with which tag, and what is flagged."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset

from cadx.errors import ForProcessingImage, FrameNeeded, FrameNotInFile, InvalidHeaderValue, NoPixelData, NotAMammogram
from cadx.mammogram import ReadingPolicy, read_mammogram

Make = Callable[..., Any]
FOR_PROCESSING = "1.2.840.10008.5.1.4.1.1.1.2.1"
TOMOSYNTHESIS = "1.2.840.10008.5.1.4.1.1.13.1.3"


def flags(content: bytes, **options: Any) -> dict[str, Any]:
    return {flag.code: dict(flag.facts) for flag in read_mammogram(content, **options).flags}


def view(*modifiers: str) -> Dataset:
    items = []
    for code in modifiers:
        item = Dataset()
        item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code, "SCT", "modifier"
        items.append(item)
    coded = Dataset()
    coded.CodeValue, coded.CodingSchemeDesignator, coded.CodeMeaning = "399162004", "SCT", "cranio-caudal"
    coded.ViewModifierCodeSequence = items
    return coded


def test_an_ordinary_mammogram_has_no_flags(make_dicom: Make, textured: Make) -> None:
    attributes = {
        "PaddleDescription": "18X24 SCREENING",
        "BreastImplantPresent": "NO",
        "BurnedInAnnotation": "NO",
        "ImageType": ["ORIGINAL", "PRIMARY"],
        "PresentationLUTShape": "IDENTITY",
        "EstimatedRadiographicMagnificationFactor": 1.05,
        "LossyImageCompression": "00",
        "ViewCodeSequence": [view()],
    }
    assert flags(make_dicom(textured(12), 12, **attributes)) == {}


CR_IMAGE = "1.2.840.10008.5.1.4.1.1.1"


def code(value: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "SCT", "x"
    return item


@pytest.mark.parametrize(
    "evidence",
    [
        {},
        {"ImageLaterality": "L"},  # a hand has a side too
        {"ImageLaterality": "L", "ViewPosition": "AP"},
        {"ViewPosition": "ML"},
        {"ViewPosition": "MLO"},
        {"BodyPartExamined": "CHEST", "ViewPosition": "MLO", "ImageLaterality": "L"},
        {"BodyPartExamined": "SMITHJANE"},
        {"AnatomicRegionSequence": [code("51185008")]},
        {"ViewCodeSequence": [code("399352003")]},  # latero-medial: a knee's as well
    ],
)
@pytest.mark.parametrize("modality", ["CR", "DX", "SC", "OT", "SMITHJANE", None])
def test_other_modalities_without_a_breast_are_refused(
    modality: str | None, evidence: dict[str, Any], make_dicom: Make, textured: Make
) -> None:
    with pytest.raises(NotAMammogram) as caught:
        read_mammogram(make_dicom(textured(12), 12, SOPClassUID=CR_IMAGE, Modality=modality, **evidence))
    assert caught.value.tag == "(0008,0060)"
    assert "SMITH" not in str(caught.value)
    assert "body part" in caught.value.remedy


@pytest.mark.parametrize(
    ("evidence", "keyword"),
    [
        ({"BodyPartExamined": "BREAST"}, "BodyPartExamined"),
        ({"BodyPartExamined": "BREAST "}, "BodyPartExamined"),
        ({"AnatomicRegionSequence": [code("76752008")]}, "AnatomicRegionSequence"),
        ({"ViewCodeSequence": [code("399368009")]}, "ViewCodeSequence"),
        ({"ViewCodeSequence": [code("R-10242")]}, "ViewCodeSequence"),
        ({"ViewPosition": "MLO", "ImageLaterality": "R"}, "ViewPosition"),
        ({"ViewPosition": "CC", "Laterality": "L"}, "ViewPosition"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.1.2"}, "SOPClassUID"),
    ],
)
@pytest.mark.parametrize("modality", ["CR", "DX", "SC", "OT", None])
def test_breasts_of_other_modalities_are_read_and_flagged(
    modality: str | None, evidence: dict[str, Any], keyword: str, make_dicom: Make, textured: Make
) -> None:
    found = flags(make_dicom(textured(12), 12, Modality=modality, **{"SOPClassUID": CR_IMAGE, **evidence}))
    assert found == {"modality_not_mg": {"modality": modality or "missing or unknown", "evidence": keyword}}


@pytest.mark.parametrize("modality", ["MR", "CT", "US", "NM", "PT"])
def test_a_breast_by_other_means_than_a_radiograph_is_refused(modality: str, make_dicom: Make, textured: Make) -> None:
    with pytest.raises(NotAMammogram):
        read_mammogram(make_dicom(textured(12), 12, Modality=modality, BodyPartExamined="BREAST"))


def test_raw_data_of_another_modality_need_a_model_too(make_dicom: Make, textured: Make) -> None:
    raw = {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.1.1.1", "PresentationIntentType": None, "Modality": "DX"}
    with pytest.raises(ForProcessingImage):
        read_mammogram(make_dicom(textured(12), 12, BodyPartExamined="BREAST", **raw))


@pytest.mark.parametrize(
    ("attributes", "tag"),
    [
        ({"PresentationIntentType": "FOR PROCESSING"}, "(0008,0068)"),
        ({"SOPClassUID": FOR_PROCESSING, "PresentationIntentType": None}, "(0008,0016)"),
    ],
)
def test_raw_detector_data_need_a_model_trained_on_them(
    attributes: dict[str, Any], tag: str, make_dicom: Make, textured: Make
) -> None:
    content = make_dicom(textured(12), 12, **attributes)
    with pytest.raises(ForProcessingImage) as caught:
        read_mammogram(content)
    assert caught.value.tag == tag
    assert "for_processing" in flags(content, policy=ReadingPolicy(allow_for_processing=True))


def test_a_report_has_no_pixels(make_dicom: Make, textured: Make) -> None:
    with pytest.raises(NoPixelData) as caught:
        read_mammogram(make_dicom(textured(12), 12, PixelData=None))
    assert "Modality" not in str(caught.value), "a remedy that the file already follows"


@pytest.mark.parametrize(
    ("attributes", "code", "facts"),
    [
        ({"ViewCodeSequence": [view("399163009")]}, "magnification_view", {}),
        ({"ViewCodeSequence": [view("R-102D6")]}, "magnification_view", {}),
        ({"EstimatedRadiographicMagnificationFactor": 1.8}, "magnification_view", {"magnification": 1.8}),
        ({"ViewCodeSequence": [view("399055006", "X")]}, "spot_view", {}),
        ({"PaddleDescription": "10CM SPOT CONTACT"}, "special_paddle", {}),
        ({"BreastImplantPresent": "YES"}, "implant", {}),
        ({"ImageType": ["DERIVED", "PRIMARY", "TOMOSYNTHESIS", "GENERATED_2D"]}, "synthetic_2d", {}),
        ({"BurnedInAnnotation": "YES"}, "burned_in_annotation", {}),
        ({"LossyImageCompression": "01", "LossyImageCompressionRatio": 15}, "lossy_compression", {"ratio": 15.0}),
        ({"PresentationLUTShape": "INVERSE"}, "polarity_contradiction", {}),
    ],
)
def test_doubts_are_flagged(
    attributes: dict[str, Any], code: str, facts: dict[str, Any], make_dicom: Make, textured: Make
) -> None:
    assert flags(make_dicom(textured(12), 12, **attributes)) == {code: facts}


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1"])
def test_nested_view_modifiers_are_found_in_every_encoding(syntax: str, make_dicom: Make, textured: Make) -> None:
    coded = view("399055006")
    assert "spot_view" in flags(make_dicom(textured(12), 12, syntax, ViewCodeSequence=[coded]))
    coded.is_undefined_length_sequence_item = True
    assert "spot_view" in flags(make_dicom(textured(12), 12, syntax, ViewCodeSequence=[coded]))


def frames(textured: Make) -> Any:
    return np.stack([textured(12) // (number + 1) for number in range(3)])


def test_several_frames_need_a_choice(make_dicom: Make, textured: Make) -> None:
    stored = frames(textured)
    content = make_dicom(stored, 12)
    with pytest.raises(FrameNeeded) as needed:
        read_mammogram(content)
    assert needed.value.frames == 3
    for frame in (0, -1, 4):
        with pytest.raises(FrameNotInFile):
            read_mammogram(content, frame=frame)
    for frame in (1, 2, 3):
        gray = read_mammogram(content, frame=frame).pixels.window(0, 64, 0, 50).gray
        np.testing.assert_allclose(gray, stored[frame - 1] / 4095, atol=1e-6)


@pytest.mark.parametrize("fragments", [1, 3])
@pytest.mark.parametrize("table", [True, False])
def test_one_frame_of_encapsulated_ones(
    fragments: int, table: bool, make_dataset: Make, save: Make, encapsulate_frames: Make, textured: Make
) -> None:
    import jpeg_ls

    stored = frames(textured)
    packed = [bytes(jpeg_ls.encode_array(frame)) for frame in stored]
    dataset = encapsulate_frames(
        make_dataset(stored, 12), "1.2.840.10008.1.2.4.80", packed, fragments_per_frame=fragments, has_bot=table
    )
    for frame in (1, 2, 3):
        gray = read_mammogram(save(dataset), frame=frame).pixels.window(0, 64, 0, 50).gray
        np.testing.assert_allclose(gray, stored[frame - 1] / 4095, atol=1e-6)


def test_a_tomosynthesis_slice_takes_spacing_and_window_from_its_functional_groups(
    make_dicom: Make, textured: Make
) -> None:
    measures, voi, shared, slices = Dataset(), Dataset(), Dataset(), []
    measures.PixelSpacing = [0.09, 0.09]
    shared.PixelMeasuresSequence = [measures]
    for number in range(3):
        voi = Dataset()
        voi.WindowCenter, voi.WindowWidth = 1000 + 100 * number, 2000
        group = Dataset()
        group.FrameVOILUTSequence = [voi]
        slices.append(group)
    content = make_dicom(
        frames(textured),
        12,
        SOPClassUID=TOMOSYNTHESIS,
        ImagerPixelSpacing=None,
        SharedFunctionalGroupsSequence=[shared],
        PerFrameFunctionalGroupsSequence=slices,
    )
    mammogram = read_mammogram(content, frame=2)
    assert mammogram.spacing.row_mm == 0.09
    assert mammogram.spacing.plane == "lesion"
    assert "1100" in str(mammogram.facts["voi"])
    assert "tomosynthesis_slice" in {flag.code for flag in mammogram.flags}


@pytest.mark.parametrize("frames_text", ["0", "-3", "1.5", "99999999"])
def test_numbers_of_frames_that_make_no_sense_need_data_of_one_frame(
    frames_text: str, make_dataset: Make, save: Make, textured: Make
) -> None:
    for stored in (textured(12), frames(textured)):
        content = save(make_dataset(stored, 12, NumberOfFrames="12345678"))
        content = content.replace(b"12345678", frames_text.encode().ljust(8))
        if stored.ndim == 2:
            assert flags(content)["header_value_ignored"]["keyword"] == "NumberOfFrames"
        else:
            with pytest.raises(InvalidHeaderValue):
                read_mammogram(content)


def test_a_bright_background_makes_the_polarity_suspect(make_dicom: Make, textured: Make) -> None:
    stored = np.clip(textured(12) + 400, 0, 3500).astype(np.uint16)
    stored[:, :20] = 0
    assert flags(make_dicom(stored, 12)) == {}
    assert "polarity_suspect" in flags(make_dicom(4095 - stored, 12))
    assert flags(make_dicom(4095 - stored, 12, PhotometricInterpretation="MONOCHROME1")) == {}


def test_view_and_laterality_are_told_only_as_terms_of_the_standard(make_dicom: Make, textured: Make) -> None:
    facts = read_mammogram(make_dicom(textured(12), 12, ImageLaterality="L", ViewPosition="MLO")).facts
    assert (facts["laterality"], facts["view"]) == ("L", "MLO")
    facts = read_mammogram(make_dicom(textured(12), 12, Laterality="R", ViewPosition="JANE")).facts
    assert facts["laterality"] == "R"
    assert "view" not in facts
