"""One formula of the radial gradient index for segmentation and for the features."""

import numpy as np
import pytest
from scipy import ndimage

from cadx.lesion.radial_gradient import index_of_sums, radial_gradient


def disc(contrast: float) -> tuple[np.ndarray, np.ndarray]:
    rows, columns = np.indices((96, 96))
    inside = np.hypot(rows - 50, columns - 40) <= 20
    contour = inside & ~ndimage.binary_erosion(inside)
    return (0.5 + contrast * ndimage.gaussian_filter(inside.astype(np.float32), 2)).astype(np.float32), contour


@pytest.mark.parametrize(("contrast", "expected"), [(0.2, 1.0), (-0.2, -1.0)])
def test_a_bright_disc_has_1_and_a_dark_one_minus_1(contrast: float, expected: float) -> None:
    gray, contour = disc(contrast)
    inward, magnitude = radial_gradient(gray, (50, 40))
    index = index_of_sums(inward[contour].sum(dtype=np.float64), magnitude[contour].sum(dtype=np.float64))
    assert index == pytest.approx(expected, abs=0.01)


def test_a_slope_has_no_middle() -> None:
    gray = np.tile(np.linspace(0, 1, 96, dtype=np.float32), (96, 1))
    _, contour = disc(0.2)
    inward, magnitude = radial_gradient(gray, (50, 40))
    assert index_of_sums(inward[contour].sum(dtype=np.float64), magnitude[contour].sum(dtype=np.float64)) == (
        pytest.approx(0, abs=0.02)
    )
    assert index_of_sums(np.zeros(3), np.zeros(3)).tolist() == [0, 0, 0]


def test_the_component_is_the_magnitude_times_the_cosine() -> None:
    gray, _ = disc(0.3)
    inward, magnitude = radial_gradient(gray, (10, 80))
    assert inward.dtype == magnitude.dtype == np.float32
    down, right = np.gradient(gray)
    rows, columns = np.indices(gray.shape)
    angle = np.arctan2(down, right) - np.arctan2(10 - rows, 80 - columns)
    far = np.hypot(rows - 10, columns - 80) > 1
    np.testing.assert_allclose(inward[far], (magnitude * np.cos(angle))[far], atol=1e-6)
