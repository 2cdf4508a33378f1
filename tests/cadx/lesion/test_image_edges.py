"""The edge of the image: it is no outline, a lesion that it cuts off is told, and it blurs no margin."""

from collections.abc import Callable

import numpy as np
import pytest

from cadx.lesion import SegmentationMethod, SegmentationOutcome, segment
from cadx.lesion.features.intensity import gradient_texture_gray_per_mm
from cadx.lesion.features.margin import sharpness_gray_per_mm
from cadx.lesion.features.region import measure_region
from cadx.lesion.features.undefined import Undefined
from cadx.records import ROI_SIZE_PX, FloatImage, LesionCenter, Mask, Roi, Spacing, SpacingSource
from training.phantoms import phantom_view, random_mass

Shape = Callable[..., Mask]


def roi_within(gray: np.ndarray, valid: Mask) -> Roi:
    spacing = Spacing(0.1, 0.1, SpacingSource.CALLER)
    middle = LesionCenter(ROI_SIZE_PX / 2, ROI_SIZE_PX / 2)
    return Roi(np.where(valid, gray, np.float32(0)), valid, middle, spacing, float(1 - valid.mean()), valid, middle)


@pytest.mark.parametrize(
    "method", [method for method in SegmentationMethod if method is not SegmentationMethod.REGION_GROWING]
)
@pytest.mark.parametrize("half_px", [120, 180, 250])
def test_the_edge_of_a_small_image_is_not_taken_for_the_lesion(method: SegmentationMethod, half_px: int) -> None:
    rng = np.random.default_rng(5)
    view = phantom_view(rng, random_mass(rng, malignant=True, diameter_mm=14.0))
    row, column = int(view.center.y) - ROI_SIZE_PX // 2, int(view.center.x) - ROI_SIZE_PX // 2
    box = np.s_[row : row + ROI_SIZE_PX, column : column + ROI_SIZE_PX]
    truth = view.mask[box]
    valid = np.zeros((ROI_SIZE_PX, ROI_SIZE_PX), dtype=np.bool_)
    image = slice(ROI_SIZE_PX // 2 - half_px, ROI_SIZE_PX // 2 + half_px)
    valid[image, image] = True
    found = segment(roi_within(view.gray[box], valid), method)
    assert found.outcome is SegmentationOutcome.FOUND
    overlap = np.count_nonzero(found.mask & truth) / np.count_nonzero(found.mask | truth)
    assert overlap > 0.6


def cut_disc(make_shape: Shape, make_gray: Callable[..., FloatImage], cut: int) -> tuple[FloatImage, Mask, Mask]:
    """A lesion of 8 mm that an image's edge cuts off at a column."""
    disc = make_shape(lambda angle: 40.0 + 0 * angle)
    seen = np.ones(disc.shape, dtype=np.bool_)
    seen[:, :cut] = False
    return make_gray(disc), disc, seen


@pytest.mark.parametrize("method", list(SegmentationMethod))
@pytest.mark.parametrize("cut", [230, 240, 250])
def test_a_lesion_that_runs_out_of_the_image_is_told(
    method: SegmentationMethod, cut: int, make_shape: Shape, make_gray: Callable[..., FloatImage]
) -> None:
    gray, disc, seen = cut_disc(make_shape, make_gray, cut)
    found = segment(roi_within(gray, seen), method)
    assert found.outcome is SegmentationOutcome.TOUCHES_BORDER
    (flag,) = found.flags
    assert flag.code == "lesion_touches_border"
    # Against the outline that the same method draws of the whole disc: the paper's own method draws it too wide.
    uncut = np.count_nonzero(segment(roi_within(gray, np.ones_like(seen)), method).mask)
    chord_mm = 0.2 * np.sqrt(uncut / np.pi - (256 - cut) ** 2)
    assert float(flag.facts["cut_mm"]) == pytest.approx(chord_mm, abs=1.0)
    visible = disc & seen
    assert np.count_nonzero(found.mask & visible) / np.count_nonzero(found.mask | visible) > 0.7


@pytest.mark.parametrize("cut", [0, 150, 205])
def test_a_lesion_near_the_edge_of_the_image_is_found(
    cut: int, make_shape: Shape, make_gray: Callable[..., FloatImage]
) -> None:
    gray, _, seen = cut_disc(make_shape, make_gray, cut)
    found = segment(roi_within(gray, seen))
    assert found.outcome is SegmentationOutcome.FOUND
    assert not found.flags


@pytest.mark.parametrize("cut", [225, 240, 256])
def test_what_no_gradient_is_known_of_does_not_dilute_the_margin(
    cut: int, make_shape: Shape, make_gray: Callable[..., FloatImage]
) -> None:
    gray, disc, seen = cut_disc(make_shape, make_gray, cut)
    whole = measure_region(gray, np.ones_like(seen), disc)
    part = measure_region(np.where(seen, gray, np.float32(0)), seen, disc)
    assert sharpness_gray_per_mm(part) == pytest.approx(sharpness_gray_per_mm(whole), rel=0.05)
    here = disc.copy()
    here[:, : cut + 7] = False
    magnitude = np.hypot(whole.gradient_x, whole.gradient_y)[here]
    assert gradient_texture_gray_per_mm(part) == pytest.approx(magnitude.std() / 0.1, rel=1e-4)
    assert not part.gradient_known[:, : cut + 7].any()
    assert part.gradient_known[:, cut + 7 :].all()


def test_a_lesion_wholly_beside_the_edge_has_no_margin(make_shape: Shape, make_gray: Callable[..., FloatImage]) -> None:
    gray, disc, seen = cut_disc(make_shape, make_gray, 290)
    region = measure_region(np.where(seen, gray, np.float32(0)), seen, disc & (np.arange(512) < 296))
    with pytest.raises(Undefined, match="no part of the outline is clear of the image's edge"):
        sharpness_gray_per_mm(region)
    with pytest.raises(Undefined, match="no pixel of the region is clear of the image's edge"):
        gradient_texture_gray_per_mm(region)
