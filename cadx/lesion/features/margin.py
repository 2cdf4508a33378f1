"""How the gray changes across the lesion's margin."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cadx.errors import FeatureNotComputable
from cadx.lesion.features.definition import FeatureDefinition, FeatureFamily
from cadx.lesion.features.orientation import width_at_half_maximum_degrees
from cadx.lesion.features.region import LesionRegion
from cadx.lesion.radial_gradient import index_of_sums, inward_gradient
from cadx.records import ROI_SPACING_MM


def sharpness_gray_per_mm(region: LesionRegion) -> float:
    """Mean gradient magnitude along the outline, gray per mm, 0 and up (Huo 1998)."""
    magnitude, _ = _outline_gradient(region)
    return float(magnitude.mean()) / ROI_SPACING_MM


def normalized_radial_gradient(region: LesionRegion) -> float:
    """NRG = sum |G| |cos t| / sum |G| along the outline, 0 to 1: 1 for a disc, 2/pi for noise (Huo 1995).

    t is the angle between the gradient and the radius from the centroid.
    """
    magnitude, inward = _outline_gradient(region)
    return float(np.abs(inward).sum() / magnitude.sum())


def radial_gradient_index(region: LesionRegion) -> float:
    """RGI = sum G . r / sum |G| along the outline, r towards the centroid, -1 to 1 (Kupinski & Giger 1998).

    1 for a bright disc, 0 for noise, -1 for a dark disc.
    """
    magnitude, inward = _outline_gradient(region)
    return float(index_of_sums(inward.sum(), magnitude.sum()))


def fwhm_region_degrees(region: LesionRegion) -> float:
    """FWHM of the radial orientation histogram inside the lesion, 0 to 360 degrees (Huo 1995)."""
    return _fwhm_degrees(region.orientation.region, "fwhm_region_degrees")


def fwhm_margin_degrees(region: LesionRegion) -> float:
    """FWHM of the radial orientation histogram in the 20-pixel ribbon along the outline, 0 to 360 degrees (Huo 1995).

    Small where the gradient points to the middle all round: a smooth margin. Spicules widen it.
    """
    return _fwhm_degrees(region.orientation.margin, "fwhm_margin_degrees")


def fwhm_opposite_degrees(region: LesionRegion) -> float:
    """FWHM of the radial orientation histogram outside the lesion, 0 to 360 degrees (Huo 1995)."""
    return _fwhm_degrees(region.orientation.opposite, "fwhm_opposite_degrees")


def fwhm_roi_degrees(region: LesionRegion) -> float:
    """FWHM of the radial orientation histogram in the whole ROI, 0 to 360 degrees (Huo 1995)."""
    return _fwhm_degrees(region.orientation.roi, "fwhm_roi_degrees")


def _fwhm_degrees(histogram: NDArray[np.float64], feature: str) -> float:
    if histogram.sum() <= 0:
        raise FeatureNotComputable(feature, "the gray of its neighborhood is constant or absent")
    return width_at_half_maximum_degrees(histogram)


def _outline_gradient(region: LesionRegion) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Magnitude of the gradient and its component towards the centroid at the outline's vertices, gray per pixel."""
    x, y = region.outline.T
    where = np.stack([y - 0.5, x - 0.5])
    along_x = ndimage.map_coordinates(region.gradient_x, where, order=1, mode="nearest", output=np.float64)
    along_y = ndimage.map_coordinates(region.gradient_y, where, order=1, mode="nearest", output=np.float64)
    magnitude = np.hypot(along_x, along_y)
    if magnitude.sum() <= 0:
        raise FeatureNotComputable("sharpness_gray_per_mm", "the gray along the outline is constant")
    out_x, out_y = x - region.centroid[0], y - region.centroid[1]
    distance = np.maximum(np.hypot(out_x, out_y), 1e-9)
    return magnitude, inward_gradient(along_x, along_y, out_x, out_y, distance)


_MARGIN = FeatureFamily.MARGIN
MARGIN_FEATURES = (
    FeatureDefinition("sharpness_gray_per_mm", _MARGIN, "gray/mm", "sharper margin", "", sharpness_gray_per_mm),
    FeatureDefinition(
        "normalized_radial_gradient", _MARGIN, "1", "smoother, rounder margin", "", normalized_radial_gradient
    ),
    FeatureDefinition(
        "radial_gradient_index", _MARGIN, "1", "brighter than outside all round", "", radial_gradient_index
    ),
    FeatureDefinition("fwhm_region_degrees", _MARGIN, "degrees", "disorder inside", "", fwhm_region_degrees),
    FeatureDefinition("fwhm_margin_degrees", _MARGIN, "degrees", "spiculated margin", "", fwhm_margin_degrees),
    FeatureDefinition("fwhm_opposite_degrees", _MARGIN, "degrees", "disorder outside", "", fwhm_opposite_degrees),
    FeatureDefinition("fwhm_roi_degrees", _MARGIN, "degrees", "disorder in the whole ROI", "", fwhm_roi_degrees),
)
