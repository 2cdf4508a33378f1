import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from training.phantoms.mass import AZIMUTH_STEPS, POLAR_STEPS, PhantomMass, random_mass


def volume_mm3(mass: PhantomMass) -> float:
    """Volume of the body by integration of r^3 / 3 over directions."""
    polar = np.linspace(0, math.pi, POLAR_STEPS + 1)
    return float(
        (mass.radius_mm[:, :-1] ** 3 / 3 * np.sin(polar)[:, None]).sum()
        * (math.pi / POLAR_STEPS)
        * (math.tau / AZIMUTH_STEPS)
    )


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.booleans(), st.floats(2.8, 32.1))
def test_body_has_the_volume_of_the_sphere_of_its_diameter(seed: int, malignant: bool, diameter_mm: float) -> None:
    mass = random_mass(np.random.default_rng(seed), malignant, diameter_mm)
    assert volume_mm3(mass) == pytest.approx(math.pi / 6 * diameter_mm**3, rel=0.005)
    assert mass.radius_mm.min() > 0
    assert np.allclose(mass.radius_mm[:, 0], mass.radius_mm[:, -1])
    assert mass.reach_mm >= mass.radius_mm.max()


def test_poles_have_one_radius_whatever_the_azimuth() -> None:
    mass = random_mass(np.random.default_rng(1), True, 12.0)
    assert np.ptp(mass.radius_mm[0]) < 1e-9
    assert np.ptp(mass.radius_mm[-1]) < 1e-9


def test_radius_is_interpolated_between_grid_directions() -> None:
    mass = random_mass(np.random.default_rng(2), False, 12.0)
    cranial, anterior = mass.radius_towards(np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0]]))
    assert cranial == pytest.approx(mass.radius_mm[0, 0])
    assert anterior == pytest.approx(mass.radius_mm[POLAR_STEPS // 2, AZIMUTH_STEPS // 4])


def test_same_seed_gives_the_same_mass() -> None:
    one, two = (random_mass(np.random.default_rng(9), True, 10.0) for _ in range(2))
    assert np.array_equal(one.radius_mm, two.radius_mm)
    assert np.array_equal(one.spicule_ends_mm, two.spicule_ends_mm)


def test_traits_tell_the_classes_apart_but_never_fully() -> None:
    rng = np.random.default_rng(11)
    truth = np.arange(200) % 2
    masses = [random_mass(rng, bool(malignant), 12.0) for malignant in truth]
    roughness = [np.log(mass.radius_mm).std() for mass in masses]
    spicules = [len(mass.spicule_ends_mm) for mass in masses]
    assert 0.75 < roc_auc_score(truth, roughness) < 0.96
    assert 0.75 < roc_auc_score(truth, spicules) < 0.96
    assert 0.6 < roc_auc_score(truth, [mass.contrast for mass in masses]) < 0.96
    assert any(count > 0 for count, malignant in zip(spicules, truth, strict=True) if not malignant)
    assert any(count == 0 for count, malignant in zip(spicules, truth, strict=True) if malignant)
