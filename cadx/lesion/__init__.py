"""Method B of Huynh 2016: segment the lesion, then measure it."""

from cadx.lesion.contour import CONTOUR_TOLERANCE_PX, SourceMask, contour_polygon, mask_on_source
from cadx.lesion.description import LesionDescription, describe_lesion, measure_lesion
from cadx.lesion.drawn import inner_point, readers_contour
from cadx.lesion.features import FEATURES, FeatureDefinition, FeatureFamily, lesion_features
from cadx.lesion.segmentation import (
    DEFAULT_METHOD,
    DrawnBy,
    Segmentation,
    SegmentationMethod,
    SegmentationOutcome,
    Trace,
    segment,
)

__all__ = [
    "CONTOUR_TOLERANCE_PX",
    "DEFAULT_METHOD",
    "FEATURES",
    "DrawnBy",
    "FeatureDefinition",
    "FeatureFamily",
    "LesionDescription",
    "Segmentation",
    "SegmentationMethod",
    "SegmentationOutcome",
    "SourceMask",
    "Trace",
    "contour_polygon",
    "describe_lesion",
    "inner_point",
    "lesion_features",
    "mask_on_source",
    "measure_lesion",
    "readers_contour",
    "segment",
]
