"""CNNs as fixed feature extractors: architecture + weights + layer -> feature vectors of ROIs (Method A)."""

from cadx.cnn.backbone import EXTRACTION_VERSION, Backbone, load_exported
from cadx.cnn.loading import load_backbone, why_no_imagenet_weights
from cadx.cnn.spec import ALEXNET_LAYERS, SCALES_MM, BackboneSpec

__all__ = [
    "ALEXNET_LAYERS",
    "EXTRACTION_VERSION",
    "SCALES_MM",
    "Backbone",
    "BackboneSpec",
    "load_backbone",
    "load_exported",
    "why_no_imagenet_weights",
]
