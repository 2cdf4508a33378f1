"""Shadows against closed forms: spheres and ellipsoids, whose projections are known."""

import math

import numpy as np
import pytest

from training.phantoms.mass import AZIMUTH_STEPS, POLAR_STEPS, Floats, PhantomMass
from training.phantoms.projection import GANTRY_DEGREES, View, projected_thickness, view_axes

SPACING_MM = 0.1
SHAPE = (260, 240)
MIDDLE_MM = (12.0, 13.0)


def body(radius_mm: Floats, spicule_ends_mm: Floats | None = None) -> PhantomMass:
    ends = np.zeros((0, 2, 3)) if spicule_ends_mm is None else spicule_ends_mm
    widths = np.full((len(ends), 2), 0.5)
    return PhantomMass(False, 12.0, radius_mm, ends, widths, widths, 0.3, 0.2)


def ellipsoid(left_mm: float, anterior_mm: float, cranial_mm: float) -> PhantomMass:
    polar = np.linspace(0, math.pi, POLAR_STEPS + 1)[:, None]
    azimuth = np.linspace(0, math.tau, AZIMUTH_STEPS + 1)[None, :]
    inverse_square = (
        (np.sin(polar) * np.cos(azimuth) / left_mm) ** 2
        + (np.sin(polar) * np.sin(azimuth) / anterior_mm) ** 2
        + (np.cos(polar) / cranial_mm) ** 2
    )
    return body(1 / np.sqrt(inverse_square))


def shadow(mass: PhantomMass, view: View) -> Floats:
    return projected_thickness(mass, GANTRY_DEGREES[view], MIDDLE_MM, SHAPE, SPACING_MM).astype(np.float64)


@pytest.mark.parametrize("view", list(View))
def test_sphere_casts_its_chords(view: View) -> None:
    thickness = shadow(ellipsoid(6.0, 6.0, 6.0), view)
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]] + 0.5
    distance = np.hypot(x * SPACING_MM - MIDDLE_MM[0], y * SPACING_MM - MIDDLE_MM[1])
    inside = distance < 5.5
    assert np.abs(thickness - 2 * np.sqrt(np.maximum(36 - distance**2, 0)))[inside].max() < 0.2
    assert thickness[distance > 6.5].max() == 0


@pytest.mark.parametrize(
    ("view", "half_height_mm"),
    [(View.CC, 4.0), (View.ML, 8.0), (View.LM, 8.0), (View.MLO, math.sqrt((16 + 64) / 2))],
)
def test_ellipsoid_shows_each_view_its_own_outline_and_all_views_its_volume(view: View, half_height_mm: float) -> None:
    thickness = shadow(ellipsoid(4.0, 6.0, 8.0), view)
    assert thickness.sum() * SPACING_MM**2 == pytest.approx(4 / 3 * math.pi * 4 * 6 * 8, rel=0.01)
    rows, columns = np.nonzero(thickness > 0.3)
    assert np.ptp(columns) * SPACING_MM / 2 == pytest.approx(6.0, abs=0.25)
    assert np.ptp(rows) * SPACING_MM / 2 == pytest.approx(half_height_mm, abs=0.25)


@pytest.mark.parametrize("view", list(View))
def test_what_points_forward_points_away_from_the_chest_wall_in_every_view(view: View) -> None:
    spicule = np.array([[[0.0, 5.0, 0.0], [0.0, 10.0, 0.0]]])
    thickness = shadow(body(np.full((POLAR_STEPS + 1, AZIMUTH_STEPS + 1), 5.0), spicule), view)
    rows, columns = np.nonzero(thickness > 0.5)
    assert columns.max() * SPACING_MM - MIDDLE_MM[0] == pytest.approx(10.0, abs=0.6)
    assert MIDDLE_MM[0] - columns.min() * SPACING_MM == pytest.approx(5.0, abs=0.3)
    assert rows.mean() * SPACING_MM == pytest.approx(MIDDLE_MM[1], abs=0.1)


@pytest.mark.parametrize("view", list(View))
def test_axes_of_a_view_are_a_right_angled_frame(view: View) -> None:
    axes = view_axes(GANTRY_DEGREES[view])
    assert np.allclose(axes @ axes.T, np.eye(3))
