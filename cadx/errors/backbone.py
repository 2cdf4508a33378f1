"""Refusals: the CNN cannot be built or does not fit its weights."""

from dataclasses import dataclass
from typing import ClassVar

from cadx.errors.base import CadxError


@dataclass(eq=False)
class BackboneError(CadxError):
    """The CNN cannot be built or does not fit its weights."""

    code: ClassVar[str] = "backbone_error"


@dataclass(eq=False)
class UnknownBackbone(BackboneError):
    """No architecture has this name."""

    architecture: str
    similar: str

    code: ClassVar[str] = "unknown_backbone"
    summary: ClassVar[str] = "There is no backbone named {architecture!r}; similar names: {similar}."
    remedy: ClassVar[str] = "Use alexnet, alexnet2012 or the name of a torchvision classification model."


@dataclass(eq=False)
class UnknownLayer(BackboneError):
    """The architecture has no layer of this name."""

    architecture: str
    layer: str
    choices: str

    code: ClassVar[str] = "unknown_layer"
    summary: ClassVar[str] = "The backbone {architecture} has no layer {layer!r}; choices: {choices}."
    remedy: ClassVar[str] = (
        "AlexNet's layers are conv1 to fc8; other backbones use the node names that "
        "torchvision.models.feature_extraction.get_graph_node_names prints."
    )


@dataclass(eq=False)
class InvalidBackboneSetting(BackboneError):
    """A setting of the backbone has a value that means nothing."""

    setting: str
    value: str
    expected: str

    code: ClassVar[str] = "invalid_backbone_setting"
    summary: ClassVar[str] = "The backbone's {setting} cannot be {value!r}; it may be {expected}."
    remedy: ClassVar[str] = "Correct this setting."


@dataclass(eq=False)
class UnusableArchitecture(BackboneError):
    """The network does not take ROIs of 256 x 256 pixels, or a layer gives no plain array."""

    architecture: str
    reason: str

    code: ClassVar[str] = "unusable_architecture"
    summary: ClassVar[str] = "The backbone {architecture} cannot be used on 256 x 256 pixels: {reason}."
    remedy: ClassVar[str] = "Use a convolutional architecture, such as alexnet, vgg19, resnet50 or squeezenet1_1."


@dataclass(eq=False)
class WeightsMissing(BackboneError):
    """The backbone's weights are not there and cannot be fetched."""

    weights: str
    reason: str

    code: ClassVar[str] = "weights_missing"
    summary: ClassVar[str] = "The backbone's weights {weights!r} cannot be had: {reason}."
    remedy: ClassVar[str] = (
        "Set the weights to one of three: imagenet (downloaded by torchvision into TORCH_HOME, or put there by hand); "
        "the path of a state dict; random:SEED (not pretrained, demonstration only)."
    )


@dataclass(eq=False)
class WeightsUnreadable(BackboneError):
    """The weights file does not hold weights."""

    path: str
    reason: str

    code: ClassVar[str] = "weights_unreadable"
    summary: ClassVar[str] = "The weights file {path} cannot be read: {reason}."
    remedy: ClassVar[str] = "Give a state dict saved by torch.save, a .npz of arrays, or an .onnx model."


@dataclass(eq=False)
class WeightsMismatch(BackboneError):
    """The weights belong to another architecture."""

    architecture: str
    weights: str
    problem: str

    code: ClassVar[str] = "weights_mismatch"
    summary: ClassVar[str] = "The weights {weights!r} do not fit the architecture {architecture}: {problem}."
    remedy: ClassVar[str] = "Give the weights of this architecture, or the architecture of these weights."


@dataclass(eq=False)
class BackboneNotExportable(BackboneError):
    """A network cannot be written as an ONNX file."""

    architecture: str
    reason: str

    code: ClassVar[str] = "backbone_not_exportable"
    summary: ClassVar[str] = "The backbone {architecture} cannot be exported: {reason}."
    remedy: ClassVar[str] = (
        "Use another layer or architecture, in float32; alexnet, vgg19 and resnet50 can be exported."
    )


@dataclass(eq=False)
class ExportedBackboneUnreadable(BackboneError):
    """An exported backbone is damaged or was written by something else."""

    reason: str

    code: ClassVar[str] = "exported_backbone_unreadable"
    summary: ClassVar[str] = "The exported backbone cannot be read: {reason}."
    remedy: ClassVar[str] = "Fit the model again, or fetch its folder again."


@dataclass(eq=False)
class InvalidRoiBatch(BackboneError):
    """What was given to the CNN is not a batch of ROIs."""

    shape: tuple[int, ...]
    reason: str

    code: ClassVar[str] = "invalid_roi_batch"
    summary: ClassVar[str] = "An array of shape {shape} is not a batch of ROIs: {reason}."
    remedy: ClassVar[str] = "Give gray levels from 0 to 1 in an array of shape (n, 512, 512)."
