"""What the four methods find, and how they say that they found nothing."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy import ndimage

from cadx.lesion import SegmentationMethod, SegmentationOutcome, segment
from cadx.lesion.segmentation.surface import background_trend, gray_surface
from cadx.records import FloatImage, Mask, Roi

METHODS = list(SegmentationMethod)
# The paper's own method stops in the foot of the edge, where fingers grow into textured surroundings: a disc of 3 mm
# is outlined twice too wide. It has tests of its own.
SURE = [method for method in METHODS if method is not SegmentationMethod.REGION_GROWING]


def overlap(first: Mask, second: Mask) -> float:
    return float((first & second).sum() / (first | second).sum())


@pytest.mark.parametrize("method", SURE)
@pytest.mark.parametrize("radius_mm", [1.5, 3.0, 6.0, 12.0])
def test_discs_of_3_to_24_mm_are_found(
    method: SegmentationMethod,
    radius_mm: float,
    make_roi: Callable[..., Roi],
    make_shape: Callable[..., Mask],
    make_gray: Callable[..., FloatImage],
) -> None:
    disc = make_shape(lambda angle: 10 * radius_mm)
    found = segment(make_roi(make_gray(disc)), method)
    assert found.outcome is SegmentationOutcome.FOUND
    assert found.flags == ()
    assert overlap(found.mask, disc) > 0.7


@pytest.mark.parametrize("method", METHODS)
def test_the_mask_is_one_region_without_holes(
    method: SegmentationMethod,
    make_roi: Callable[..., Roi],
    make_shape: Callable[..., Mask],
    make_gray: Callable[..., FloatImage],
) -> None:
    lobed = make_shape(lambda angle: 60 + 12 * np.cos(5 * angle))
    mask = segment(make_roi(make_gray(lobed, noise=0.05)), method).mask
    assert ndimage.label(mask, np.ones((3, 3)))[1] == 1
    assert (ndimage.binary_fill_holes(mask) == mask).all()


@pytest.mark.parametrize("method", SURE)
def test_a_mark_up_to_3_mm_off_still_finds_the_lesion(
    method: SegmentationMethod,
    make_roi: Callable[..., Roi],
    make_shape: Callable[..., Mask],
    make_gray: Callable[..., FloatImage],
) -> None:
    for x, y in ((226.5, 256.0), (277.0, 235.0), (256.0, 283.0)):
        small = make_shape(lambda angle: 25.0, x, y)
        found = segment(make_roi(make_gray(small)), method)
        assert overlap(found.mask, small) > 0.6, (x, y)
        assert np.hypot(found.seed[0] - x, found.seed[1] - y) < 25


@pytest.mark.parametrize("method", SURE)
def test_a_steep_background_does_not_swallow_the_lesion(
    method: SegmentationMethod,
    make_roi: Callable[..., Roi],
    make_shape: Callable[..., Mask],
    make_gray: Callable[..., FloatImage],
) -> None:
    disc = make_shape(lambda angle: 50.0)
    slope = np.linspace(-0.3, 0.3, 512, dtype=np.float32)[None, :]
    found = segment(make_roi(make_gray(disc) + slope), method)
    assert overlap(found.mask, disc) > 0.6


@pytest.mark.parametrize("method", METHODS)
def test_padding_beside_the_lesion_is_never_part_of_it(
    method: SegmentationMethod,
    make_roi: Callable[..., Roi],
    make_shape: Callable[..., Mask],
    make_gray: Callable[..., FloatImage],
) -> None:
    disc = make_shape(lambda angle: 50.0)
    valid = np.ones((512, 512), dtype=bool)
    valid[:, :230] = False
    found = segment(make_roi(make_gray(disc), valid), method)
    assert not (found.mask & ~valid).any()
    assert overlap(found.mask, disc & valid) > 0.5


def test_padding_does_not_change_the_surface_elsewhere(
    make_roi: Callable[..., Roi], make_shape: Callable[..., Mask], make_gray: Callable[..., FloatImage]
) -> None:
    gray = make_gray(make_shape(lambda angle: 50.0))
    valid = np.ones((512, 512), dtype=bool)
    valid[:, :100] = False
    dark, bright = make_roi(gray, valid), make_roi(gray, valid)
    bright.gray[~valid] = 1.0
    assert np.array_equal(gray_surface(dark).gray, gray_surface(bright).gray)


@pytest.mark.parametrize("method", METHODS)
def test_a_flat_image_has_no_lesion_and_says_so(method: SegmentationMethod, make_roi: Callable[..., Roi]) -> None:
    found = segment(make_roi(np.full((512, 512), 0.4)), method)
    assert found.outcome is SegmentationOutcome.NO_LESION
    assert [flag.code for flag in found.flags] == ["no_lesion_found"]
    assert found.trace.chosen == -1
    assert abs(2 * np.sqrt(found.mask.sum() / np.pi) - 100) < 1  # the documented stand-in: a disc of 10 mm


@pytest.mark.parametrize("method", METHODS)
def test_a_dark_spot_is_not_a_lesion_of_its_own_size(
    method: SegmentationMethod,
    make_roi: Callable[..., Roi],
    make_shape: Callable[..., Mask],
    make_gray: Callable[..., FloatImage],
) -> None:
    spot = make_shape(lambda angle: 60.0)
    found = segment(make_roi(make_gray(spot, contrast=-0.2, noise=0.0)), method)
    assert overlap(found.mask, spot) < 0.7


def test_a_lesion_that_leaves_the_roi_is_reported(make_roi: Callable[..., Roi]) -> None:
    x = np.arange(512)[None, :] - 255.5
    band = 0.3 + 0.3 * np.exp(-(x**2) / (2 * 60.0**2)) * np.ones((512, 1))
    for method in (SegmentationMethod.REGION_GROWING, SegmentationMethod.EDGE_GROWING):
        found = segment(make_roi(band), method)
        assert found.outcome is not SegmentationOutcome.FOUND
        assert found.flags


def test_an_image_that_is_all_padding_or_air_does_not_break(make_roi: Callable[..., Roi]) -> None:
    nothing = make_roi(np.zeros((512, 512)))
    valid = np.zeros((512, 512), dtype=bool)
    valid[250:262, 250:262] = True
    speck = make_roi(np.full((512, 512), 0.5), valid)
    for method in METHODS:
        for roi in (nothing, speck):
            found = segment(roi, method)
            assert found.outcome is SegmentationOutcome.NO_LESION
            assert not (found.mask & ~roi.valid).any()


@pytest.mark.parametrize("method", METHODS)
def test_the_trace_tells_what_was_chosen(
    method: SegmentationMethod,
    make_roi: Callable[..., Roi],
    make_shape: Callable[..., Mask],
    make_gray: Callable[..., FloatImage],
) -> None:
    trace = segment(make_roi(make_gray(make_shape(lambda angle: 50.0))), method).trace
    assert (np.diff(trace.area_mm2) >= 0).all()
    assert (np.diff(trace.level) < 0).all()
    for values in (trace.circularity, trace.irregularity, trace.rgi, trace.evidence):
        assert values.shape == trace.level.shape
        assert np.isfinite(values).all()
    assert 0 <= trace.chosen < len(trace.level)
    assert trace.transitions
    assert trace.evidence[trace.chosen] > 0


def test_the_trend_is_the_polynomial_that_was_put_in() -> None:
    y, x = np.meshgrid(np.linspace(-1, 1, 128), np.linspace(-1, 1, 128), indexing="ij")
    surface = (0.3 + 0.1 * x - 0.2 * y + 0.05 * x * y + 0.07 * x**2 - 0.03 * y**2).astype(np.float32)
    mask = x > -0.5
    seen = np.where(mask, surface, 9.0).astype(np.float32)
    np.testing.assert_allclose(background_trend(seen, mask), surface - surface[mask].mean(), atol=1e-5)


def test_the_same_roi_gives_the_same_answer(
    make_roi: Callable[..., Roi], make_shape: Callable[..., Mask], make_gray: Callable[..., FloatImage]
) -> None:
    roi = make_roi(make_gray(make_shape(lambda angle: 40.0)))
    assert np.array_equal(segment(roi).mask, segment(roi).mask)
