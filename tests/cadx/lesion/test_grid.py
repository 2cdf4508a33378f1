"""The segmentation's grid keeps its place on the image when the mark moves."""

from dataclasses import replace

import numpy as np
import pytest

from cadx.lesion import segment
from cadx.lesion.segmentation.grid import back_on_roi, on_image_grid
from cadx.records import LesionCenter, Roi, Spacing, SpacingSource


def cut(image: np.ndarray, x: int, y: int) -> Roi:
    gray = image[y - 256 : y + 256, x - 256 : x + 256]
    spacing = Spacing(0.1, 0.1, SpacingSource.CALLER)
    seen, middle = np.ones_like(gray, dtype=bool), LesionCenter(float(x), float(y))
    return Roi(gray, seen, middle, spacing, 0.0, seen, middle)


@pytest.fixture
def image() -> np.ndarray:
    rng = np.random.default_rng(8)
    rows, columns = np.indices((640, 640))
    disc = 0.2 / (1 + np.exp((np.hypot(rows - 322, columns - 318) - 60) / 4))
    return (0.3 + disc + 0.01 * rng.normal(size=disc.shape)).astype(np.float32)


@pytest.mark.parametrize(("right", "down"), [(1, 0), (0, 1), (2, 3), (-3, 2)])
def test_blocks_hold_the_same_pixels_wherever_the_mark_is(image: np.ndarray, right: int, down: int) -> None:
    placed, _ = on_image_grid(cut(image, 320, 320))
    moved, shift = on_image_grid(cut(image, 320 + right, 320 + down))
    assert max(shift) < 4
    row, column = down + shift[0], right + shift[1]
    assert row % 4 == column % 4 == 0
    inner = np.s_[100:400, 100:400]
    np.testing.assert_array_equal(moved.gray[inner], np.roll(placed.gray, (-row, -column), (0, 1))[inner])


def test_a_mask_comes_back_to_its_pixels(image: np.ndarray) -> None:
    roi = cut(image, 321, 322)
    placed, shift = on_image_grid(roi)
    assert shift != (0, 0)
    bright = back_on_roi(placed.gray > 0.42, shift)
    rows, columns = shift
    np.testing.assert_array_equal(bright[rows:, columns:], (roi.gray > 0.42)[rows:, columns:])
    assert not bright[:rows].any()
    assert not bright[:, :columns].any()


def test_a_mark_moved_by_one_pixel_outlines_the_same_pixels(image: np.ndarray) -> None:
    first = segment(cut(image, 320, 320))
    for right, down in ((1, 0), (0, 1), (-1, -1)):
        second = segment(cut(image, 320 + right, 320 + down))
        back = np.roll(second.mask, (down, right), (0, 1))
        assert 2 * (first.mask & back).sum() / (first.mask.sum() + back.sum()) > 0.998


def test_an_image_that_begins_at_the_grid_is_left_alone(image: np.ndarray) -> None:
    roi = replace(cut(image, 320, 320), center=LesionCenter(256.0, 256.0))
    assert on_image_grid(roi)[0] is roi
