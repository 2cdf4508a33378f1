"""How the gray changes across the lesion's margin."""

import numpy as np
from numpy.typing import NDArray

from cadx.lesion.features.definition import FeatureDefinition, FeatureFamily
from cadx.lesion.features.orientation import width_at_half_maximum_degrees
from cadx.lesion.features.region import LesionRegion
from cadx.lesion.features.undefined import Undefined
from cadx.lesion.radial_gradient import index_of_sums
from cadx.records import ROI_SPACING_MM


def sharpness_gray_per_mm(region: LesionRegion) -> float:
    """Mean gradient magnitude along the outline, gray per mm, 0 and up (Huo 1998).

    Vertices within 0.7 mm of what is no tissue are left out, here and in the next two.
    """
    return float(region.outline_gradient.magnitude.mean()) / ROI_SPACING_MM


def normalized_radial_gradient(region: LesionRegion) -> float:
    """NRG = sum |G| |cos t| / sum |G| along the outline, 0 to 1: 1 for a disc, 2/pi for noise (Huo 1995).

    t is the angle between the gradient and the radius from the centroid.
    """
    along = region.outline_gradient
    return float(np.abs(along.inward).sum() / along.magnitude.sum())


def radial_gradient_index(region: LesionRegion) -> float:
    """RGI = sum G . r / sum |G| along the outline, r towards the centroid, -1 to 1 (Kupinski & Giger 1998).

    1 for a bright disc, 0 for noise, -1 for a dark disc.
    """
    along = region.outline_gradient
    return float(index_of_sums(along.inward.sum(), along.magnitude.sum()))


def fwhm_region_degrees(region: LesionRegion) -> float:
    """FWHM of the radial orientation histogram inside the lesion, 0 to 360 degrees (Huo 1995)."""
    return _fwhm_degrees(region.orientation.region)


def fwhm_margin_degrees(region: LesionRegion) -> float:
    """FWHM of the radial orientation histogram in the 20-pixel ribbon along the outline, 0 to 360 degrees (Huo 1995).

    Small where the gradient points to the middle all round: a smooth margin. Spicules widen it.
    """
    return _fwhm_degrees(region.orientation.margin)


def fwhm_opposite_degrees(region: LesionRegion) -> float:
    """FWHM of the radial orientation histogram outside the lesion, 0 to 360 degrees (Huo 1995)."""
    return _fwhm_degrees(region.orientation.opposite)


def fwhm_roi_degrees(region: LesionRegion) -> float:
    """FWHM of the radial orientation histogram in the whole ROI, 0 to 360 degrees (Huo 1995)."""
    return _fwhm_degrees(region.orientation.roi)


def _fwhm_degrees(histogram: NDArray[np.float64]) -> float:
    if histogram.sum() <= 0:
        raise Undefined("the gray of its neighborhood is constant or absent")
    return width_at_half_maximum_degrees(histogram)


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
