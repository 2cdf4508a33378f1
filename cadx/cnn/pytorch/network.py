"""The network proper: gray ROIs in, the values of the asked layers out, as one torch module."""

import contextlib
import difflib
import io
import operator
from collections.abc import Sequence

import torch
from torch import nn

from cadx.cnn.pytorch.architectures import Architecture, InputScaling
from cadx.cnn.pytorch.torchvision_import import import_torchvision
from cadx.errors import InvalidBackboneSetting, UnknownLayer, UnusableArchitecture
from cadx.records import ROI_SIZE_PX

REDUCTION = 2
"""ROIs go from 512 to 256 pixels a side (Huynh 2016, figure 2), by the mean of 2 x 2 pixels."""


class TappedNetwork(nn.Module):
    """Reduction to 256 x 256, three channels, normalization, the CNN up to its deepest asked layer, and pooling.

    Parameters
    ----------
    extractor
        Gives a dict of node name to values.
    nodes
        The asked nodes, in order.
    scaling
        Normalization of the input.
    pooling
        ``none``, ``mean`` or ``max`` over the spatial extent of the layers that have one.
    """

    def __init__(self, extractor: nn.Module, nodes: Sequence[str], scaling: InputScaling, pooling: str) -> None:
        super().__init__()
        self.entrance = _entrance(scaling)
        self.extractor = extractor
        self.nodes = tuple(nodes)
        self.pooling = pooling

    def maps(self, gray: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Give the asked layers' outputs in their own shape, of (n, 1, 512, 512) gray levels from 0 to 1."""
        outputs = self.extractor(self.entrance(gray))
        return tuple(outputs[node] for node in self.nodes)

    def forward(self, gray: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Give the asked layers' features, each (n, d), of (n, 1, 512, 512) gray levels from 0 to 1."""
        return self.features_of(self.maps(gray))

    def features_of(self, maps: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        """Give the features that the layers' outputs become: pooled where asked for, flattened, (n, d)."""
        return tuple(torch.flatten(self._pooled(values), 1) for values in maps)

    def pooled_maps(self, gray: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Give the asked layers' outputs, pooled where they have a spatial extent and pooling is asked for."""
        return tuple(self._pooled(values) for values in self.maps(gray))

    def _pooled(self, values: torch.Tensor) -> torch.Tensor:
        if self.pooling == "none" or values.ndim != 4:
            return values
        return values.mean(dim=(2, 3)) if self.pooling == "mean" else values.amax(dim=(2, 3))


def tap(architecture: Architecture, layers: Sequence[str], pooling: str) -> TappedNetwork:
    """Cut an architecture at the asked layers.

    Raises
    ------
    UnknownLayer
        When the architecture has no such layer; names those that it has.
    InvalidBackboneSetting
        When spatial pooling is asked of a single layer that has no spatial extent.
    UnusableArchitecture
        When the network does not take 256 x 256 pixels, or a layer's output is not one array.
    """
    extraction = import_torchvision("models.feature_extraction")
    known = tuple(architecture.nodes) or tuple(
        extraction.get_graph_node_names(architecture.network, suppress_diff_warning=True)[1]
    )
    for layer in layers:
        if layer not in known:
            close = difflib.get_close_matches(layer, known, n=5, cutoff=0.4)
            choices = known if architecture.nodes else (*close, *known[-5:])
            raise UnknownLayer(architecture.name, layer, ", ".join(dict.fromkeys(choices)))
    nodes = [architecture.nodes.get(layer, layer) for layer in layers]
    extractor = extraction.create_feature_extractor(
        architecture.network, {node: node for node in nodes}, suppress_diff_warning=True
    )
    network = TappedNetwork(_without_in_place(extractor), nodes, architecture.scaling, pooling).eval()
    maps = _probe(network, architecture.name)
    if pooling != "none" and len(layers) == 1 and maps[0].ndim != 4:
        raise InvalidBackboneSetting("pooling", pooling, f"none for {layers[0]}, which has no spatial extent")
    return network.requires_grad_(requires_grad=False)


def _entrance(scaling: InputScaling) -> nn.Conv2d:
    """Mean of 2 x 2 pixels, repeated on 3 channels, (gray - mean) / deviation: a linear map, hence one convolution.

    One convolution takes a third of the time of the four operations that it stands for.
    """
    entrance = nn.Conv2d(1, 3, kernel_size=REDUCTION, stride=REDUCTION)
    slope = 1.0 / torch.tensor(scaling.deviation, dtype=torch.float64)
    offset = -torch.tensor(scaling.mean, dtype=torch.float64) * slope
    with torch.no_grad():
        entrance.weight.copy_((slope / REDUCTION**2)[:, None, None, None].expand_as(entrance.weight))
        entrance.bias.copy_(offset)  # type: ignore[union-attr]
    return entrance


def _without_in_place(extractor: torch.fx.GraphModule) -> torch.fx.GraphModule:
    """Make every operation leave its input alone, so that a tapped value is the node's own and not its successor's."""
    for module in extractor.modules():
        if getattr(module, "inplace", False):
            setattr(module, "inplace", False)  # noqa: B010 (nn.Module types its attributes as tensors)
    for node in extractor.graph.nodes:
        if node.kwargs.get("inplace"):
            node.kwargs = {**node.kwargs, "inplace": False}
        if node.target is operator.iadd:
            node.target = operator.add
    extractor.recompile()
    return extractor


def _probe(network: TappedNetwork, name: str) -> tuple[torch.Tensor, ...]:
    """Run the network once on a black ROI, and replace its adaptive pooling by what that is on this size of input."""
    sizes: dict[nn.Module, int] = {}
    adaptive = {path: module for path, module in network.named_modules() if isinstance(module, nn.AdaptiveAvgPool2d)}
    handles = [
        module.register_forward_hook(lambda module, inputs, _: sizes.update({module: inputs[0].shape[-1]}))
        for module in adaptive.values()
    ]
    try:
        # A traced module that fails prints its own traceback before it raises.
        with torch.inference_mode(), contextlib.redirect_stderr(io.StringIO()):
            maps = network.maps(torch.zeros(1, 1, ROI_SIZE_PX, ROI_SIZE_PX))
    except (RuntimeError, AssertionError) as error:
        raise UnusableArchitecture(name, str(error).partition("\n")[0]) from error
    finally:
        for handle in handles:
            handle.remove()
    if not all(isinstance(values, torch.Tensor) and values.shape[:1] == (1,) for values in maps):
        raise UnusableArchitecture(name, "a layer's output is not one array of values for each ROI")
    for path, module in adaptive.items():
        if module.output_size in {sizes[module] - 1, (sizes[module] - 1,) * 2}:
            # From n + 1 to n, the bins of adaptive pooling are exactly the 2 x 2 neighborhoods. Exporters know those.
            network.set_submodule(path, nn.AvgPool2d(2, stride=1))
    return maps
