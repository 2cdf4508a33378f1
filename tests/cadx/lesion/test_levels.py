"""Nested regions from two floods, against a flood fill at every level."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from skimage.measure import perimeter_crofton

from cadx.lesion import kernels
from cadx.lesion.segmentation.levels import nested_shapes


def random_image(seed: int) -> np.ndarray:
    image = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=(40, 44)), 2.0)
    return image.astype(np.float32)


def joining_index(image: np.ndarray, levels: np.ndarray, seed: tuple[int, int] = (20, 22)) -> np.ndarray:
    number = np.sum(image[..., None] < levels, axis=-1).astype(np.int32)
    return kernels.joining_index(number, len(levels) + 1, seed)


def flood(image: np.ndarray, seed: tuple[int, int], level: float) -> np.ndarray:
    pieces, _ = ndimage.label(image >= level, np.ones((3, 3)))
    return ndimage.binary_fill_holes(pieces == pieces[seed]) if pieces[seed] else np.zeros(image.shape, bool)


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_every_level_equals_a_flood_fill_with_holes_filled(number: int) -> None:
    image = random_image(number)
    seed = (20, 22)
    levels = np.linspace(image[seed], image.min(), 7)
    index = joining_index(image, levels, seed)
    for number_of, level in enumerate(levels):
        np.testing.assert_array_equal(index <= number_of, flood(image, seed, level))


def test_areas_perimeters_and_circularities_equal_those_of_single_masks() -> None:
    image = random_image(1)
    levels = np.linspace(image[20, 22], image.min(), 12)
    index = joining_index(image, levels)
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
    index = joining_index(image, levels)
    sums = kernels.contour_sums(index, len(levels), weights)
    for number in range(len(levels)):
        mask = index <= number
        contour = mask & ~ndimage.binary_erosion(mask)
        np.testing.assert_allclose(sums[number], weights[contour].sum(), atol=1e-5)
