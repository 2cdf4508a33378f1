"""How far the lesion's outline is from a disc, measured on its pixels."""

import numpy as np

from cadx.lesion import kernels
from cadx.lesion.features.definition import FeatureDefinition, FeatureFamily
from cadx.lesion.features.polygon import (
    fourier_factor,
    fractional_concavity,
    polygon_area,
    signature_fractal_dimension,
    spiculation_index,
)
from cadx.lesion.features.region import LesionRegion


def circularity(region: LesionRegion) -> float:
    """Share of the region inside the disc D of equal area at its centroid, |R n D| / A, 0 to 1 (Huo 1995)."""
    x, y = region.centroid
    return kernels.pixels_within(region.mask, (x - 0.5, y - 0.5), region.area_px / np.pi) / region.area_px


def irregularity(region: LesionRegion) -> float:
    """1 - 2 sqrt(pi A) / P, about 0 for a disc, towards 1 for a ragged outline (Huo 1995)."""
    return 1 - 2 * float(np.sqrt(np.pi * region.area_px)) / region.perimeter_px


def compactness(region: LesionRegion) -> float:
    """1 - 4 pi A / P^2, about 0 for a disc, towards 1 for a ragged outline (Shen 1994; Rangayyan 2000)."""
    return 1 - 4 * np.pi * region.area_px / region.perimeter_px**2


def eccentricity(region: LesionRegion) -> float:
    """Eccentricity of the ellipse with the region's second moments, sqrt(1 - minor^2 / major^2), 0 to 1.

    The square of a pixel's own moment (1/12) is left out, as in the continuous definition.
    """
    count, x, y, xx, xy, yy = (int(total) for total in region.moments)
    # Central moments times the number of pixels: whole numbers, so that nothing is lost by the subtraction.
    central = [[count * xx - x * x, count * xy - x * y], [count * xy - x * y, count * yy - y * y]]
    minor, major = np.linalg.eigvalsh(np.array(central, dtype=np.float64))
    return float(np.sqrt(max(0.0, 1 - minor / major)))


def solidity(region: LesionRegion) -> float:
    """Area of the outline over the area of its convex hull, 0 to 1; 1 for a convex lesion."""
    return polygon_area(region.outline) / float(region.hull.volume)


def _fractional_concavity(region: LesionRegion) -> float:
    return fractional_concavity(region.model)


def _spiculation_index(region: LesionRegion) -> float:
    return spiculation_index(region.smooth_outline)


def _fourier_factor(region: LesionRegion) -> float:
    return fourier_factor(region.smooth_outline)


def _signature_fractal_dimension(region: LesionRegion) -> float:
    return signature_fractal_dimension(region.smooth_outline)


_SHAPE = FeatureFamily.SHAPE
SHAPE_FEATURES = (
    FeatureDefinition("circularity", _SHAPE, "1", "rounder", "", circularity),
    FeatureDefinition("irregularity", _SHAPE, "1", "more ragged outline", "", irregularity),
    FeatureDefinition("compactness", _SHAPE, "1", "more ragged or elongated", "", compactness),
    FeatureDefinition("eccentricity", _SHAPE, "1", "more elongated", "", eccentricity),
    FeatureDefinition("solidity", _SHAPE, "1", "fewer indentations", "", solidity),
    FeatureDefinition("fractional_concavity", _SHAPE, "1", "more lobulated or spiculated", "", _fractional_concavity),
    FeatureDefinition("spiculation_index", _SHAPE, "1", "longer, narrower spicules", "", _spiculation_index),
    FeatureDefinition("fourier_factor", _SHAPE, "1", "more fine detail in the outline", "", _fourier_factor),
    FeatureDefinition("signature_fractal_dimension", _SHAPE, "1", "rougher outline", "", _signature_fractal_dimension),
)
