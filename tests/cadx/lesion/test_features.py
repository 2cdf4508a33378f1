"""The table as a whole: order, finite values, refusals, and what a feature must not depend on."""

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage

from cadx.errors import FeatureNotComputable, LesionTooSmall
from cadx.lesion import FEATURES, FeatureFamily, Segmentation, SegmentationMethod, lesion_features, segment
from cadx.lesion.features.orientation import SMOOTHING_DEGREES, width_at_half_maximum_degrees
from cadx.lesion.features.region import measure_region
from cadx.records import FloatImage, Mask, Roi

BASELINE = Path(__file__).parent / "baseline.csv"
NAMES = [feature.name for feature in FEATURES]
Images = tuple[FloatImage, Mask, Mask]


def values_of(gray: FloatImage, valid: Mask, mask: Mask) -> np.ndarray:
    region = measure_region(gray, valid, mask)
    return np.array([feature.compute(region) for feature in FEATURES])


def random_lesion(seed: int) -> Images:
    """A random lobed lesion off the middle, on a slope, with padding at one side."""
    rng = np.random.default_rng(seed)
    across = np.arange(512)[None, :] + 0.5 - 250 - rng.uniform(-20, 20)
    down = np.arange(512)[:, None] + 0.5 - 250 - rng.uniform(-20, 20)
    angle = np.arctan2(down, across)
    wave = sum(rng.normal(0, 0.25 / k) * np.cos(k * angle + rng.uniform(0, 6.28)) for k in range(2, 9))
    mask = np.hypot(across, down) <= rng.uniform(20, 90) * np.exp(wave)
    mask = ndimage.binary_fill_holes(mask)
    gray = 0.3 + 0.2 * ndimage.gaussian_filter(mask.astype(float), 4) + 0.0001 * across
    gray += 0.02 * ndimage.gaussian_filter(rng.normal(size=mask.shape), 2)
    valid = np.ones_like(mask)
    valid[:, 490:] = False
    return np.where(valid, gray, 0).astype(np.float32), valid, mask


def moved(images: Images, move: Callable[[NDArray[Any]], NDArray[Any]]) -> Images:
    gray, valid, mask = (move(image) for image in images)
    return gray, valid, mask


def test_names_are_unique_and_bear_their_units() -> None:
    assert len(set(NAMES)) == len(NAMES) == 39
    assert {feature.family for feature in FEATURES} == set(FeatureFamily)
    for feature in FEATURES:
        for unit, suffix in (("mm", "_mm"), ("mm2", "_mm2"), ("degrees", "_degrees"), ("gray/mm", "_gray_per_mm")):
            assert (feature.unit == unit) == (
                feature.name.endswith(suffix) and not (unit == "mm" and feature.name.endswith("_per_mm"))
            ), feature
        assert feature.reads_as
        assert feature.compute.__doc__ or feature.compute.__name__.startswith("_")


# Features that are read off the pixel grid exactly keep to float error; the polygon's depend on where a tie between two
# vertices falls.
LOOSE = {"fractional_concavity": 0.05, "spiculation_index": 0.08}


def assert_same(first: np.ndarray, second: np.ndarray, tolerance: float = 2e-3) -> None:
    for name, one, other in zip(NAMES, first, second, strict=True):
        if name in LOOSE:
            assert abs(one - other) <= LOOSE[name], name
        elif name.startswith("fwhm"):
            assert abs(one - other) <= max(2.0, 0.05 * one), name
        else:
            assert abs(one - other) <= tolerance * max(abs(one), 0.05), (name, one, other)


@given(st.integers(0, 10_000), st.sampled_from([(0, 1), (1, 0), (-1, 1)]))
@example(135, (0, 1))
@example(285, (0, 1))
@example(935, (1, 0))
@example(2064, (-1, 1))
@settings(max_examples=5, deadline=None)
def test_a_shift_by_one_pixel_changes_nothing(seed: int, step: tuple[int, int]) -> None:
    images = random_lesion(seed)
    first = values_of(*images)
    # The whole-ROI neighborhoods gain and lose a row of pixels, and nothing else changes.
    after = moved(images, lambda image: np.roll(image, step, axis=(0, 1)))
    second = values_of(*after)
    # A width may jump where the valley between two peaks lies at half maximum (`width_at_half_maximum_degrees`), as far
    # as the change of its histogram explains, and no further.
    one, other = measure_region(*images).orientation, measure_region(*after).orientation
    for neighborhood in ("region", "margin", "opposite", "roi"):
        place = NAMES.index(f"fwhm_{neighborhood}_degrees")
        narrowest, widest, change = width_bounds(getattr(one, neighborhood), getattr(other, neighborhood))
        assert change < LARGEST_CHANGE
        assert narrowest - 1e-6 <= second[place] <= widest + 1e-6
        second[place] = first[place]
    assert_same(first, second, 5e-3)


LARGEST_CHANGE = 0.05
"""Of a smoothed histogram by a shift of one pixel, of its height; 0.022 was the most in a search of 2,600."""


def width_bounds(histogram: NDArray[np.float64], changed: NDArray[np.float64]) -> tuple[float, float, float]:
    """Bound the width of a changed histogram by what is known of the first and the size of the change.

    Where no bin of the smoothed histogram changes by more than e, the new main peak is an old one that is at most 2 e
    lower than the old main peak, and the new cut lies between the old ones 2 e above and 2 e below half maximum. The
    bounds hold for any change; they lie far apart only where a peak or a valley is a hair from the cut.

    Returns
    -------
    tuple of float
        The narrowest and the widest in degrees, and e in units of the histogram's height.
    """
    one, other = (
        ndimage.gaussian_filter1d(h / h.sum(), SMOOTHING_DEGREES / 2, mode="wrap") for h in (histogram, changed)
    )
    change = float(np.abs(one - other).max())
    half = (one.max() + one.min()) / 2
    widths = [
        width_about(np.roll(one, -int(peak)), cut)
        for peak in np.flatnonzero(one >= one.max() - 2 * change)
        for cut in (half - 2 * change, half + 2 * change)
    ]
    return min(widths), max(widths), change / float(np.ptp(one))


def width_about(turned: NDArray[np.float64], cut: float) -> float:
    """Width of the peak at the first bin, from where the values fall to the cut on either side, in degrees."""
    if turned.min() > cut:
        return 360.0
    steps = 0.0
    for side in (turned, np.roll(turned[::-1], 1)):
        below = int(np.argmax(side <= cut))
        steps += below - (cut - side[below]) / (side[below - 1] - side[below]) if below else 0.0
    kernel = SMOOTHING_DEGREES * 2 * np.sqrt(2 * np.log(2))
    return float(np.sqrt(max(0.0, (steps * 2) ** 2 - kernel**2)))


@given(st.integers(0, 10_000), st.sampled_from([0.0005, 0.005, 0.02]))
@settings(max_examples=100, deadline=None)
def test_a_width_never_leaves_the_bounds_of_its_histograms_change(seed: int, noise: float) -> None:
    rng = np.random.default_rng(seed)
    degrees = np.arange(-180, 180, 2.0)
    peaks = sum(
        rng.uniform(0.5, 1)
        * np.exp(-(((degrees - rng.uniform(-180, 180) + 180) % 360 - 180) ** 2) / rng.uniform(200, 3000))
        for _ in range(4)
    )
    histogram = np.asarray(peaks + rng.uniform(0, 0.5), dtype=np.float64)
    changed = histogram + noise * rng.normal(size=180).clip(-2, 2) * histogram
    narrowest, widest, _ = width_bounds(histogram, changed)
    assert narrowest - 1e-6 <= width_at_half_maximum_degrees(changed) <= widest + 1e-6


@given(st.integers(0, 10_000))
@settings(max_examples=5, deadline=None)
def test_a_turn_by_90_degrees_and_a_flip_change_nothing(seed: int) -> None:
    images = random_lesion(seed)
    first = values_of(*images)
    assert_same(first, values_of(*moved(images, lambda image: np.ascontiguousarray(np.rot90(image)))))
    assert_same(first, values_of(*moved(images, lambda image: np.ascontiguousarray(image[:, ::-1]))))


@given(st.integers(0, 10_000), st.floats(-0.15, 0.3))
@settings(max_examples=5, deadline=None)
def test_a_gray_offset_changes_the_mean_gray_alone(seed: int, offset: float) -> None:
    gray, valid, mask = random_lesion(seed)
    first = values_of(gray, valid, mask)
    second = values_of((gray + np.float32(offset)).astype(np.float32), valid, mask)
    mean = NAMES.index("mean_gray")
    assert second[mean] == pytest.approx(first[mean] + offset, abs=1e-5)
    second[mean] = first[mean]
    assert_same(first, second, 2e-2)  # float32 rounding moves a few pixels between gray levels


def test_padding_never_leaks_into_a_feature() -> None:
    gray, valid, mask = random_lesion(3)
    gray = np.where(np.arange(512)[None, :] < 300, gray, 0).astype(np.float32)
    valid = np.broadcast_to(np.arange(512)[None, :] < 300, gray.shape).copy()
    bright = np.where(valid, gray, 1).astype(np.float32)
    np.testing.assert_allclose(values_of(gray, valid, mask), values_of(bright, valid, mask), rtol=1e-6)


@pytest.mark.parametrize("side", [1, 3, 7])
def test_a_tiny_region_is_refused_with_the_reason(side: int, make_roi: Callable[..., Roi]) -> None:
    mask = np.zeros((512, 512), dtype=bool)
    mask[256 : 256 + side, 256 : 256 + side] = True
    roi = make_roi(np.random.default_rng(0).random((512, 512)))
    with pytest.raises(LesionTooSmall, match=f"{side * side} pixels of tissue") as refusal:
        lesion_features(roi, replace(segmented(roi), mask=mask))
    assert refusal.value.area_px == side * side


@pytest.mark.parametrize("shape", [(8, 7), (60, 1), (1, 60), (50, 2)])
def test_the_smallest_regions_are_measured(shape: tuple[int, int], make_roi: Callable[..., Roi]) -> None:
    mask = np.zeros((512, 512), dtype=bool)
    mask[256 : 256 + shape[0], 256 : 256 + shape[1]] = True
    roi = make_roi(np.random.default_rng(0).random((512, 512)))
    assert np.isfinite(lesion_features(roi, replace(segmented(roi), mask=mask))).all()


def test_a_flat_image_is_refused_not_given_nan(make_roi: Callable[..., Roi]) -> None:
    roi = make_roi(np.full((512, 512), 0.4))
    with pytest.raises(FeatureNotComputable, match="constant") as refusal:
        lesion_features(roi, segment(roi))
    assert refusal.value.feature in NAMES


def segmented(roi: Roi) -> Segmentation:
    return segment(roi, SegmentationMethod.RGI)


def baseline_rows() -> list[dict[str, str]]:
    with BASELINE.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_values_equal_the_recorded_baseline(seed: int) -> None:
    recorded = {row["feature"]: float(row[f"lesion_{seed}"]) for row in baseline_rows()}
    assert list(recorded) == NAMES
    for name, value in zip(NAMES, values_of(*random_lesion(seed)), strict=True):
        assert value == pytest.approx(recorded[name], rel=1e-4, abs=1e-5), name


def test_the_documentation_lists_every_feature_in_order() -> None:
    page = (Path(__file__).parents[3] / "docs" / "lesion-features.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert len(rows) >= len(FEATURES)
    for feature, row in zip(FEATURES, rows, strict=False):
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        expected = [f"`{feature.name}`", feature.family.value, feature.unit, feature.reads_as, feature.ibsi or "-"]
        assert cells == expected
