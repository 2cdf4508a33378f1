"""The outline and the mask on the source's own grid."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from skimage.measure import grid_points_in_poly

from cadx.lesion import contour_polygon, mask_on_source
from cadx.lesion.features.polygon import polygon_area
from cadx.records import LesionCenter, Mask, Roi, Spacing, SpacingSource

Points = NDArray[np.float64]


def test_the_outline_of_a_disc_has_its_area_and_radius(make_shape: Callable[..., Mask]) -> None:
    outline = contour_polygon(make_shape(lambda angle: 80.0, 250.0, 260.0))
    radius = np.hypot(outline[:, 0] - 250.0, outline[:, 1] - 260.0)
    assert abs(radius - 80.0).max() < 1.0
    assert polygon_area(outline) == pytest.approx(np.pi * 80.0**2, rel=0.01)


def test_a_single_pixel_is_outlined_about_its_middle() -> None:
    mask = np.zeros((512, 512), dtype=bool)
    mask[100, 40] = True
    np.testing.assert_allclose(contour_polygon(mask, 0.0).mean(axis=0), [40.5, 100.5])


def test_an_empty_mask_has_no_outline() -> None:
    assert contour_polygon(np.zeros((512, 512), dtype=bool)).shape == (0, 2)


@given(st.floats(20, 90), st.integers(2, 9), st.floats(0, 0.3), st.sampled_from([0.25, 0.5, 1.0, 2.0]))
@settings(max_examples=25, deadline=None)
def test_the_simplified_outline_keeps_its_tolerance(radius: float, lobes: int, depth: float, tolerance: float) -> None:
    across, down = np.meshgrid(np.arange(256) - 127.5, np.arange(256) - 127.5)
    mask = np.hypot(across, down) <= radius * (1 + depth * np.cos(lobes * np.arctan2(down, across)))
    full, simple = contour_polygon(mask, 0.0), contour_polygon(mask, tolerance)
    assert len(simple) <= len(full)
    assert distance_to_polygon(full, simple).max() <= tolerance + 1e-9


def test_pixels_inside_the_unsimplified_outline_are_the_mask(make_shape: Callable[..., Mask]) -> None:
    mask = make_shape(lambda angle: 60 + 15 * np.cos(4 * angle))
    outline = contour_polygon(mask, 0.0)
    inside = grid_points_in_poly(mask.shape, outline[:, ::-1] - 0.5)  # type: ignore[no-untyped-call]
    assert np.array_equal(inside, mask)


@pytest.mark.parametrize(("row_mm", "column_mm"), [(0.1, 0.1), (0.05, 0.05), (0.2, 0.2), (0.07, 0.094)])
@pytest.mark.parametrize("center", [(300.27, 401.53), (20.0, 15.0)])
def test_a_source_pixel_is_in_when_its_middle_falls_on_the_mask(
    row_mm: float, column_mm: float, center: tuple[float, float], make_shape: Callable[..., Mask]
) -> None:
    mask = make_shape(lambda angle: 70 + 20 * np.cos(3 * angle))
    spacing = Spacing(row_mm, column_mm, SpacingSource.CALLER)
    seen, middle = np.ones((512, 512), bool), LesionCenter(*center)
    roi = Roi(np.zeros((512, 512), np.float32), seen, middle, spacing, 0.0, seen, middle)
    rows, columns = 1100, 900
    placed = mask_on_source(mask, roi, rows, columns)
    full = np.zeros((rows, columns), dtype=bool)
    height, width = placed.mask.shape
    full[placed.row : placed.row + height, placed.column : placed.column + width] = placed.mask

    row = np.floor((np.arange(rows) + 0.5 - center[1]) * row_mm / 0.1 + 256 + 1e-9).astype(int)
    column = np.floor((np.arange(columns) + 0.5 - center[0]) * column_mm / 0.1 + 256 + 1e-9).astype(int)
    inside = ((row >= 0) & (row < 512))[:, None] & ((column >= 0) & (column < 512))[None, :]
    expected = np.where(inside, mask[np.clip(row, 0, 511)[:, None], np.clip(column, 0, 511)[None, :]], False)
    assert np.count_nonzero(full != expected) <= 0.001 * mask.sum()  # middles that fall on the very edge of a pixel
    assert placed.mask[[0, -1]].any(axis=1).all()
    assert placed.mask[:, [0, -1]].any(axis=0).all()


def test_the_same_grid_gives_the_same_mask(make_roi: Callable[..., Roi], make_shape: Callable[..., Mask]) -> None:
    mask = make_shape(lambda angle: 70.0)
    placed = mask_on_source(mask, make_roi(np.zeros((512, 512))), 512, 512)
    full = np.zeros((512, 512), dtype=bool)
    full[placed.row : placed.row + placed.mask.shape[0], placed.column : placed.column + placed.mask.shape[1]] = (
        placed.mask
    )
    assert np.array_equal(full, mask)


def distance_to_polygon(points: Points, polygon: Points) -> Points:
    start, step = polygon, np.roll(polygon, -1, axis=0) - polygon
    away = points[:, None, :] - start[None]
    along = np.clip((away * step).sum(-1) / np.maximum((step**2).sum(-1), 1e-12), 0, 1)
    nearest: Points = np.sqrt(((away - along[..., None] * step) ** 2).sum(-1)).min(axis=1)
    return nearest
