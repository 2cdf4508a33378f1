"""Size and shape against closed forms."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.measure import perimeter_crofton, regionprops

from cadx.lesion.contour import contour_polygon
from cadx.lesion.features import polygon
from cadx.lesion.features.polygon import polygonal_model, smooth_outline
from cadx.lesion.features.region import LesionRegion, measure_region
from cadx.lesion.features.shape import circularity, compactness, eccentricity, irregularity, solidity
from cadx.lesion.features.size import area_mm2, effective_diameter_mm, longest_diameter_mm, perimeter_mm
from cadx.records import Mask


@pytest.fixture
def measured(make_gray: Callable[..., np.ndarray]) -> Callable[[Mask], LesionRegion]:
    def measure(mask: Mask) -> LesionRegion:
        return measure_region(make_gray(mask), np.ones_like(mask), mask)

    return measure


def test_disc(measured: Callable[[Mask], LesionRegion], make_shape: Callable[..., Mask]) -> None:
    disc = measured(make_shape(lambda angle: 100.0, 256.3, 255.6))
    assert area_mm2(disc) == pytest.approx(100 * np.pi, rel=0.003)
    assert effective_diameter_mm(disc) == pytest.approx(20, rel=0.003)
    assert perimeter_mm(disc) == pytest.approx(20 * np.pi, rel=0.01)
    assert longest_diameter_mm(disc) == pytest.approx(20, rel=0.01)
    assert circularity(disc) > 0.99
    assert abs(irregularity(disc)) < 0.01
    assert abs(compactness(disc)) < 0.02
    assert eccentricity(disc) < 0.06
    assert solidity(disc) > 0.99


@pytest.mark.parametrize("turn", [0.0, 0.4, 1.1])
def test_ellipse(turn: float, measured: Callable[[Mask], LesionRegion], make_shape: Callable[..., Mask]) -> None:
    major, minor = 120.0, 60.0
    mask = make_shape(
        lambda angle: 1 / np.sqrt((np.cos(angle - turn) / major) ** 2 + (np.sin(angle - turn) / minor) ** 2)
    )
    ellipse = measured(mask)
    h = ((major - minor) / (major + minor)) ** 2
    ramanujan = np.pi * (major + minor) * (1 + 3 * h / (10 + np.sqrt(4 - 3 * h)))
    assert area_mm2(ellipse) == pytest.approx(np.pi * major * minor / 100, rel=0.003)
    assert perimeter_mm(ellipse) == pytest.approx(ramanujan / 10, rel=0.015)
    assert longest_diameter_mm(ellipse) == pytest.approx(24, rel=0.01)
    assert eccentricity(ellipse) == pytest.approx(np.sqrt(0.75), abs=0.005)
    assert solidity(ellipse) > 0.985


def test_rectangle(measured: Callable[[Mask], LesionRegion]) -> None:
    mask = np.zeros((512, 512), dtype=bool)
    mask[200:280, 150:350] = True
    rectangle = measured(mask)
    assert area_mm2(rectangle) == pytest.approx(160)
    assert longest_diameter_mm(rectangle) == pytest.approx(np.hypot(20, 8), rel=0.01)
    assert eccentricity(rectangle) == pytest.approx(np.sqrt(1 - (8 / 20) ** 2), abs=0.002)
    assert solidity(rectangle) == pytest.approx(1, abs=0.001)


def test_moments_perimeter_and_solidity_agree_with_scikit_image(
    measured: Callable[[Mask], LesionRegion], make_shape: Callable[..., Mask]
) -> None:
    mask = make_shape(lambda angle: 70 + 20 * np.cos(3 * angle) + 8 * np.sin(7 * angle))
    region = measured(mask)
    (props,) = regionprops(mask.astype(int))  # type: ignore[no-untyped-call]
    perimeter = perimeter_crofton(mask, directions=4)  # type: ignore[no-untyped-call]
    assert region.perimeter_px == pytest.approx(perimeter)
    assert eccentricity(region) == pytest.approx(props.eccentricity, abs=1e-3)
    assert solidity(region) == pytest.approx(props.solidity, abs=0.01)


def fractional_concavity(outline: np.ndarray) -> float:
    return polygon.fractional_concavity(polygonal_model(smooth_outline(outline)))


def spiculation_index(outline: np.ndarray) -> float:
    return polygon.spiculation_index(smooth_outline(outline))


def fourier_factor(outline: np.ndarray) -> float:
    return polygon.fourier_factor(smooth_outline(outline))


def signature_fractal_dimension(outline: np.ndarray) -> float:
    return polygon.signature_fractal_dimension(smooth_outline(outline))


MEASURES = (spiculation_index, fractional_concavity, fourier_factor, signature_fractal_dimension)


def circle(radius: float, count: int = 1200) -> np.ndarray:
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return radius * np.stack([np.cos(angle), np.sin(angle)], axis=1) + 256


def star(points: int, inner: float, outer: float, per_side: int = 60) -> NDArray[np.float64]:
    """Vertices along a star polygon, evenly spaced on every side."""
    angle = np.arange(2 * points) * np.pi / points
    radius = np.where(np.arange(2 * points) % 2 == 0, outer, inner)
    corners = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    share = np.arange(per_side)[:, None, None] / per_side
    sides = corners[None] + share * (np.roll(corners, -1, axis=0) - corners)[None]
    outline: NDArray[np.float64] = sides.transpose(1, 0, 2).reshape(-1, 2) + 256
    return outline


def test_contour_measures_of_a_circle() -> None:
    outline = circle(90.0)
    assert fractional_concavity(outline) == 0
    assert spiculation_index(outline) < 0.2
    assert abs(fourier_factor(outline)) < 1e-3
    assert signature_fractal_dimension(outline) == pytest.approx(1, abs=1e-6)


def lobed(angle: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1 + 0.12 * np.cos(5 * angle)


def spiked(angle: np.ndarray) -> np.ndarray:
    return 0.75 + 0.3 * np.abs(np.cos(4.5 * angle)) ** 4


def spiculated(angle: np.ndarray) -> np.ndarray:
    rng = np.random.default_rng(3)
    # At a radius of 25 pixels the thinnest has a standard deviation of 1.6 pixels; thinner ones are not resolved there.
    widths, heights = rng.uniform(0.08, 0.14, 14), rng.uniform(0.15, 0.5, 14)
    radius = np.full_like(angle, 0.8)
    for place, width, height in zip(np.linspace(-np.pi, np.pi, 15)[:-1] + 0.1, widths, heights, strict=True):
        away = np.angle(np.exp(1j * (angle - place))) / width
        radius = np.maximum(radius, 0.8 + height * np.exp(-(away**2) / 2))
    return radius


@pytest.mark.parametrize("shape", [lobed, spiked, spiculated])
def test_contour_measures_of_a_shape_do_not_depend_on_its_size(shape: Callable[[np.ndarray], np.ndarray]) -> None:
    values = []
    for radius in (25, 50, 100, 200):
        half = int(1.4 * radius)
        y, x = np.mgrid[-half:half, -half:half] + 0.73
        outline = contour_polygon(np.hypot(x, y) <= radius * shape(np.arctan2(y, x)), 0.0)
        values.append([measure(outline) for measure in MEASURES])
    spread = np.ptp(values, axis=0)
    for measure, bound, width in zip(MEASURES, (0.04, 0.05, 0.04, 0.02), spread, strict=True):
        assert width <= bound, (measure.__name__, np.round(np.array(values), 3))


def test_a_spicule_has_the_angle_of_its_tip() -> None:
    # Convex vertices of inner angles 170, 170, 60, 170, 170 degrees: those up to their mean of 148 are the tip alone.
    turns = np.deg2rad([10, 10, 120, 10, 10, -70])
    headings = np.cumsum(np.tile(turns, 4))
    corners = np.cumsum(np.stack([np.cos(headings), np.sin(headings)], axis=1), axis=0)
    assert np.allclose(corners[-1], 0, atol=1e-9)
    assert polygon.polygon_spiculation(corners) == pytest.approx(1 + np.cos(np.pi / 3), abs=1e-9)


def test_the_polygonal_model_of_a_star_has_its_corners() -> None:
    assert len(polygonal_model(star(6, 60, 120))) in range(12, 19)


def test_half_of_a_star_is_concave() -> None:
    # Every side joins one convex and one concave corner, so that each holds half of the length.
    assert fractional_concavity(star(7, 70, 120)) == pytest.approx(0.5, abs=0.08)


def test_narrower_spicules_score_higher() -> None:
    scores = [spiculation_index(star(12, inner, 140)) for inner in (125, 105, 80)]
    assert scores == sorted(scores)
    # Sides of 3 % of the diameter round a tip off: the sharpest star would have 1.67 with its own corners.
    assert scores[0] < 0.3 < 0.8 < scores[2] <= 2


def test_rounding_on_a_straight_side_does_not_cut_a_spicule() -> None:
    rng = np.random.default_rng(0)
    outline = star(12, 80, 140)
    assert spiculation_index(outline + rng.normal(0, 0.01, outline.shape)) == pytest.approx(
        spiculation_index(outline), rel=0.05
    )


def test_the_fourier_factor_of_one_ripple_is_its_closed_form() -> None:
    # z = exp(it) + e exp(i k t): descriptors 1 at 1 and e at k, so that the factor is 1 - (1 + e / k) / (1 + e).
    angle = np.linspace(0, 2 * np.pi, 4000, endpoint=False)
    ripple, order = 0.02, 5
    z = 150 * (np.exp(1j * angle) + ripple * np.exp(1j * order * angle))
    outline = np.stack([z.real, z.imag], axis=1)
    assert fourier_factor(outline) == pytest.approx(1 - (1 + ripple / order) / (1 + ripple), abs=0.003)


def test_a_rougher_signature_has_a_higher_dimension() -> None:
    rng = np.random.default_rng(4)
    angle = np.linspace(0, 2 * np.pi, 1500, endpoint=False)
    dimensions = []
    for decay in (3.0, 2.0, 1.2):
        wave = sum(k**-decay * np.cos(k * angle + rng.uniform(0, 6.28)) for k in range(2, 120))
        radius = 100 * (1 + 0.15 * wave / np.abs(wave).max())
        dimensions.append(signature_fractal_dimension(radius[:, None] * (circle(1.0, 1500) - 256)))
    assert dimensions == sorted(dimensions)
    assert dimensions[0] >= 1
