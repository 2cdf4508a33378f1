"""How far the lesion's outline is from a disc."""

import numpy as np

from cadx.lesion.features.definition import FeatureDefinition, FeatureFamily
from cadx.lesion.features.region import LesionRegion


def circularity(region: LesionRegion) -> float:
    """Share of the region inside the disc D of equal area at its centroid, |R n D| / A, 0 to 1 (Huo 1995)."""
    rows, columns = np.nonzero(region.mask)
    x, y = region.centroid
    squared = (columns + 0.5 - x) ** 2 + (rows + 0.5 - y) ** 2
    return float(np.count_nonzero(squared <= region.area_px / np.pi)) / region.area_px


def irregularity(region: LesionRegion) -> float:
    """1 - 2 sqrt(pi A) / P, about 0 for a disc, towards 1 for a ragged outline (Huo 1995)."""
    return 1 - 2 * float(np.sqrt(np.pi * region.area_px)) / region.perimeter_px


SHAPE_FEATURES = (
    FeatureDefinition("circularity", FeatureFamily.SHAPE, "1", "rounder lesion", "", circularity),
    FeatureDefinition("irregularity", FeatureFamily.SHAPE, "1", "more irregular outline", "", irregularity),
)
