"""Attributes that make no sense: as if absent, with a flag, where the answer does not depend on them; else refused."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset

from cadx.errors import InvalidHeaderValue
from cadx.mammogram import read_mammogram

Make = Callable[..., Any]
SECRET = "ZZSECRETZZ"


def lut(entries: Any, declared: int, bits: int) -> Dataset:
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [declared % 65536, 0, bits])
    item.add_new("LUTData", "OW", np.asarray(entries, dtype="<u2").tobytes())
    return item


SQUARE = (np.arange(4096.0) ** 2 / 4095).astype(int)
WINDOW = {"WindowCenter": 1900, "WindowWidth": 2300}


def gray(content: bytes) -> Any:
    mammogram = read_mammogram(content)
    return mammogram.pixels.window(0, mammogram.rows, 0, mammogram.columns).gray


def ignored(content: bytes) -> list[str]:
    flags = read_mammogram(content).flags
    assert {flag.code for flag in flags} <= {"header_value_ignored"}
    return [str(flag.facts["keyword"]) for flag in flags]


@pytest.mark.parametrize(
    ("junk", "meant", "keywords"),
    [
        ({"WindowCenter": 100, "WindowWidth": 0}, {}, ["WindowWidth"]),
        ({"WindowCenter": 0, "WindowWidth": 0}, {}, ["WindowWidth"]),
        ({"WindowCenter": [0, 1900], "WindowWidth": [0, 2300]}, WINDOW, ["WindowWidth"]),
        ({"WindowCenter": 100}, {}, ["WindowCenter"]),
        ({"WindowWidth": 100}, {}, ["WindowWidth"]),
        ({"WindowCenter": [1900, 5], "WindowWidth": 2300}, WINDOW, []),
        ({"WindowCenter": 1900, "WindowWidth": [2300, 5]}, WINDOW, []),
        ({"VOILUTFunction": "IDENTITY", **WINDOW}, WINDOW, ["VOILUTFunction"]),
        (
            {"WindowCenter": 0.5, "WindowWidth": 0.9, "RescaleSlope": 0.00025, "RescaleIntercept": 0},
            {"WindowCenter": 2000, "WindowWidth": 3600, "VOILUTFunction": "LINEAR_EXACT"},
            ["VOILUTFunction"],
        ),
        ({"RescaleSlope": 0, "RescaleIntercept": 500}, {}, ["RescaleSlope"]),
        ({"VOILUTSequence": [Dataset()]}, {}, ["VOILUTSequence"]),
        ({"VOILUTSequence": [Dataset()], **WINDOW}, WINDOW, ["VOILUTSequence"]),
        (
            {"VOILUTSequence": [Dataset(), lut(SQUARE, 4096, 12)]},
            {"VOILUTSequence": [lut(SQUARE, 4096, 12)]},
            ["VOILUTSequence"],
        ),
        ({"VOILUTSequence": [lut([], 4096, 12)], **WINDOW}, WINDOW, ["VOILUTSequence"]),
        ({"ModalityLUTSequence": [Dataset()], **WINDOW}, WINDOW, ["ModalityLUTSequence"]),
        (
            {"VOILUTSequence": [lut(SQUARE[:-1], 4096, 12)]},
            {"VOILUTSequence": [lut(SQUARE, 4096, 12)]},
            ["LUTDescriptor"],
        ),
        ({"VOILUTSequence": [lut(SQUARE, 4095, 12)]}, {"VOILUTSequence": [lut(SQUARE, 4096, 12)]}, ["LUTDescriptor"]),
        ({"VOILUTSequence": [lut(SQUARE, 4096, 16)]}, {"VOILUTSequence": [lut(SQUARE, 4096, 12)]}, ["LUTDescriptor"]),
        ({"VOILUTSequence": [lut(SQUARE, 4096, 10)]}, {"VOILUTSequence": [lut(SQUARE, 4096, 12)]}, ["LUTDescriptor"]),
        ({"SamplesPerPixel": None}, {}, []),
        ({"HighBit": None}, {}, []),
        ({"HighBit": 99}, {}, ["HighBit"]),
        ({"DistanceSourceToPatient": 0, "DistanceSourceToDetector": 600}, {}, []),
    ],
)
def test_junk_is_read_as_if_it_were_absent(
    junk: dict[str, Any], meant: dict[str, Any], keywords: list[str], make_dicom: Make, textured: Make
) -> None:
    content = make_dicom(textured(12), 12, **junk)
    np.testing.assert_allclose(gray(content), gray(make_dicom(textured(12), 12, **meant)), atol=6e-4)
    assert ignored(content) == keywords


@pytest.mark.parametrize(
    ("attributes", "keyword"),
    [
        ({"WindowCenter": 1, "WindowWidth": -1}, "WindowWidth"),
        ({"WindowCenter": [1, 2], "WindowWidth": [-1, 5]}, "WindowWidth"),
        ({"VOILUTSequence": [lut(SQUARE[:3000], 4096, 12)]}, "LUTData"),
        ({"VOILUTSequence": [lut(SQUARE, 256, 12)]}, "LUTData"),
        ({"VOILUTSequence": [lut([], 4096, 12)]}, "LUTData"),
        ({"VOILUTSequence": [lut(SQUARE, 4096, 8)]}, "LUTData"),
        ({"HighBit": 15}, "HighBit"),
        ({"HighBit": 7}, "HighBit"),
        ({"BitsStored": None}, "BitsStored"),
    ],
)
def test_what_the_grays_depend_on_still_refuses(
    attributes: dict[str, Any], keyword: str, make_dicom: Make, textured: Make
) -> None:
    with pytest.raises(InvalidHeaderValue) as caught:
        read_mammogram(make_dicom(textured(12), 12, **attributes))
    assert caught.value.keyword == keyword


@pytest.mark.parametrize("text", ["2048,0", "nan", "1e999", "wide", "1 2"])
def test_a_window_that_is_no_number_is_refused(text: str, make_dicom: Make, textured: Make) -> None:
    content = make_dicom(textured(12), 12, WindowCenter="2048.123", WindowWidth=4096)
    with pytest.raises(InvalidHeaderValue):
        read_mammogram(content.replace(b"2048.123", text.encode().ljust(8)))


def test_empty_values_of_a_window_are_no_values(make_dicom: Make, textured: Make) -> None:
    content = make_dicom(textured(12), 12, WindowCenter=[1900, 1234], WindowWidth=[2300, 5678])
    content = content.replace(b"1900\\1234 ", b"1900\\     ").replace(b"2300\\5678 ", b"2300\\     ")
    np.testing.assert_array_equal(gray(content), gray(make_dicom(textured(12), 12, **WINDOW)))


def test_a_broken_sequence_matters_only_where_it_is_needed(make_dataset: Make, save: Make, textured: Make) -> None:
    def broken(tag: bytes) -> bytes:
        content = save(make_dataset(textured(12), 12))
        element = tag + b"SQ\0\0\x1c\0\0\0" + b"\xfe\xff\0\xe0\x40\0\0\0" + SECRET.encode() * 2
        return bytes(content.replace(b"\xe0\x7f\x10\0", element + b"\xe0\x7f\x10\0"))

    (flag,) = read_mammogram(broken(b"\x54\0\x20\x02")).flags
    assert flag.facts["tag"] == "(0054,0220)"
    assert SECRET not in repr(flag)
    with pytest.raises(InvalidHeaderValue):
        read_mammogram(broken(b"\x28\0\x10\x30"))


@pytest.mark.parametrize(
    "keyword",
    [
        "LossyImageCompressionRatio",
        "EstimatedRadiographicMagnificationFactor",
        "DistanceSourceToDetector",
        "PixelAspectRatio",
        "ImagerPixelSpacing",
        "VOILUTFunction",
    ],
)
def test_an_ignored_value_is_never_echoed(keyword: str, make_dataset: Make, save: Make, textured: Make) -> None:
    dataset = make_dataset(textured(12), 12, LossyImageCompression="01", WindowCenter=1900, WindowWidth=2300)
    dataset.add_new(keyword, "LO", SECRET)
    content = save(dataset)
    assert SECRET.encode() in content
    mammogram = read_mammogram(content, pixel_spacing_mm=0.1)
    assert keyword in {flag.facts.get("keyword") for flag in mammogram.flags}
    assert SECRET not in repr(mammogram)


def test_text_where_a_binary_number_belongs_is_read(make_dataset: Make, save: Make, textured: Make) -> None:
    dataset = make_dataset(textured(12), 12)
    dataset.add_new("Rows", "IS", "64")
    dataset.add_new("Columns", "UL", 50)
    dataset.add_new("ImagerPixelSpacing", "FD", [0.07, 0.07])
    mammogram = read_mammogram(save(dataset))
    assert (mammogram.rows, mammogram.columns, mammogram.spacing.row_mm) == (64, 50, 0.07)
