"""Which spacing is believed, in which plane, and which are refused."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from cadx.errors import ImplausibleSpacing, InvalidHeaderValue, MissingSpacing, SpacingConflict, UnknownMagnification
from cadx.mammogram import ReadingPolicy, SpacingPlane, read_mammogram
from cadx.records import Spacing, SpacingSource

Make = Callable[..., Any]
LESION = ReadingPolicy(spacing_plane=SpacingPlane.LESION)
IMAGER, PIXEL = SpacingSource.IMAGER_PIXEL_SPACING, SpacingSource.PIXEL_SPACING
NOMINAL, CALLER = SpacingSource.NOMINAL_SCANNED_PIXEL_SPACING, SpacingSource.CALLER


def codes(mammogram: Any) -> set[str]:
    return {flag.code for flag in mammogram.flags}


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"ImagerPixelSpacing": [0.07, 0.07]}, Spacing(0.07, 0.07, IMAGER)),
        ({"ImagerPixelSpacing": [0.07, 0.07], "PixelSpacing": [0.07, 0.07]}, Spacing(0.07, 0.07, IMAGER)),
        ({"ImagerPixelSpacing": None, "PixelSpacing": [0.1, 0.05]}, Spacing(0.1, 0.05, PIXEL)),
        ({"ImagerPixelSpacing": None, "NominalScannedPixelSpacing": [0.05, 0.05]}, Spacing(0.05, 0.05, NOMINAL)),
        (
            {"ImagerPixelSpacing": None, "PixelSpacing": [0.05, 0.05], "PixelSpacingCalibrationType": "GEOMETRY"},
            Spacing(0.05, 0.05, PIXEL, "lesion"),
        ),
        (
            {
                "ImagerPixelSpacing": None,
                "PixelSpacing": [0.05, 0.05],
                "PixelSpacingCalibrationType": "FIDUCIAL",
                "EstimatedRadiographicMagnificationFactor": 2,
            },
            Spacing(0.1, 0.1, PIXEL, "detector", 0.5),
        ),
        ({"ImagerPixelSpacing": None, "pixel_spacing_mm": 0.2}, Spacing(0.2, 0.2, CALLER)),
        ({"ImagerPixelSpacing": [0.1, 0.1], "pixel_spacing_mm": 0.1}, Spacing(0.1, 0.1, IMAGER)),
    ],
)
def test_detector_plane(attributes: dict[str, Any], expected: Spacing, make_dicom: Make, textured: Make) -> None:
    caller_mm = attributes.pop("pixel_spacing_mm", None)
    mammogram = read_mammogram(make_dicom(textured(12), 12, **attributes), pixel_spacing_mm=caller_mm)
    assert mammogram.spacing == expected


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"EstimatedRadiographicMagnificationFactor": 1.8}, Spacing(0.1 / 1.8, 0.1 / 1.8, IMAGER, "lesion", 1.8)),
        (
            {"DistanceSourceToDetector": 660, "DistanceSourceToPatient": 600},
            Spacing(0.1 / 1.1, 0.1 / 1.1, IMAGER, "lesion", 1.1),
        ),
        (
            {"ImagerPixelSpacing": None, "PixelSpacing": [0.05, 0.05], "PixelSpacingCalibrationType": "GEOMETRY"},
            Spacing(0.05, 0.05, PIXEL, "lesion"),
        ),
    ],
)
def test_lesion_plane(attributes: dict[str, Any], expected: Spacing, make_dicom: Make, textured: Make) -> None:
    spacing = read_mammogram(make_dicom(textured(12), 12, **attributes), policy=LESION).spacing
    assert math.isclose(spacing.row_mm, expected.row_mm)
    assert math.isclose(spacing.magnification, expected.magnification)
    assert (spacing.source, spacing.plane) == (expected.source, expected.plane)


def test_lesion_plane_without_magnification_is_refused(make_dicom: Make, textured: Make) -> None:
    with pytest.raises(UnknownMagnification):
        read_mammogram(make_dicom(textured(12), 12), policy=LESION)


def test_missing_spacing_is_refused(make_dicom: Make, textured: Make) -> None:
    with pytest.raises(MissingSpacing):
        read_mammogram(make_dicom(textured(12), 12, ImagerPixelSpacing=None))


@pytest.mark.parametrize("spacing_mm", [math.nan, math.inf, -0.1, 0.0, 1e-9, 1e9, 0.019, 1.01])
def test_unbelievable_spacing_is_refused(spacing_mm: float, make_dicom: Make, textured: Make) -> None:
    with pytest.raises(ImplausibleSpacing):
        read_mammogram(make_dicom(textured(12), 12, ImagerPixelSpacing=None), pixel_spacing_mm=spacing_mm)


@pytest.mark.parametrize("text", ["nan\\nan", "inf\\inf", "-0.1\\0.1", "0\\0", "1e30\\1e30", "1e-30\\0.1"])
def test_unbelievable_spacing_in_the_header_is_refused(
    text: str, make_dataset: Make, save: Make, textured: Make
) -> None:
    content = save(make_dataset(textured(12), 12, ImagerPixelSpacing="0.123456\\0.123456"))
    planted = content.replace(b"0.123456\\0.123456 ", text.encode().ljust(18))
    assert planted != content
    with pytest.raises((ImplausibleSpacing, InvalidHeaderValue)):
        read_mammogram(planted)


def test_one_number_is_no_spacing(make_dicom: Make, textured: Make) -> None:
    with pytest.raises(InvalidHeaderValue) as caught:
        read_mammogram(make_dicom(textured(12), 12, ImagerPixelSpacing=0.1))
    assert caught.value.tag == "(0018,1164)"


def test_a_caller_who_contradicts_the_file_is_refused(make_dicom: Make, textured: Make) -> None:
    with pytest.raises(SpacingConflict) as caught:
        read_mammogram(make_dicom(textured(12), 12), pixel_spacing_mm=0.07)
    assert (caught.value.file_mm, caught.value.caller_mm) == (0.1, 0.07)


def test_unexplained_pixel_spacing_is_flagged(make_dicom: Make, textured: Make) -> None:
    """As in the test file MG_Explicit_Little: Pixel Spacing 0.25 against Imager Pixel Spacing 0.5."""
    mammogram = read_mammogram(make_dicom(textured(12), 12, ImagerPixelSpacing=[0.5, 0.5], PixelSpacing=[0.25, 0.25]))
    assert mammogram.spacing.row_mm == 0.5
    assert codes(mammogram) >= {"spacing_contradiction", "spacing_unusual"}


def test_pixel_spacing_explained_by_magnification_is_not_flagged(make_dicom: Make, textured: Make) -> None:
    content = make_dicom(
        textured(12), 12, PixelSpacing=[0.0909091, 0.0909091], EstimatedRadiographicMagnificationFactor=1.1
    )
    assert "spacing_contradiction" not in codes(read_mammogram(content))


def test_pixels_that_are_not_square_are_flagged(make_dicom: Make, textured: Make) -> None:
    assert "pixels_not_square" in codes(read_mammogram(make_dicom(textured(12), 12, ImagerPixelSpacing=[0.1, 0.05])))


JUNK: list[tuple[dict[str, Any], str]] = [
    ({"EstimatedRadiographicMagnificationFactor": 40}, "EstimatedRadiographicMagnificationFactor"),
    ({"DistanceSourceToDetector": 600, "DistanceSourceToPatient": 1000}, "DistanceSourceToPatient"),
]


@pytest.mark.parametrize(("attributes", "keyword"), JUNK)
def test_unbelievable_magnification_matters_only_in_the_lesions_plane(
    attributes: dict[str, Any], keyword: str, make_dicom: Make, textured: Make
) -> None:
    content = make_dicom(textured(12), 12, **attributes)
    assert [flag.facts["keyword"] for flag in read_mammogram(content).flags] == [keyword]
    with pytest.raises(UnknownMagnification):
        read_mammogram(content, policy=LESION)


def test_the_distances_are_asked_where_the_factor_is_junk(make_dicom: Make, textured: Make) -> None:
    distances = {"DistanceSourceToDetector": 660, "DistanceSourceToPatient": 600}
    content = make_dicom(textured(12), 12, EstimatedRadiographicMagnificationFactor=0, **distances)
    assert math.isclose(read_mammogram(content, policy=LESION).spacing.magnification, 1.1)


IMPOSSIBLE = ["0\\0", "nan\\nan", "0,1\\0,1", "100\\100", "0.1", "0.1\\0\\0.1", "-0.1\\0.1", "0.1\\0", "x"]


def with_spacing(text: str, make_dataset: Make, save: Make, textured: Make, **attributes: Any) -> bytes:
    content = save(make_dataset(textured(12), 12, ImagerPixelSpacing="0.123456\\0.123456", **attributes))
    return bytes(content.replace(b"0.123456\\0.123456 ", text.encode().ljust(18)))


@pytest.mark.parametrize("text", IMPOSSIBLE)
def test_an_impossible_spacing_gives_way_to_the_next_source_and_to_the_caller(
    text: str, make_dataset: Make, save: Make, textured: Make
) -> None:
    content = with_spacing(text, make_dataset, save, textured, PixelSpacing=[0.07, 0.07])
    mammogram = read_mammogram(content)
    assert mammogram.spacing == Spacing(0.07, 0.07, PIXEL)
    assert [flag.facts["tag"] for flag in mammogram.flags] == ["(0018,1164)"]
    content = with_spacing(text, make_dataset, save, textured)
    mammogram = read_mammogram(content, pixel_spacing_mm=0.1)
    assert mammogram.spacing == Spacing(0.1, 0.1, CALLER)
    assert [flag.facts["tag"] for flag in mammogram.flags] == ["(0018,1164)"]
    with pytest.raises((ImplausibleSpacing, InvalidHeaderValue)):
        read_mammogram(content)


def test_micrometers_are_named(make_dataset: Make, save: Make, textured: Make) -> None:
    content = with_spacing("100\\100", make_dataset, save, textured)
    (flag,) = read_mammogram(content, pixel_spacing_mm=0.1).flags
    assert "micrometers" in flag.message


@pytest.mark.parametrize("text", ["1\\1", "0.07\\0.07", "0.07"])
def test_a_possible_contradiction_of_the_caller_stays_refused(
    text: str, make_dataset: Make, save: Make, textured: Make
) -> None:
    with pytest.raises(SpacingConflict):
        read_mammogram(with_spacing(text, make_dataset, save, textured), pixel_spacing_mm=0.1)


def test_the_aspect_ratio_gives_rows_their_size(make_dicom: Make, textured: Make) -> None:
    content = make_dicom(textured(12), 12, ImagerPixelSpacing=None, PixelAspectRatio=[2, 1])
    mammogram = read_mammogram(content, pixel_spacing_mm=0.1)
    assert mammogram.spacing == Spacing(0.2, 0.1, CALLER)
    assert codes(mammogram) == {"pixels_not_square"}
    square = read_mammogram(
        make_dicom(textured(12), 12, ImagerPixelSpacing=None, PixelAspectRatio=[1, 1]), pixel_spacing_mm=0.1
    )
    assert square.spacing == Spacing(0.1, 0.1, CALLER)


def test_an_aspect_ratio_against_the_spacing_is_flagged_and_a_junk_one_ignored(
    make_dicom: Make, textured: Make
) -> None:
    assert codes(read_mammogram(make_dicom(textured(12), 12, PixelAspectRatio=[2, 1]))) == {"spacing_contradiction"}
    for junk in ([0, 0], [1], [-1, 1], [1000, 1]):
        content = make_dicom(textured(12), 12, ImagerPixelSpacing=None, PixelAspectRatio=junk)
        mammogram = read_mammogram(content, pixel_spacing_mm=0.1)
        assert mammogram.spacing == Spacing(0.1, 0.1, CALLER)
        assert codes(mammogram) == {"header_value_ignored"}
