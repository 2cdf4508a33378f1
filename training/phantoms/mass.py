"""A random breast mass in three dimensions: a Gaussian random body, with branching spicules when it is suspicious.

The body is star-shaped: the logarithm of its radius is a Gaussian random field on the sphere, a sum of real spherical
harmonics whose variance falls with their degree. Smooth and low-variance bodies look benign; bumpy ones with spicules
look malignant (the model family of de Sisternes et al., Med. Phys. 2015;42:3024, written anew from its idea).
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, sph_harm_y

Floats = NDArray[np.float64]

HIGHEST_DEGREE = 12
POLAR_STEPS = 64
AZIMUTH_STEPS = 128
# Distance of the classes' mean suspicion in its standard deviation. All class information but size passes through the
# suspicion, so shape, margin and contrast together cannot reach an AUC above Phi(CLASS_DISTANCE / sqrt(2)) = 0.95;
# blur, noise and background keep it far below.
CLASS_DISTANCE = 2.3
SPICULE_PIECES = 3


@dataclass(frozen=True, slots=True)
class PhantomMass:
    """One mass, about its own center; axes are patient left, anterior and cranial, in mm.

    Attributes
    ----------
    malignant
        Its pathology.
    diameter_mm
        Diameter of the sphere whose volume the body has.
    radius_mm
        (65, 129) radius by polar angle (0 to pi from cranial) and azimuth (0 to 2 pi, both ends kept).
    spicule_ends_mm
        (n, 2, 3) ends of the straight pieces that spicules consist of.
    spicule_width_mm
        (n, 2) width at both ends.
    spicule_density
        (n, 2) thickness of mass tissue that a piece adds at both ends, as a share of the body's radius.
    margin_blur_mm
        Standard deviation of the blur between the mass and its surroundings.
    contrast
        Gray levels (of the 0 to 1 scale) that a ray through as much tissue as the diameter gains.
    """

    malignant: bool
    diameter_mm: float
    radius_mm: Floats
    spicule_ends_mm: Floats
    spicule_width_mm: Floats
    spicule_density: Floats
    margin_blur_mm: float
    contrast: float

    @property
    def reach_mm(self) -> float:
        """Largest distance of any part of the mass from its center."""
        body = float(self.radius_mm.max())
        if len(self.spicule_ends_mm) == 0:
            return body
        return max(body, float(np.linalg.norm(self.spicule_ends_mm, axis=2).max()))

    def radius_towards(self, directions: Floats) -> Floats:
        """Radius of the body along unit vectors, (..., 3) -> (...), by bilinear interpolation."""
        polar = np.arccos(np.clip(directions[..., 2], -1.0, 1.0)) * (POLAR_STEPS / math.pi)
        azimuth = (np.arctan2(directions[..., 1], directions[..., 0]) % math.tau) * (AZIMUTH_STEPS / math.tau)
        row = np.minimum(polar.astype(np.intp), POLAR_STEPS - 1)
        column = np.minimum(azimuth.astype(np.intp), AZIMUTH_STEPS - 1)
        down = polar - row
        right = azimuth - column
        grid = self.radius_mm
        upper = grid[row, column] * (1 - right) + grid[row, column + 1] * right
        lower = grid[row + 1, column] * (1 - right) + grid[row + 1, column + 1] * right
        return np.asarray(upper * (1 - down) + lower * down)


def random_mass(rng: np.random.Generator, malignant: bool, diameter_mm: float) -> PhantomMass:
    """Draw a mass.

    A hidden suspicion, normal with unit variance and a mean that depends on the pathology, drives every visible trait,
    each with a scatter of its own. The classes therefore overlap: some benign masses are spiculated and some malignant
    ones are round and sharp.

    Parameters
    ----------
    rng
        Source of randomness.
    malignant
        The pathology.
    diameter_mm
        Wanted diameter of the body (of the sphere of equal volume).

    Returns
    -------
    PhantomMass
        The mass about its own center.
    """
    suspicion = rng.normal(CLASS_DISTANCE / 2 if malignant else -CLASS_DISTANCE / 2)

    def trait(scatter: float) -> float:
        return float(expit(suspicion + rng.normal(0.0, scatter)))

    roughness_sd = 0.05 + 0.20 * trait(0.7)
    spectral_slope = 4.0 - 2.0 * trait(0.7)
    radius_mm = _random_body(rng, roughness_sd, spectral_slope) * diameter_mm / 2
    n_spicules = int(rng.poisson(26 * max(0.0, trait(0.7) - 0.35)))
    ends, widths, density = _random_spicules(rng, n_spicules, radius_mm, diameter_mm)
    return PhantomMass(
        malignant=malignant,
        diameter_mm=diameter_mm,
        radius_mm=radius_mm,
        spicule_ends_mm=ends,
        spicule_width_mm=widths,
        spicule_density=density,
        margin_blur_mm=0.20 + 0.45 * trait(1.5),
        contrast=(0.18 + 0.16 * trait(0.7)) * (diameter_mm / 12) ** 0.3,
    )


def _random_body(rng: np.random.Generator, roughness_sd: float, spectral_slope: float) -> Floats:
    """Radius by direction, of a body with the volume of the unit sphere."""
    degrees, basis = _harmonics()
    weight = degrees.astype(np.float64) ** -spectral_slope
    per_degree = weight / weight[np.unique(degrees, return_index=True)[1]].sum() / (2 * degrees + 1)
    coefficients = rng.standard_normal(len(degrees)) * np.sqrt(4 * math.pi * per_degree) * roughness_sd
    radius = np.exp(np.tensordot(coefficients, basis, axes=1))
    polar = np.linspace(0, math.pi, POLAR_STEPS + 1)
    mean_cube = np.average((radius[:, :-1] ** 3).mean(axis=1), weights=np.sin(polar))
    return np.asarray(radius / np.cbrt(mean_cube))


@lru_cache(maxsize=1)
def _harmonics() -> tuple[NDArray[np.int64], Floats]:
    """Degrees, and real orthonormal spherical harmonics of degree 2 and up on the grid of directions."""
    polar = np.linspace(0, math.pi, POLAR_STEPS + 1)[:, None]
    azimuth = np.linspace(0, math.tau, AZIMUTH_STEPS + 1)[None, :]
    degrees: list[int] = []
    fields: list[Floats] = []
    for degree in range(2, HIGHEST_DEGREE + 1):
        for order in range(degree + 1):
            harmonic = sph_harm_y(degree, order, polar, azimuth)
            parts = [harmonic.real] if order == 0 else [math.sqrt(2) * harmonic.real, math.sqrt(2) * harmonic.imag]
            fields += parts
            degrees += [degree] * len(parts)
    return np.array(degrees), np.stack(fields)


def _random_spicules(
    rng: np.random.Generator, n_spicules: int, radius_mm: Floats, diameter_mm: float
) -> tuple[Floats, Floats, Floats]:
    """Pieces of spicules that leave the body outwards, bend a little, taper, and sometimes branch."""
    ends: list[tuple[Floats, Floats]] = []
    widths: list[tuple[float, float]] = []
    density: list[tuple[float, float]] = []

    def grow(start: Floats, heading: Floats, length_mm: float, width_mm: float, share: float, may_branch: bool) -> None:
        step_mm = length_mm / SPICULE_PIECES
        for piece in range(SPICULE_PIECES):
            heading = _unit(heading + rng.normal(0.0, 0.12, 3))
            stop = start + step_mm * heading
            near, far = 1 - piece / SPICULE_PIECES, 1 - (piece + 1) / SPICULE_PIECES
            ends.append((start, stop))
            widths.append((width_mm * (0.3 + 0.7 * near), width_mm * (0.3 + 0.7 * far)))
            density.append((share * near**0.7, share * far**0.7))
            if may_branch and piece < SPICULE_PIECES - 1 and rng.random() < 0.35:
                side = _unit(heading + rng.normal(0.0, 0.5, 3))
                grow(stop, side, length_mm * 0.5 * far, width_mm * (0.3 + 0.7 * far), share * far**0.7, False)
            start = stop

    for _ in range(n_spicules):
        outward = _unit(rng.standard_normal(3))
        polar = math.acos(outward[2]) * POLAR_STEPS / math.pi
        azimuth = (math.atan2(outward[1], outward[0]) % math.tau) * AZIMUTH_STEPS / math.tau
        start = 0.8 * radius_mm[round(polar), round(azimuth)] * outward
        length_mm = (3.0 + 0.4 * diameter_mm) * rng.uniform(0.5, 1.4)
        grow(start, outward, length_mm, rng.uniform(0.7, 1.5), rng.uniform(0.6, 1.2), True)
    if not ends:
        return np.zeros((0, 2, 3)), np.zeros((0, 2)), np.zeros((0, 2))
    return np.array(ends), np.array(widths), np.array(density)


def _unit(vector: Floats) -> Floats:
    return vector / math.sqrt(float(vector @ vector))
