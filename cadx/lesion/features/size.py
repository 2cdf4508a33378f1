"""How large the lesion is."""

import numpy as np
from scipy.spatial.distance import pdist

from cadx.lesion.features.definition import FeatureDefinition, FeatureFamily
from cadx.lesion.features.region import LesionRegion
from cadx.records import ROI_SPACING_MM


def area_mm2(region: LesionRegion) -> float:
    """Pixels times the area of a pixel, mm2, 0.5 and up. 2-D analogue of IBSI RNU0 (volume)."""
    return region.area_px * ROI_SPACING_MM**2


def effective_diameter_mm(region: LesionRegion) -> float:
    """Diameter of the disc of equal area, 2 sqrt(A / pi), mm, above 0 (Huo 1995)."""
    return 2 * float(np.sqrt(area_mm2(region) / np.pi))


def perimeter_mm(region: LesionRegion) -> float:
    """Crofton perimeter from 4 directions, mm, above 0. 2-D analogue of IBSI C0JK (surface area)."""
    return region.perimeter_px * ROI_SPACING_MM


def longest_diameter_mm(region: LesionRegion) -> float:
    """Longest (Feret) diameter: largest distance between two points of the outline, mm. 2-D analogue of IBSI L0JK."""
    hull = region.outline[region.hull.vertices]
    return float(pdist(hull).max()) * ROI_SPACING_MM


_SIZE = FeatureFamily.SIZE
SIZE_FEATURES = (
    FeatureDefinition("area_mm2", _SIZE, "mm2", "larger lesion", "2-D analogue of RNU0", area_mm2),
    FeatureDefinition("effective_diameter_mm", _SIZE, "mm", "larger lesion", "", effective_diameter_mm),
    FeatureDefinition("perimeter_mm", _SIZE, "mm", "longer outline", "2-D analogue of C0JK", perimeter_mm),
    FeatureDefinition("longest_diameter_mm", _SIZE, "mm", "longer lesion", "2-D analogue of L0JK", longest_diameter_mm),
)
