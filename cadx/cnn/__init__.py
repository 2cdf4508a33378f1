"""CNNs as fixed feature extractors: architecture + weights + layer -> feature vectors of ROIs (Method A)."""

from cadx.cnn.architectures import ALEXNET_LAYERS
from cadx.cnn.backbone import Backbone, load_backbone
from cadx.cnn.imagenet import imagenet_weights_available
from cadx.cnn.spec import BackboneSpec

__all__ = ["ALEXNET_LAYERS", "Backbone", "BackboneSpec", "imagenet_weights_available", "load_backbone"]
