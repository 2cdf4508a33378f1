"""Nested regions from two reconstructions, against a flood fill at every level."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from skimage.measure import perimeter_crofton

from cadx.lesion.segmentation.levels import contour_sums, joining_level, nested_shapes


def random_image(seed: int) -> np.ndarray:
    image = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=(40, 44)), 2.0)
    return image.astype(np.float32)


def flood(image: np.ndarray, seed: tuple[int, int], level: float) -> np.ndarray:
    pieces, _ = ndimage.label(image >= level, np.ones((3, 3)))
    return ndimage.binary_fill_holes(pieces == pieces[seed]) if pieces[seed] else np.zeros(image.shape, bool)


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_every_level_equals_a_flood_fill_with_holes_filled(number: int) -> None:
    image = random_image(number)
    seed = (20, 22)
    joins = joining_level(image, seed)
    for level in np.linspace(image[seed], image.min(), 7):
        np.testing.assert_array_equal(joins >= level, flood(image, seed, level))


def test_areas_perimeters_and_circularities_equal_those_of_single_masks() -> None:
    image = random_image(1)
    levels = np.linspace(image[20, 22], image.min(), 12)
    index = np.sum(joining_level(image, (20, 22))[..., None] < levels, axis=-1)
    frame = np.zeros(image.shape, bool)
    frame[0] = frame[-1] = True
    shapes = nested_shapes(index, len(levels), frame)
    for number in range(len(levels)):
        mask = index <= number
        assert shapes.area[number] == mask.sum()
        perimeter = perimeter_crofton(mask, directions=4)  # type: ignore[no-untyped-call]
        np.testing.assert_allclose(shapes.perimeter[number], perimeter)
        rows, columns = np.nonzero(mask)
        near = (rows - rows.mean()) ** 2 + (columns - columns.mean()) ** 2 <= mask.sum() / np.pi
        np.testing.assert_allclose(shapes.circularity[number], near.mean())
        assert shapes.at_frame[number] == bool((mask & frame).any())


def test_contour_sums_add_up_the_pixels_with_a_neighbor_outside() -> None:
    image = random_image(2)
    weights = np.random.default_rng(3).normal(size=image.shape).astype(np.float32)
    levels = np.linspace(image[20, 22], image.min(), 9)[:-1]
    index = np.sum(joining_level(image, (20, 22))[..., None] < levels, axis=-1)
    sums = contour_sums(index, len(levels), weights)
    for number in range(len(levels)):
        mask = index <= number
        contour = mask & ~ndimage.binary_erosion(mask)
        np.testing.assert_allclose(sums[number], weights[contour].sum(), atol=1e-5)
