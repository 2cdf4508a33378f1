"""The lesion's analytic features: one fixed, ordered table, one function a feature."""

import math

import numpy as np
from numpy.typing import NDArray

from cadx.errors import FeatureNotComputable
from cadx.lesion.features.definition import FeatureDefinition, FeatureFamily
from cadx.lesion.features.intensity import INTENSITY_FEATURES
from cadx.lesion.features.margin import MARGIN_FEATURES
from cadx.lesion.features.region import LesionRegion, measure_region
from cadx.lesion.features.shape import SHAPE_FEATURES
from cadx.lesion.features.size import SIZE_FEATURES
from cadx.lesion.features.texture import TEXTURE_FEATURES
from cadx.lesion.features.undefined import Undefined
from cadx.lesion.segmentation import Segmentation
from cadx.records import Roi

__all__ = ["FEATURES", "FeatureDefinition", "FeatureFamily", "lesion_features"]

FEATURES: tuple[FeatureDefinition, ...] = (
    *SIZE_FEATURES,
    *SHAPE_FEATURES,
    *INTENSITY_FEATURES,
    *MARGIN_FEATURES,
    *TEXTURE_FEATURES,
)


def lesion_features(roi: Roi, segmentation: Segmentation) -> NDArray[np.float64]:
    """Measure a segmented lesion.

    Parameters
    ----------
    roi
        The region of interest.
    segmentation
        The lesion in it.

    Returns
    -------
    ndarray
        float64, one finite value for each row of `FEATURES`, in its order.

    Raises
    ------
    LesionTooSmall
        When the region is too small to be measured.
    FeatureNotComputable
        When a feature has no value for this region; the error names it and says why.
    """
    region = measure_region(roi.gray, roi.tissue, segmentation.mask)
    return np.array([_value(feature, region) for feature in FEATURES])


def _value(feature: FeatureDefinition, region: LesionRegion) -> float:
    try:
        value = feature.compute(region)
    except Undefined as error:
        raise FeatureNotComputable(feature.name, str(error)) from None
    if not math.isfinite(value):
        raise FeatureNotComputable(feature.name, "its formula has no finite value for this region")
    return value
