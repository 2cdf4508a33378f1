"""How bright the lesion is."""

from cadx.errors import FeatureNotComputable
from cadx.lesion.features.definition import FeatureDefinition, FeatureFamily
from cadx.lesion.features.region import LesionRegion, inside


def mean_gray(region: LesionRegion) -> float:
    """Mean gray inside the lesion, 0 to 1. IBSI Q4LE."""
    return float(inside(region).mean())


def contrast_gray(region: LesionRegion) -> float:
    """Mean gray inside less the mean of the surrounding ribbon of 20 pixels (2 mm), -1 to 1."""
    if not region.ribbon.any():
        raise FeatureNotComputable("contrast_gray", "nothing of the image surrounds the region")
    return mean_gray(region) - float(region.gray[region.ribbon].mean(dtype=float))


INTENSITY_FEATURES = (
    FeatureDefinition("mean_gray", FeatureFamily.INTENSITY, "gray", "denser lesion", "Q4LE", mean_gray),
    FeatureDefinition(
        "contrast_gray", FeatureFamily.INTENSITY, "gray", "denser than its surroundings", "", contrast_gray
    ),
)
