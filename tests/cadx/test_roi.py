"""The region against a plain crop and Pillow's Lanczos filter, its edges, and its refusals."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from scipy.special import erf

from cadx.artifacts import artifact_flags
from cadx.errors import CenterInAir, CenterInPadding, CenterOutsideImage
from cadx.records import LesionCenter, Mammogram, PixelWindow, Roi, Spacing, SpacingSource
from cadx.roi import extract_roi

Gray = NDArray[np.float32]


@dataclass(frozen=True)
class ArrayPixels:
    gray: Gray
    valid: NDArray[np.bool_]

    def window(self, row_start: int, row_stop: int, column_start: int, column_stop: int) -> PixelWindow:
        assert 0 <= row_start < row_stop <= self.gray.shape[0]
        assert 0 <= column_start < column_stop <= self.gray.shape[1]
        box = (slice(row_start, row_stop), slice(column_start, column_stop))
        return PixelWindow(self.gray[box].copy(), self.valid[box].copy())


def mammogram(gray: Gray, row_mm: float, column_mm: float | None = None, valid: Any = None) -> Mammogram:
    mask = np.ones(gray.shape, dtype=np.bool_) if valid is None else valid
    spacing = Spacing(row_mm, row_mm if column_mm is None else column_mm, SpacingSource.CALLER)
    rows, columns = gray.shape
    return Mammogram(rows, columns, spacing, ArrayPixels(gray * mask, mask), "array")


def noise(rows: int, columns: int) -> Gray:
    return np.random.default_rng(rows).random((rows, columns), dtype=np.float32)


def codes(roi: Roi) -> set[str]:
    return {flag.code for flag in roi.flags}


@pytest.mark.parametrize("spacing_mm", [0.1, 0.0995, 0.0998, 0.1005])
@pytest.mark.parametrize(("x", "y"), [(400.0, 450.0), (399.5, 449.5), (400.49, 450.25), (400.1, 449.9)])
def test_a_source_of_0_1_mm_is_cropped_and_not_filtered(spacing_mm: float, x: float, y: float) -> None:
    gray = noise(900, 800)
    roi = extract_roi(mammogram(gray, spacing_mm), LesionCenter(x, y))
    np.testing.assert_array_equal(roi.gray, gray[194:706, 144:656])
    assert (roi.center, roi.mark) == (LesionCenter(400.0, 450.0), LesionCenter(x, y))
    assert roi.source_spacing.row_mm == spacing_mm
    assert roi.valid.all()
    assert roi.tissue.all()
    assert roi.padded_share == 0
    np.testing.assert_array_equal(roi.to_image(np.array([[0.0, 0.0], [512.0, 512.0]])), [[144, 194], [656, 706]])


def test_a_spacing_farther_from_0_1_mm_is_resampled() -> None:
    for spacing_mm in (0.0994, 0.1006):
        roi = extract_roi(mammogram(noise(900, 800), spacing_mm), LesionCenter(400.0, 450.0))
        assert roi.step == pytest.approx([0.1 / spacing_mm] * 2, rel=1e-12)


@pytest.mark.parametrize("spacing_mm", [0.05, 0.07, 0.085, 0.1, 0.2])
def test_marks_nearest_to_one_corner_of_pixels_give_the_same_bits(spacing_mm: float) -> None:
    gray = noise(900, 800)
    first, *others = (
        extract_roi(mammogram(gray, spacing_mm), LesionCenter(x, y))
        for x, y in [(400.0, 450.0), (399.5, 449.5), (400.499, 450.499), (399.75, 450.25)]
    )
    for other in others:
        np.testing.assert_array_equal(other.gray, first.gray)
        assert other.center == first.center


@pytest.mark.parametrize("spacing_mm", [0.05, 0.0654, 0.07, 0.085, 0.099, 0.101, 0.15, 0.2])
def test_noise_is_as_strong_everywhere_in_the_region(spacing_mm: float) -> None:
    side = math.ceil(56 / spacing_mm)
    rng = np.random.default_rng(1)
    rois = [
        extract_roi(mammogram(gray.astype(np.float32), spacing_mm), LesionCenter(side // 2, side // 2)).gray
        for gray in rng.normal(0.5, 0.05, (4, side, side))
    ]
    squared = np.square(np.stack(rois) - 0.5).reshape(4, 16, 32, 16, 32)
    sd = np.sqrt(squared.mean(axis=(0, 2, 4)))
    assert np.abs(sd / sd.mean() - 1).max() < 0.15


@pytest.mark.parametrize(
    ("row_mm", "column_mm"), [(0.05, 0.05), (0.0654, 0.0654), (0.07, 0.07), (0.085, 0.085), (0.2, 0.25), (0.1, 0.2)]
)
def test_resampling_equals_pillows_lanczos_filter_about_the_corner(row_mm: float, column_mm: float) -> None:
    rows, columns = math.ceil(60 / row_mm), math.ceil(60 / column_mm)
    gray = 0.3 + 0.4 * noise(rows, columns)
    x, y = columns // 2, rows // 2
    across, down = 25.6 / column_mm, 25.6 / row_mm
    picture = Image.fromarray(gray).resize(
        (512, 512), Image.Resampling.LANCZOS, box=(x - across, y - down, x + across, y + down)
    )
    roi = extract_roi(mammogram(gray, row_mm, column_mm), LesionCenter(x + 0.3, y - 0.4))
    # Pillow's box ends its kernel, ours sees beyond.
    np.testing.assert_allclose(roi.gray[16:-16, 16:-16], np.asarray(picture)[16:-16, 16:-16], atol=1e-4)


@pytest.mark.parametrize("spacing_mm", [0.05, 0.07, 0.2])
def test_a_hard_edge_rings_neither_out_of_range_nor_into_constant_tissue(spacing_mm: float) -> None:
    side = math.ceil(60 / spacing_mm)
    white = np.full((side, side), 0.9, dtype=np.float32)
    white[:, side // 2 :] = 1.0
    bright = extract_roi(mammogram(white, spacing_mm), LesionCenter(side // 2, side // 2))
    assert bright.gray.max() <= 1.0
    black = np.full((side, side), 0.6, dtype=np.float32)
    black[:, : side // 3] = 0.0
    black[:, side * 4 // 5 :] = 0.5
    beside = extract_roi(mammogram(black, spacing_mm), LesionCenter(side // 2, side // 2))
    assert 0.1 < beside.tissue_share < 0.9
    np.testing.assert_allclose(beside.gray[:, :300][beside.tissue[:, :300]], 0.6, atol=1e-5)
    assert beside.gray[~beside.tissue].max() == 0.0


def scene(spacing_mm: float, side_mm: float = 60.0) -> Gray:
    """Gaussian blobs of 0.5 mm and more, integrated over each pixel as a detector does."""
    count = 2 * round(side_mm / spacing_mm / 2)
    edges = (np.arange(count + 1) - count / 2) * spacing_mm
    rng = np.random.default_rng(3)
    gray = np.full((count, count), 0.3)
    for _ in range(60):
        x, y, sigma, height = *rng.uniform(-22, 22, 2), rng.uniform(0.5, 4), rng.uniform(-0.1, 0.12)
        across, down = (np.diff(erf((edges - at) / (math.sqrt(2) * sigma))) for at in (x, y))
        gray += height * np.outer(down, across) * (sigma * math.sqrt(math.pi / 2) / spacing_mm) ** 2
    return gray.astype(np.float32)


@pytest.mark.parametrize(("spacing_mm", "largest"), [(0.05, 0.005), (0.07, 0.005), (0.085, 0.005), (0.2, 0.03)])
def test_one_scene_at_several_spacings_gives_one_region(spacing_mm: float, largest: float) -> None:
    def region(size_mm: float) -> Gray:
        gray = scene(size_mm)
        return extract_roi(mammogram(gray, size_mm), LesionCenter(len(gray) / 2, len(gray) / 2)).gray

    reference = region(0.1)
    difference = np.abs(region(spacing_mm) - reference).max() / (reference.max() - reference.min())
    assert difference < largest


@given(
    x=st.floats(0, 299.99),
    y=st.floats(0, 399.99),
    spacing_mm=st.sampled_from([0.02, 0.05, 0.1, 0.2, 1.0]),
    level=st.floats(0.1, 1.0),
)
@settings(max_examples=40, deadline=None)
def test_a_constant_stays_constant_up_to_the_edge(x: float, y: float, spacing_mm: float, level: float) -> None:
    gray = np.full((400, 300), level, dtype=np.float32)
    gray[0, 0] = 0  # so that it is not all air
    gray[-1, -1] = 0
    try:
        roi = extract_roi(mammogram(gray, spacing_mm), LesionCenter(x, y))
    except CenterInAir:
        return  # the dark corners are out of sight: nothing but constant background is seen
    inside = roi.valid & (roi.gray > 0.99 * level)
    assert roi.gray[~roi.valid].max(initial=0.0) == 0
    assert inside.sum() >= roi.valid.sum() - 2 * 200**2
    assert roi.padded_share == pytest.approx(1 - roi.valid.mean())


def test_padding_is_reported_and_flagged() -> None:
    roi = extract_roi(mammogram(noise(900, 800), 0.1), LesionCenter(128.0, 450.0))
    assert roi.padded_share == pytest.approx(0.25, abs=0.002)
    assert not roi.valid[:, :127].any()
    assert roi.valid[:, 129:].all()
    assert "roi_padded" in codes(roi)
    assert not artifact_flags(roi.gray, roi.valid)


def test_padding_of_the_file_never_bleeds_into_tissue() -> None:
    gray = np.full((900, 800), 0.6, dtype=np.float32)
    gray[:, 700:] = 0.5
    valid = np.ones(gray.shape, dtype=np.bool_)
    valid[:, :350] = False
    roi = extract_roi(mammogram(gray, 0.07, valid=valid), LesionCenter(600.3, 450.2))
    assert roi.gray[roi.valid].min() > 0.49
    assert 0.0 < roi.padded_share < 0.5


@pytest.mark.parametrize(
    "center", [(-0.1, 5), (5, -0.1), (800, 5), (5, 900), (math.nan, 5), (5, math.nan), (math.inf, 5), (5, -math.inf)]
)
def test_a_center_outside_is_refused(center: tuple[float, float]) -> None:
    with pytest.raises(CenterOutsideImage):
        extract_roi(mammogram(noise(900, 800), 0.1), LesionCenter(*center))


def test_a_center_in_padding_is_refused() -> None:
    gray = noise(900, 800)
    valid = np.ones(gray.shape, dtype=np.bool_)
    valid[:, :350] = False
    with pytest.raises(CenterInPadding):
        extract_roi(mammogram(gray, 0.1, valid=valid), LesionCenter(300.0, 450.0))


def test_a_center_in_masked_air_is_refused() -> None:
    gray = 0.3 + 0.5 * noise(900, 800)
    gray[:, :350] = 0.0
    with pytest.raises(CenterInAir):
        extract_roi(mammogram(gray, 0.1), LesionCenter(300.0, 450.0))
    assert extract_roi(mammogram(gray, 0.1), LesionCenter(380.0, 450.0)).valid.all()


def test_low_contrast_is_flagged() -> None:
    assert "low_contrast" in codes(extract_roi(mammogram(0.5 + 0.02 * noise(900, 800), 0.1), LesionCenter(400, 450)))
    assert "low_contrast" not in codes(extract_roi(mammogram(noise(900, 800), 0.1), LesionCenter(400, 450)))


@given(x=st.floats(10, 700), y=st.floats(10, 800), row_mm=st.floats(0.05, 0.2), column_mm=st.floats(0.05, 0.2))
@settings(max_examples=15, deadline=None)
def test_points_map_back_to_the_image(x: float, y: float, row_mm: float, column_mm: float) -> None:
    roi = extract_roi(mammogram(noise(900, 800), row_mm, column_mm), LesionCenter(x, y))
    points = np.array([[256.0, 256.0], [0.0, 0.0], [266.0, 276.0]])
    across, down = (1.0 if abs(mm - 0.1) <= 0.0005 else 0.1 / mm for mm in (column_mm, row_mm))
    x, y = math.floor(x + 0.5), math.floor(y + 0.5)
    expected = np.array([[x, y], [x - 256 * across, y - 256 * down], [x + 10 * across, y + 20 * down]])
    np.testing.assert_allclose(roi.to_image(points), expected)
