"""An outline that a reader drew: how it is checked, rasterized and measured, and what a reader's diameter does."""

from dataclasses import replace

import numpy as np
import pytest
from skimage.draw import polygon2mask

from cadx.errors import (
    ContourOutsideImage,
    ContourOutsideRegion,
    ContourSelfCrossing,
    ContourTooFewPoints,
    ContourTooLarge,
    ContourTooSmall,
    DiameterUnusable,
)
from cadx.lesion import (
    FEATURES,
    DrawnBy,
    SegmentationMethod,
    SegmentationOutcome,
    describe_lesion,
    inner_point,
    readers_contour,
    segment,
)
from cadx.lesion.drawn import drawn_segmentation, polygon_mask
from cadx.records import ROI_SIZE_PX, LesionCenter, Points, Roi, Spacing, SpacingSource

MIDDLE = ROI_SIZE_PX / 2


def roi_of(gray: np.ndarray, tissue: np.ndarray | None = None, spacing_mm: float = 0.1) -> Roi:
    everywhere = np.ones(gray.shape, dtype=np.bool_)
    center = LesionCenter(400.0, 300.0)
    spacing = Spacing(spacing_mm, spacing_mm, SpacingSource.CALLER)
    known = everywhere if tissue is None else tissue
    return Roi(gray.astype(np.float32), everywhere, center, spacing, 0.0, known, center)


def two_disks(inner_mm: float, outer_mm: float) -> np.ndarray:
    """A bright disc in a wider, fainter one, with a little texture."""
    y, x = np.mgrid[:ROI_SIZE_PX, :ROI_SIZE_PX] + 0.5 - MIDDLE
    radius_mm = np.hypot(x, y) / 10
    edge = [1 / (1 + np.exp((radius_mm - diameter / 2) / 0.15)) for diameter in (inner_mm, outer_mm)]
    gray: np.ndarray = 0.3 + 0.25 * edge[0] + 0.2 * edge[1] + 0.01 * np.sin(x / 3) * np.cos(y / 4)
    return gray


def circle(radius_px: float, x: float = MIDDLE, y: float = MIDDLE, count: int = 90) -> np.ndarray:
    angle = np.arange(count) / count * 2 * np.pi
    return np.stack([x + radius_px * np.cos(angle), y + radius_px * np.sin(angle)], axis=1)


def on_image(roi: Roi, polygon: Points) -> Points:
    return roi.to_image(polygon)


@pytest.mark.parametrize("seed", range(8))
def test_the_mask_holds_the_pixels_whose_middle_is_inside(seed: int) -> None:
    rng = np.random.default_rng(seed)
    angle = np.sort(rng.uniform(0, 2 * np.pi, 25))
    radius = rng.uniform(30, 240, 25)
    polygon = MIDDLE + np.stack([np.cos(angle), np.sin(angle)], axis=1) * radius[:, None]
    # The reference has pixels at whole numbers, row before column.
    expected = polygon2mask((ROI_SIZE_PX, ROI_SIZE_PX), polygon[:, ::-1] - 0.5)  # type: ignore[no-untyped-call]
    assert np.array_equal(polygon_mask(polygon), expected)


def test_a_rectangle_between_pixels_has_its_own_area() -> None:
    polygon = np.array([[100.0, 50.0], [140.0, 50.0], [140.0, 80.0], [100.0, 80.0]])
    for turned in (polygon, polygon[::-1], np.roll(polygon, 1, axis=0)):
        mask = polygon_mask(turned)
        assert mask[50:80, 100:140].all()
        assert mask.sum() == 1200


@pytest.mark.parametrize("method", SegmentationMethod)
@pytest.mark.parametrize("spacing_mm", [0.05, 0.07, 0.1, 0.2])
def test_the_automatic_outline_sent_back_is_measured_the_same(method: SegmentationMethod, spacing_mm: float) -> None:
    roi = roi_of(two_disks(12.0, 12.0), spacing_mm=spacing_mm)
    automatic = describe_lesion(roi, method)
    contour = readers_contour(on_image(roi, automatic.contour), 2000, 2000)
    drawn = describe_lesion(roi, method, contour)
    assert drawn.segmentation.method is DrawnBy.READER
    assert drawn.segmentation.outcome is SegmentationOutcome.FOUND
    one, other = automatic.segmentation.mask, drawn.segmentation.mask
    assert 2 * (one & other).sum() / (one.sum() + other.sum()) > 0.99
    for feature, before, after in zip(FEATURES, automatic.features, drawn.features, strict=True):
        if feature.family in {"size", "intensity"}:
            assert after == pytest.approx(before, rel=0.02, abs=0.01), feature.name


def test_every_feature_agrees_exactly_with_an_outline_that_keeps_every_corner() -> None:
    roi = roi_of(two_disks(12.0, 12.0))
    steps = np.zeros((ROI_SIZE_PX, ROI_SIZE_PX), dtype=np.bool_)
    steps[200:300, 220:310] = True
    steps[230:330, 200:280] = True
    corners = [[220, 200], [310, 200], [310, 300], [280, 300], [280, 330], [200, 330], [200, 230], [220, 230]]
    drawn = describe_lesion(roi, SegmentationMethod.RGI, on_image(roi, np.array(corners, dtype=np.float64)))
    assert np.array_equal(drawn.segmentation.mask, steps)
    again = describe_lesion(roi, SegmentationMethod.DUAL_STAGE, on_image(roi, np.array(corners[::-1], dtype=float)))
    assert np.array_equal(drawn.features, again.features), "neither its direction nor the model's method matters"


def test_a_drawn_outline_wins_over_what_the_image_shows() -> None:
    roi = roi_of(two_disks(12.0, 12.0))
    moved = describe_lesion(roi, SegmentationMethod.DUAL_STAGE, on_image(roi, circle(40, MIDDLE + 60, MIDDLE - 50)))
    middle = np.argwhere(moved.segmentation.mask).mean(axis=0) + 0.5
    assert middle == pytest.approx([MIDDLE - 50, MIDDLE + 60], abs=0.2)
    assert moved.segmentation.mask.sum() == pytest.approx(np.pi * 40**2, rel=0.01)


def test_first_point_repeated_and_points_in_a_row_are_one() -> None:
    square = np.array([[10.0, 10.0], [50.0, 10.0], [50.0, 50.0], [10.0, 50.0]])
    closed = np.concatenate([square[:1], square, square[:1]])
    assert len(readers_contour(closed, 100, 100)) == 4


def test_too_few_points_are_refused() -> None:
    few: list[list[list[float]]] = [[], [[1, 1]], [[1, 1], [5, 5]], [[1, 1], [5, 5], [5, 5], [1, 1]]]
    for points in few:
        with pytest.raises(ContourTooFewPoints):
            readers_contour(np.array(points, dtype=np.float64).reshape(-1, 2), 100, 100)


@pytest.mark.parametrize(
    "points",
    [
        pytest.param([[10, 10], [50, 50], [50, 10], [10, 50]], id="bow tie"),
        pytest.param([[10, 10], [50, 10], [20, 10], [20, 50]], id="a side on another"),
        pytest.param([[0, 0], [90, 0], [90, 90], [40, -0.0], [0, 90], [45, 10], [95, 10]], id="late"),
    ],
)
def test_an_outline_that_crosses_itself_is_refused(points: list[list[float]]) -> None:
    with pytest.raises(ContourSelfCrossing):
        readers_contour(np.array(points, dtype=np.float64), 100, 100)


def test_parts_that_touch_at_a_corner_are_one_outline() -> None:
    hourglass = [[10, 10], [30, 30], [50, 10], [50, 50], [30, 30], [10, 50]]
    assert len(readers_contour(hourglass, 100, 100)) == 6


@pytest.mark.parametrize("bad", [[-1.0, 5.0], [5.0, 101.0], [np.nan, 5.0], [np.inf, 5.0]])
def test_an_outline_that_leaves_the_image_is_refused(bad: list[float]) -> None:
    with pytest.raises(ContourOutsideImage) as refused:
        readers_contour(np.array([[0, 0], [100, 0], bad]), 100, 100)
    assert (refused.value.columns, refused.value.rows) == (100, 100)
    assert len(readers_contour([[0, 0], [100, 0], [100, 100]], 100, 100)) == 3, "the image's edge is on the image"


def test_an_outline_that_leaves_the_region_is_refused() -> None:
    roi = roi_of(two_disks(12.0, 12.0))
    with pytest.raises(ContourOutsideRegion):
        drawn_segmentation(roi, on_image(roi, circle(60, MIDDLE + 200)))


def test_outlines_smaller_or_larger_than_a_lesion_are_refused() -> None:
    roi = roi_of(two_disks(12.0, 12.0))
    drawn_segmentation(roi, on_image(roi, circle(11.5)))
    with pytest.raises(ContourTooSmall):
        drawn_segmentation(roi, on_image(roi, circle(11.0)))  # 3.8 mm2
    drawn_segmentation(roi, on_image(roi, circle(225)))
    with pytest.raises(ContourTooLarge):
        drawn_segmentation(roi, on_image(roi, circle(227)))  # 1619 mm2


def test_only_tissue_counts_and_the_cut_is_flagged() -> None:
    tissue = np.ones((ROI_SIZE_PX, ROI_SIZE_PX), dtype=np.bool_)
    tissue[:, 270:] = False
    roi = replace(roi_of(two_disks(12.0, 12.0)), tissue=tissue)
    cut = drawn_segmentation(roi, on_image(roi, circle(60)))
    assert not cut.mask[:, 270:].any()
    assert cut.outcome is SegmentationOutcome.TOUCHES_BORDER
    assert [flag.code for flag in cut.flags] == ["lesion_touches_border"]
    with pytest.raises(ContourTooSmall):
        drawn_segmentation(roi, on_image(roi, circle(60, MIDDLE + 80)))


def test_the_center_of_an_outline_is_its_centroid_or_else_a_point_inside() -> None:
    center = inner_point(circle(40, 100, 80))
    assert (center.x, center.y) == pytest.approx((100, 80), abs=1e-9)
    horseshoe = np.array([[0, 0], [100, 0], [100, 100], [80, 100], [80, 20], [20, 20], [20, 100], [0, 100.0]])
    inside = inner_point(horseshoe)
    assert 0 < inside.y < 20
    assert inside.x == pytest.approx(50)
    assert inner_point(horseshoe[::-1]) == inside


@pytest.mark.parametrize(
    "method", [SegmentationMethod.EDGE_GROWING, SegmentationMethod.RGI, SegmentationMethod.DUAL_STAGE]
)
def test_a_diameter_chooses_between_two_edges(method: SegmentationMethod) -> None:
    roi = roi_of(two_disks(7.0, 20.0))
    found = [2 * np.sqrt(segment(roi, method, diameter).mask.sum() / np.pi) / 10 for diameter in (7.0, 20.0)]
    assert found == pytest.approx([7.0, 20.0], rel=0.12)


def test_a_diameter_steers_and_does_not_fix() -> None:
    roi = roi_of(two_disks(12.0, 12.0))
    for diameter in (9.0, 12.0, 16.0):
        found = 2 * np.sqrt(segment(roi, SegmentationMethod.DUAL_STAGE, diameter).mask.sum() / np.pi) / 10
        assert found == pytest.approx(12.0, rel=0.06)


@pytest.mark.parametrize("method", SegmentationMethod)
def test_where_nothing_is_found_the_disc_has_the_readers_diameter(method: SegmentationMethod) -> None:
    rng = np.random.default_rng(3)
    noise = roi_of(0.5 + 0.02 * rng.standard_normal((ROI_SIZE_PX, ROI_SIZE_PX)))
    nothing = segment(noise, method, 17.0)
    if nothing.trace.chosen >= 0:
        pytest.skip("this method finds something in noise")
    assert nothing.mask.sum() == pytest.approx(np.pi * 85**2, rel=0.01)


@pytest.mark.parametrize("diameter", [1.9, 45.1, float("nan")])
def test_a_diameter_that_no_outline_may_have_is_refused(diameter: float) -> None:
    with pytest.raises(DiameterUnusable):
        segment(roi_of(two_disks(12.0, 12.0)), SegmentationMethod.DUAL_STAGE, diameter)
