"""The gray-level chain against pydicom's own processing, and against what the standard says must look the same."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_modality_lut, apply_voi_lut

from cadx.errors import InvalidHeaderValue, MammogramError, UnsupportedPixels
from cadx.mammogram import ReadingPolicy, VoiPolicy, read_mammogram
from cadx.mammogram.gray.transformations import StoredRange, VoiFunction, Window, gray_table

Make = Callable[..., Any]


def lut(first: int, entries: Any, bits: int, vr: str = "US") -> Dataset:
    item = Dataset()
    item.add_new("LUTDescriptor", vr, [len(entries) % 65536, first, bits])
    item.add_new("LUTData", "OW", np.asarray(entries, dtype="<u2").tobytes())
    return item


def described_lut_without_data() -> Dataset:
    item = lut(0, [1, 2, 3], 12)
    item.LUTData = b""
    return item


def grays(content: bytes, **options: Any) -> Any:
    mammogram = read_mammogram(content, **options)
    return mammogram.pixels.window(0, mammogram.rows, 0, mammogram.columns).gray


SQUARE_LUT = (np.arange(4096.0) ** 2 / 4095).astype(int)
DISPLAYS: dict[str, dict[str, Any]] = {
    "linear": {"WindowCenter": 1900, "WindowWidth": 2300},
    "linear said": {"WindowCenter": 1900, "WindowWidth": 2300, "VOILUTFunction": "LINEAR"},
    "exact": {"WindowCenter": 1900, "WindowWidth": 2300, "VOILUTFunction": "LINEAR_EXACT"},
    "sigmoid": {"WindowCenter": 1900, "WindowWidth": 2300, "VOILUTFunction": "SIGMOID"},
    "several windows": {"WindowCenter": [1900, 100], "WindowWidth": [2300, 50]},
    "narrow": {"WindowCenter": 2048, "WindowWidth": 1},
    "rescaled": {"RescaleSlope": 2, "RescaleIntercept": -1000, "WindowCenter": 3000, "WindowWidth": 4000},
    "lut": {"VOILUTSequence": [lut(0, SQUARE_LUT, 12)]},
    "lut of a part": {"VOILUTSequence": [lut(1000, SQUARE_LUT[:2000], 12)]},
    "lut before window": {"VOILUTSequence": [lut(0, SQUARE_LUT, 12)], "WindowCenter": 1, "WindowWidth": 2},
}


@pytest.mark.parametrize("display", DISPLAYS)
def test_agrees_with_pydicom(display: str, make_dataset: Make, save: Make, textured: Make) -> None:
    dataset = make_dataset(textured(12), 12, **DISPLAYS[display])
    shown = apply_voi_lut(apply_modality_lut(textured(12), dataset), dataset, index=0).astype(np.float64)
    # pydicom scales a window to the range of its input, and a LUT to that of its entries.
    slope, intercept = float(dataset.get("RescaleSlope", 1)), float(dataset.get("RescaleIntercept", 0))
    low, high = (0.0, 4095.0) if "lut" in display else (intercept, 4095 * slope + intercept)
    np.testing.assert_allclose(grays(save(dataset)), (shown - low) / (high - low), atol=1e-6)


@pytest.mark.parametrize("display", ["none", *DISPLAYS])
def test_monochrome1_and_2_of_one_picture_give_the_same_grays(display: str, make_dicom: Make, textured: Make) -> None:
    attributes = dict(DISPLAYS.get(display, {}))
    stored = textured(12)
    negative = mirrored(attributes)
    plain = grays(make_dicom(stored, 12, **attributes))
    inverted = grays(make_dicom(4095 - stored, 12, PhotometricInterpretation="MONOCHROME1", **negative))
    np.testing.assert_allclose(plain, inverted, atol=1e-6)


def mirrored(attributes: dict[str, Any]) -> dict[str, Any]:
    """The display of the negative (stored values 4095 - v) that shows the same picture in MONOCHROME1."""
    slope, intercept = attributes.get("RescaleSlope", 1), attributes.get("RescaleIntercept", 0)
    total = 4095 * slope + 2 * intercept
    # LINEAR is centered on c - 0.5 (PS3.3 C.11.2.1.2.1), the others on c.
    shift = 1 if attributes.get("VOILUTFunction", "LINEAR") == "LINEAR" else 0
    changed = dict(attributes)
    if "WindowCenter" in attributes:
        centers = np.atleast_1d(attributes["WindowCenter"])
        changed["WindowCenter"] = [int(total - center + shift) for center in centers]
    if "VOILUTSequence" in attributes:
        item = attributes["VOILUTSequence"][0]
        size, first, bits = item.LUTDescriptor
        entries = np.frombuffer(item.LUTData, dtype="<u2")
        changed["VOILUTSequence"] = [lut(4095 - first - size + 1, 4095 - entries[::-1].astype(int), bits)]
    return changed


def test_signed_and_unsigned_of_one_picture_give_the_same_grays(make_dicom: Make, textured: Make) -> None:
    window = {"WindowWidth": 2000, "VOILUTFunction": "SIGMOID"}
    unsigned = grays(make_dicom(textured(12), 12, WindowCenter=2048, **window))
    signed = grays(make_dicom(textured(12, signed=True), 12, WindowCenter=0, **window))
    np.testing.assert_array_equal(unsigned, signed)


def test_signed_lut_begins_below_zero(make_dicom: Make, textured: Make) -> None:
    unsigned = grays(make_dicom(textured(12), 12, VOILUTSequence=[lut(0, SQUARE_LUT, 12)]))
    for syntax in ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1"):
        # Many writers leave US in the descriptor of signed pixels; it means the same 16 bits.
        for signed_lut in (lut(-2048, SQUARE_LUT, 12, vr="SS"), lut(65536 - 2048, SQUARE_LUT, 12, vr="US")):
            signed = grays(make_dicom(textured(12, signed=True), 12, syntax, VOILUTSequence=[signed_lut]))
            np.testing.assert_array_equal(unsigned, signed)


def test_modality_lut_comes_before_the_window(make_dataset: Make, save: Make, textured: Make) -> None:
    table = lut(0, 4095 - np.arange(4096), 12)
    table.ModalityLUTType = "OD"
    stored = textured(12)
    through = grays(save(make_dataset(stored, 12, ModalityLUTSequence=[table], WindowCenter=1500, WindowWidth=900)))
    direct = grays(save(make_dataset(4095 - stored, 12, WindowCenter=1500, WindowWidth=900)))
    np.testing.assert_array_equal(through, direct)


def test_png_and_dicom_without_voi_agree(make_dicom: Make, textured: Make) -> None:
    import io

    from PIL import Image

    stored = textured(16)
    stream = io.BytesIO()
    Image.fromarray(stored).save(stream, "PNG")
    from_png = grays(stream.getvalue(), pixel_spacing_mm=0.1)
    np.testing.assert_allclose(from_png, grays(make_dicom(stored, 16)), atol=1e-6)


def test_full_range_policy_ignores_the_files_voi(make_dicom: Make, textured: Make) -> None:
    policy = ReadingPolicy(voi=VoiPolicy.FULL_RANGE)
    shown = grays(make_dicom(textured(12), 12, WindowCenter=100, WindowWidth=20), policy=policy)
    np.testing.assert_allclose(shown, textured(12) / 4095, atol=1e-7)


@given(
    center=st.floats(-5000, 5000),
    width=st.floats(1, 10000),
    function=st.sampled_from(VoiFunction),
    bits=st.integers(8, 16),
    signed=st.booleans(),
    inverted=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_grays_are_monotone_and_within_0_and_1(
    center: float, width: float, function: VoiFunction, bits: int, signed: bool, inverted: bool
) -> None:
    table = gray_table(StoredRange(bits, signed), voi=Window(center, width, function), inverted=inverted)
    steps = np.diff(table.grays.astype(np.float64))
    assert table.grays.dtype == np.float32
    assert table.grays.min() >= 0
    assert table.grays.max() <= 1
    assert np.all(steps <= 0 if inverted else steps >= 0)


@pytest.mark.parametrize(
    ("attributes", "keyword"),
    [
        ({"WindowCenter": 100, "WindowWidth": -5}, "WindowWidth"),
        ({"RescaleSlope": 1e7, "RescaleIntercept": 0}, "RescaleSlope"),
        ({"VOILUTSequence": [lut(0, [1, 2, 9000], 8)]}, "LUTData"),
        ({"VOILUTSequence": [lut(0, [1, 2, 3], 40)]}, "LUTDescriptor"),
        ({"VOILUTSequence": [described_lut_without_data()]}, "LUTData"),
    ],
)
def test_a_display_that_makes_no_sense_is_refused(
    attributes: dict[str, Any], keyword: str, make_dicom: Make, textured: Make
) -> None:
    with pytest.raises(InvalidHeaderValue) as caught:
        read_mammogram(make_dicom(textured(12), 12, **attributes))
    assert caught.value.keyword == keyword


def test_color_is_refused(make_dicom: Make, textured: Make) -> None:
    with pytest.raises(MammogramError):
        read_mammogram(make_dicom(textured(8), 8, PhotometricInterpretation="PALETTE COLOR"))
    with pytest.raises(UnsupportedPixels):
        read_mammogram(make_dicom(textured(8), 8, SamplesPerPixel=3))


def test_overlay_bits_above_bits_stored_are_dropped(make_dataset: Make, save: Make, textured: Make) -> None:
    stored = textured(12)
    dataset = make_dataset(stored | 0x8000, 12)
    dataset.add_new(0x6000_0102, "US", 15)
    np.testing.assert_array_equal(grays(save(dataset)), grays(save(make_dataset(stored, 12))))


def test_padding_is_no_image(make_dicom: Make, textured: Make) -> None:
    stored = textured(12)
    stored[:10] = 7
    stored[10:12] = 5
    for attributes, rows in (({}, 10), ({"PixelPaddingRangeLimit": 5}, 12)):
        content = make_dicom(stored, 12, PixelPaddingValue=7, **attributes)
        window = read_mammogram(content).pixels.window(0, 64, 0, 50)
        assert not window.valid[:rows].any()
        assert window.valid[rows:].mean() > 0.99
        assert not window.gray[~window.valid].any()


@pytest.mark.parametrize(("vr", "value"), [("SS", -2000), ("US", 65536 - 2000)])
def test_padding_of_signed_pixels(vr: str, value: int, make_dataset: Make, save: Make, textured: Make) -> None:
    stored = textured(12, signed=True)
    stored[:10] = -2000
    dataset = make_dataset(stored, 12)
    dataset.add_new("PixelPaddingValue", vr, value)
    window = read_mammogram(save(dataset)).pixels.window(0, 64, 0, 50)
    assert not window.valid[:10].any()
    assert window.valid[10:].mean() > 0.99
