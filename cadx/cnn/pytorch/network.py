"""The network proper: gray ROIs in, the values of the asked layers out, as one torch module."""

import contextlib
import difflib
import io
import operator
from collections.abc import Sequence

import torch
from torch import nn

from cadx.cnn.pytorch.architectures import Architecture, InputScaling
from cadx.cnn.pytorch.sights import Sights
from cadx.cnn.pytorch.torchvision_import import import_torchvision
from cadx.cnn.spec import BackboneSpec
from cadx.errors import InvalidBackboneSetting, UnknownLayer, UnusableArchitecture
from cadx.records import ROI_SIZE_PX


class TappedNetwork(nn.Module):
    """What is seen of a ROI (`Sights`), the CNN up to its deepest asked layer, pooling, and the mean over turns.

    Parameters
    ----------
    extractor
        Gives a dict of node name to values.
    nodes
        The asked nodes, in order.
    scaling
        Normalization of the input.
    spec
        Its pooling, over the spatial extent of the layers that have one, its turns and its scales.
    """

    def __init__(self, extractor: nn.Module, nodes: Sequence[str], scaling: InputScaling, spec: BackboneSpec) -> None:
        super().__init__()
        self.sights = Sights(scaling, spec.scales_mm, spec.turns)
        self.extractor = extractor
        self.nodes = tuple(nodes)
        self.poolings = spec.poolings

    def maps(self, gray: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Give the asked layers' outputs in their own shape, of (n, 1, 512, 512) gray levels from 0 to 1.

        Each ROI gives as many as it has sights, one after the other.
        """
        outputs = self.extractor(self.sights(gray))
        return tuple(outputs[node] for node in self.nodes)

    def forward(self, gray: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Give the asked layers' features, each (n, d), of (n, 1, 512, 512) gray levels from 0 to 1."""
        return self.features_of(self.maps(gray))

    def features_of(self, maps: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        """Give the features that the layers' outputs become: pooled where asked for, flattened, (n, d)."""
        return tuple(torch.flatten(values, 1) for values in self.pooled(maps))

    def pooled_maps(self, gray: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Give the asked layers' outputs, pooled where they have a spatial extent and pooling is asked for."""
        return self.pooled(self.maps(gray))

    def pooled(self, maps: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        """Pool the layers' outputs, and join what the sights of one ROI gave."""
        return tuple(self.sights.joined(self._pooled(values)) for values in maps)

    def _pooled(self, values: torch.Tensor) -> torch.Tensor:
        if self.poolings == ("none",) or values.ndim != 4:
            return values
        found = [values.mean(dim=(2, 3)) if pooling == "mean" else values.amax(dim=(2, 3)) for pooling in self.poolings]
        return found[0] if len(found) == 1 else torch.cat(found, dim=1)


def tap(architecture: Architecture, layers: Sequence[str], spec: BackboneSpec) -> TappedNetwork:
    """Cut an architecture at the asked layers.

    Raises
    ------
    UnknownLayer
        When the architecture has no such layer; names those that it has.
    InvalidBackboneSetting
        When spatial pooling is asked of a single layer that has no spatial extent, or turned maps would be averaged
        place by place.
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
    network = TappedNetwork(_without_in_place(extractor), nodes, architecture.scaling, spec).eval()
    maps = _probe(network, architecture.name, spec.passes)
    if spec.pooling != "none" and len(layers) == 1 and maps[0].ndim != 4:
        raise InvalidBackboneSetting("pooling", spec.pooling, f"none for {layers[0]}, which has no spatial extent")
    if spec.pooling == "none" and spec.turns > 1 and any(values.ndim == 4 for values in maps):
        raise InvalidBackboneSetting("pooling", "none", "mean, max or mean+max where maps are turned")
    return network.requires_grad_(requires_grad=False)


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


def _probe(network: TappedNetwork, name: str, passes: int) -> tuple[torch.Tensor, ...]:
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
    if not all(isinstance(values, torch.Tensor) and values.shape[:1] == (passes,) for values in maps):
        raise UnusableArchitecture(name, "a layer's output is not one array of values for each ROI")
    for path, module in adaptive.items():
        if module.output_size in {sizes[module] - 1, (sizes[module] - 1,) * 2}:
            # From n + 1 to n, the bins of adaptive pooling are exactly the 2 x 2 neighborhoods. Exporters know those.
            network.set_submodule(path, nn.AvgPool2d(2, stride=1))
    return maps
