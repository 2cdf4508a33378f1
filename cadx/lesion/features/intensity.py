"""How bright the lesion is, and how its gray varies."""

import numpy as np

from cadx.lesion.features.definition import FeatureDefinition, FeatureFamily
from cadx.lesion.features.region import LesionRegion
from cadx.lesion.features.undefined import Undefined
from cadx.records import ROI_SPACING_MM


def mean_gray(region: LesionRegion) -> float:
    """Mean gray inside the lesion, 0 to 1. IBSI Q4LE."""
    return float(region.inside.mean())


def contrast_gray(region: LesionRegion) -> float:
    """Mean gray inside less the mean of the surrounding ribbon of 20 pixels (2 mm), -1 to 1."""
    surroundings = region.neighborhoods.surroundings
    if not surroundings.any():
        raise Undefined("nothing of the image surrounds the region")
    return mean_gray(region) - float(region.gray[surroundings].mean(dtype=np.float64))


def sd_gray(region: LesionRegion) -> float:
    """Standard deviation of the gray inside (of the population), 0 to 0.5. IBSI ECT3 is its square."""
    return float(region.inside.std())


def gradient_texture_gray_per_mm(region: LesionRegion) -> float:
    """Standard deviation of the gradient magnitude inside, gray per mm, 0 and up.

    Pixels within 0.7 mm of what is no tissue are left out.
    """
    inside = region.mask & region.gradient_known
    if not inside.any():
        raise Undefined("no pixel of the region is clear of the image's edge")
    magnitude = np.hypot(region.gradient_x[inside], region.gradient_y[inside])
    return float(magnitude.std(dtype=np.float64)) / ROI_SPACING_MM


_INTENSITY = FeatureFamily.INTENSITY
INTENSITY_FEATURES = (
    FeatureDefinition("mean_gray", _INTENSITY, "gray", "denser", "Q4LE", mean_gray),
    FeatureDefinition("contrast_gray", _INTENSITY, "gray", "denser than its surroundings", "", contrast_gray),
    FeatureDefinition("sd_gray", _INTENSITY, "gray", "less even", "square root of ECT3", sd_gray),
    FeatureDefinition(
        "gradient_texture_gray_per_mm",
        _INTENSITY,
        "gray/mm",
        "more structure inside",
        "",
        gradient_texture_gray_per_mm,
    ),
)
