"""From an architecture's name to an untrained network, its layers' names and what its first layer expects."""

import difflib
import warnings
from collections.abc import Mapping
from dataclasses import dataclass

from torch import nn

from cadx.cnn.pytorch import alexnet2012
from cadx.cnn.pytorch.torchvision_import import import_torchvision
from cadx.cnn.spec import ALEXNET_LAYERS
from cadx.errors import UnknownBackbone

ALEXNET_2012 = "alexnet2012"

_TORCHVISION_ALEXNET_NODES = (
    "features.1",
    "features.2",
    "features.4",
    "features.5",
    "features.7",
    "features.9",
    "features.11",
    "features.12",
    "classifier.2",
    "classifier.5",
    "classifier.6",
)


@dataclass(frozen=True, slots=True)
class InputScaling:
    """What a network wants done to gray levels: (gray - mean) / deviation, a channel.

    Attributes
    ----------
    mean, deviation
        Of the three input channels in the order in which the network's first layer takes them, in units of a gray
        level from 0 to 1.
    """

    mean: tuple[float, float, float]
    deviation: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Architecture:
    """An untrained network and how to speak to it.

    Attributes
    ----------
    name
        As in `BackboneSpec.architecture`.
    network
        The network, untrained, in inference mode.
    nodes
        The graph node of each named layer; empty where the graph's own node names are used.
    scaling
        The input normalization its published weights were trained with.
    """

    name: str
    network: nn.Module
    nodes: Mapping[str, str]
    scaling: InputScaling


def torchvision_names() -> tuple[str, ...]:
    """Names of torchvision's classification models."""
    models = import_torchvision("models")
    return tuple(models.list_models(module=models))


def build_architecture(name: str) -> Architecture:
    """Build a network without weights of its own.

    The weights are drawn from torch's current random state.

    Raises
    ------
    UnknownBackbone
        When no architecture has that name.
    """
    if name == ALEXNET_2012:
        mean = alexnet2012.CAFFE_MEAN
        scaling = InputScaling((mean[0] / 255, mean[1] / 255, mean[2] / 255), (1 / 255, 1 / 255, 1 / 255))
        return Architecture(name, alexnet2012.AlexNet2012().eval(), alexnet2012.NODES, scaling)
    names = (ALEXNET_2012, *torchvision_names())
    if name not in names:
        raise UnknownBackbone(name, ", ".join(difflib.get_close_matches(name, names, n=5, cutoff=0.4)) or "alexnet")
    models = import_torchvision("models")
    with warnings.catch_warnings():
        # googlenet and inception_v3 announce a change of their initial weights, which are replaced or meant random.
        warnings.simplefilter("ignore", FutureWarning)
        network: nn.Module = models.get_model(name, weights=None)
    if hasattr(network, "transform_input"):
        # The published weights of these two were trained with another normalization, which they then apply themselves.
        setattr(network, "transform_input", True)  # noqa: B010 (nn.Module types its attributes as tensors)
    nodes = dict(zip(ALEXNET_LAYERS, _TORCHVISION_ALEXNET_NODES, strict=True)) if name == "alexnet" else {}
    transforms = models.get_model_weights(name).DEFAULT.transforms()
    return Architecture(name, network.eval(), nodes, InputScaling(tuple(transforms.mean), tuple(transforms.std)))
