"""Building a network from its spec, by torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from cadx.cnn.pytorch.architectures import build_architecture
from cadx.cnn.pytorch.network import TappedNetwork, tap
from cadx.cnn.pytorch.onnx_export import export_onnx
from cadx.cnn.pytorch.weights import load_weights, weights_digest
from cadx.cnn.spec import BackboneSpec
from cadx.records import ROI_SIZE_PX


@dataclass(frozen=True, slots=True)
class BuiltNetwork:
    """A network with its weights, cut at its layers.

    Attributes
    ----------
    architecture
        Its name.
    network
        On the CPU, float32.
    weights_digest
        SHA-256 over all weights of the whole network.
    map_shapes
        Shape of each layer's output for one ROI, after pooling.
    """

    architecture: str
    network: TappedNetwork
    weights_digest: str
    map_shapes: tuple[tuple[int, ...], ...]

    def to_onnx(self, layers: Sequence[str], metadata: Mapping[str, str]) -> bytes:
        """Export the network; see `export_onnx`."""
        return export_onnx(self.network, layers, metadata, self.architecture)


def build(spec: BackboneSpec, layers: Sequence[str]) -> BuiltNetwork:
    """Build a spec's architecture, fill in its weights and cut it at the layers.

    torch's own random state is left as it was.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(spec.random_seed or 0)
        architecture = build_architecture(spec.architecture)
        load_weights(architecture.network, spec)
        digest = weights_digest(architecture.network)
        network = tap(architecture, layers, spec)
    with torch.inference_mode():
        outputs = network.pooled_maps(torch.zeros(1, 1, ROI_SIZE_PX, ROI_SIZE_PX))
    return BuiltNetwork(spec.architecture, network, digest, tuple(tuple(values.shape[1:]) for values in outputs))
