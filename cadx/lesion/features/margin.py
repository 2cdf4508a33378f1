"""How the gray changes across the lesion's margin."""

import numpy as np
from scipy import ndimage

from cadx.errors import FeatureNotComputable
from cadx.lesion.features.definition import FeatureDefinition, FeatureFamily
from cadx.lesion.features.region import LesionRegion
from cadx.records import ROI_SPACING_MM


def sharpness_gray_per_mm(region: LesionRegion) -> float:
    """Mean gradient magnitude along the contour, gray per mm, 0 and up."""
    magnitude, _ = _contour_gradient(region)
    return float(magnitude.mean()) / ROI_SPACING_MM


def normalised_radial_gradient(region: LesionRegion) -> float:
    """NRG = sum |G| |cos t| / sum |G| along the contour, 0 to 1: 1 for a disc, 2/pi for noise (Huo 1995)."""
    magnitude, radial = _contour_gradient(region)
    return float(np.abs(radial).sum() / magnitude.sum())


def _contour_gradient(region: LesionRegion) -> tuple[np.ndarray, np.ndarray]:
    """Magnitude of the gradient and its inward radial component at the outline's vertices."""
    x, y = region.polygon.T
    where = np.stack([y - 0.5, x - 0.5])
    along_x = ndimage.map_coordinates(region.gradient_x, where, order=1)
    along_y = ndimage.map_coordinates(region.gradient_y, where, order=1)
    magnitude = np.hypot(along_x, along_y).astype(np.float64)
    if magnitude.sum() <= 0:
        raise FeatureNotComputable("margin", "the gray along the contour is constant")
    out_x, out_y = x - region.centroid[0], y - region.centroid[1]
    radial = -(along_x * out_x + along_y * out_y) / np.maximum(np.hypot(out_x, out_y), 1e-9)
    return magnitude, radial


MARGIN_FEATURES = (
    FeatureDefinition(
        "sharpness_gray_per_mm", FeatureFamily.MARGIN, "gray/mm", "sharper margin", "", sharpness_gray_per_mm
    ),
    FeatureDefinition(
        "normalised_radial_gradient",
        FeatureFamily.MARGIN,
        "1",
        "margin gradient points to the centre all round",
        "",
        normalised_radial_gradient,
    ),
)
