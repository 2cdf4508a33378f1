"""Margin features against a perfect disc and pure noise."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy import ndimage

from cadx.lesion.features.intensity import contrast_gray, gradient_texture_gray_per_mm, mean_gray, sd_gray
from cadx.lesion.features.margin import (
    fwhm_margin_degrees,
    fwhm_opposite_degrees,
    fwhm_region_degrees,
    fwhm_roi_degrees,
    normalized_radial_gradient,
    radial_gradient_index,
    sharpness_gray_per_mm,
)
from cadx.lesion.features.neighborhood import dilate, lesion_neighborhoods
from cadx.lesion.features.orientation import width_at_half_maximum_degrees
from cadx.lesion.features.region import measure_region
from cadx.lesion.features.undefined import Undefined
from cadx.records import Mask

ALL = np.ones((512, 512), dtype=bool)


def cone() -> np.ndarray:
    """A gray that falls by 0.02 a mm from the middle in every direction."""
    across, down = np.meshgrid(np.arange(512) - 255.5, np.arange(512) - 255.5)
    return np.asarray(0.9 - 0.002 * np.hypot(across, down), dtype=np.float32)


def test_a_cone_has_a_perfectly_radial_margin(make_shape: Callable[..., Mask]) -> None:
    region = measure_region(cone(), ALL, make_shape(lambda angle: 100.0))
    assert normalized_radial_gradient(region) > 0.999
    assert radial_gradient_index(region) > 0.999
    assert sharpness_gray_per_mm(region) == pytest.approx(0.02, rel=0.01)
    for width in (fwhm_region_degrees, fwhm_margin_degrees, fwhm_opposite_degrees, fwhm_roi_degrees):
        assert width(region) < 4
    assert gradient_texture_gray_per_mm(region) < 0.002


def test_a_dark_disc_has_the_opposite_sign(make_shape: Callable[..., Mask]) -> None:
    region = measure_region(1 - cone(), ALL, make_shape(lambda angle: 100.0))
    assert radial_gradient_index(region) < -0.999
    assert normalized_radial_gradient(region) > 0.999


def test_noise_has_no_direction(make_shape: Callable[..., Mask]) -> None:
    radial, signed = [], []
    for seed in range(12):
        gray = 0.5 + 0.05 * np.random.default_rng(seed).normal(size=(512, 512))
        region = measure_region(gray.astype(np.float32), ALL, make_shape(lambda angle: 120.0))
        radial.append(normalized_radial_gradient(region))
        signed.append(radial_gradient_index(region))
    assert np.mean(radial) == pytest.approx(2 / np.pi, abs=0.02)
    assert np.mean(signed) == pytest.approx(0, abs=0.05)


@pytest.mark.parametrize("sigma_degrees", [10.0, 25.0, 40.0])
def test_the_width_of_a_gaussian_peak_is_2_355_sigma(sigma_degrees: float) -> None:
    angle = np.arange(-180, 180, 2) + 1.0
    peak = np.roll(np.exp(-(angle**2) / (2 * sigma_degrees**2)), 57)
    assert width_at_half_maximum_degrees(peak + 3.0) == pytest.approx(2.3548 * sigma_degrees, rel=0.03)


def test_a_flat_histogram_has_no_peak() -> None:
    assert width_at_half_maximum_degrees(np.ones(180)) == 360


def test_the_disc_dilation_equals_the_distance_transform() -> None:
    mask = ndimage.gaussian_filter(np.random.default_rng(0).normal(size=(90, 120)), 3) > 0.12
    for radius in (0, 1, 7, 10, 20):
        expected = ndimage.distance_transform_edt(~mask) <= radius
        assert np.array_equal(dilate(mask, radius), expected)


def test_neighborhoods_lie_where_they_should(make_shape: Callable[..., Mask]) -> None:
    disc = make_shape(lambda angle: 60.0)
    valid = ALL.copy()
    valid[:, :210] = False
    found = lesion_neighborhoods(disc & valid, valid)
    distance = ndimage.distance_transform_edt(~(disc & valid))
    assert np.array_equal(found.surroundings, (distance > 0) & (distance <= 20) & valid)
    assert np.array_equal(found.opposite, valid & ~disc)
    assert not (found.margin & ~valid).any()


def test_intensity_of_a_two_level_image(make_shape: Callable[..., Mask]) -> None:
    disc = make_shape(lambda angle: 80.0)
    gray = np.where(disc, 0.6, 0.4).astype(np.float32)
    gray[disc & (np.arange(512) % 2 == 0)] = 0.5
    region = measure_region(gray, ALL, disc)
    assert mean_gray(region) == pytest.approx(0.55, abs=0.001)
    assert sd_gray(region) == pytest.approx(0.05, abs=0.001)
    assert contrast_gray(region) == pytest.approx(0.15, abs=0.001)


def test_a_region_that_fills_the_image_has_no_surroundings() -> None:
    gray = cone()
    with pytest.raises(Undefined, match="surrounds"):
        contrast_gray(measure_region(gray, ALL, ALL.copy()))


def test_a_jump_of_the_width_shows_in_cuts_just_beside_half_maximum() -> None:
    # Two peaks whose valley is a hair above or below half maximum: one count of both, one of the main peak alone.
    degrees = np.arange(-180, 180, 2.0)
    peaks = np.exp(-((degrees + 40) ** 2) / 800) * 0.95 + np.exp(-((degrees - 40) ** 2) / 800)
    above, below = (np.where(np.abs(degrees) < 40, np.maximum(peaks, valley), peaks) for valley in (0.56, 0.40))
    assert width_at_half_maximum_degrees(above) > width_at_half_maximum_degrees(below) + 30
    widths = [width_at_half_maximum_degrees(above, share) for share in np.linspace(0.35, 0.65, 31)]
    assert min(widths) < width_at_half_maximum_degrees(below) + 10
    assert np.all(np.diff(widths) <= 1e-9)
