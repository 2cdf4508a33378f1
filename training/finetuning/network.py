"""A classification network with one output, the log-odds of malignancy, on what the fixed extractor sees of a ROI."""

import torch
from torch import nn

from cadx.cnn import BackboneSpec
from cadx.cnn.pytorch.architectures import build_architecture
from cadx.cnn.pytorch.weights import load_weights
from cadx.errors import UnusableArchitecture

CLASSES_OF_IMAGENET = 1000


class OneOutput(nn.Module):
    """Gray levels (n, 1, side, side), 0 to 1, to log-odds (n,)."""

    mean: torch.Tensor
    deviation: torch.Tensor

    def __init__(self, network: nn.Module, mean: tuple[float, ...], deviation: tuple[float, ...]) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", torch.tensor(mean)[None, :, None, None])
        self.register_buffer("deviation", torch.tensor(deviation)[None, :, None, None])

    def forward(self, gray: torch.Tensor) -> torch.Tensor:
        """Repeat on three channels, normalize as the network's own training did, classify."""
        values: torch.Tensor = self.network((gray.expand(-1, 3, -1, -1) - self.mean) / self.deviation)
        return values.flatten()


def build_classifier(spec: BackboneSpec, seed: int) -> OneOutput:
    """Build a spec's whole architecture with its weights, and a new last layer in the place of ImageNet's.

    Parameters
    ----------
    spec
        Architecture and weights; ``random:SEED`` trains from scratch. Layer and pooling are not looked at.
    seed
        Draws the last layer, and the weights that are trained from scratch.

    Raises
    ------
    UnusableArchitecture
        When no layer gives 1000 classes.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        architecture = build_architecture(spec.architecture)
        if spec.pretrained:
            load_weights(architecture.network, spec)
        _replace_last(architecture.network, spec.architecture)
    network = OneOutput(architecture.network, architecture.scaling.mean, architecture.scaling.deviation)
    # Faster by a tenth on a CPU.
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def _replace_last(network: nn.Module, name: str) -> None:
    for path, module in reversed(list(network.named_modules())):
        if isinstance(module, nn.Linear) and module.out_features == CLASSES_OF_IMAGENET:
            return network.set_submodule(path, nn.Linear(module.in_features, 1))
        if isinstance(module, nn.Conv2d) and module.out_channels == CLASSES_OF_IMAGENET:
            layer = nn.Conv2d(module.in_channels, 1, 1)
            # SqueezeNet has a ReLU behind its last convolution, which would keep a log-odds from being negative.
            nn.init.normal_(layer.weight, std=0.01)
            network.set_submodule(path, layer)
            return _without_last_relu(network, path)
    raise UnusableArchitecture(name, "none of its layers gives 1000 classes")


def _without_last_relu(network: nn.Module, path: str) -> None:
    """Let the log-odds be negative."""
    parent, _, number = path.rpartition(".")
    siblings = network.get_submodule(parent)
    behind = str(int(number) + 1)
    if isinstance(getattr(siblings, behind, None), nn.ReLU):
        siblings.set_submodule(behind, nn.Identity())
