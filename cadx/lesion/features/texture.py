"""How the gray varies inside the lesion: the 14 features of Haralick 1973 and coarseness."""

import numpy as np

from cadx.lesion.features.definition import FeatureDefinition, FeatureFamily
from cadx.lesion.features.region import LesionRegion


def glcm_energy(region: LesionRegion) -> float:
    """Sum of p(i,j)^2, 0 to 1. IBSI 8ZQL."""
    return float(np.square(region.cooccurrence.matrix).sum())


def glcm_contrast(region: LesionRegion) -> float:
    """Sum of (i - j)^2 p(i,j), 0 to 961. IBSI ACUI."""
    matrix = region.cooccurrence.matrix
    level = np.arange(len(matrix))
    return float((np.subtract.outer(level, level) ** 2 * matrix).sum())


TEXTURE_FEATURES = (
    FeatureDefinition("glcm_energy", FeatureFamily.TEXTURE, "1", "more uniform texture", "8ZQL", glcm_energy),
    FeatureDefinition("glcm_contrast", FeatureFamily.TEXTURE, "1", "rougher texture", "ACUI", glcm_contrast),
)
