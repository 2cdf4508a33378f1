"""From a tapped torch network to the bytes of an ONNX model that needs torch no more."""

import io
import warnings
from collections.abc import Mapping, Sequence

import onnx
import torch

from cadx.cnn.engine import LAYER_PREFIX, MAP_PREFIX
from cadx.cnn.pytorch.network import TappedNetwork
from cadx.errors import BackboneNotExportable
from cadx.records import ROI_SIZE_PX

_OPSET = 17


class _WithMaps(torch.nn.Module):
    """The features of all layers, then, of those that are pooled, the maps before: a service can show where they are.

    A run that asks for features alone computes nothing more; the maps are steps on the way.
    """

    def __init__(self, network: TappedNetwork, example: torch.Tensor) -> None:
        super().__init__()
        self.network = network
        with torch.inference_mode():
            dimensions = [values.ndim for values in network.maps(example)]
        self.mapped = [number for number, ndim in enumerate(dimensions) if ndim == 4 and network.poolings != ("none",)]

    def forward(self, gray: torch.Tensor) -> tuple[torch.Tensor, ...]:
        maps = self.network.maps(gray)
        sights = self.network.sights
        shown = (maps[number] for number in self.mapped)
        return (*self.network.features_of(maps), *(shown if sights.count == 1 else map(sights.upright, shown)))


def export_onnx(network: TappedNetwork, layers: Sequence[str], metadata: Mapping[str, str], name: str) -> bytes:
    """Write a network as ONNX, the number of ROIs left open.

    torch's tracing exporter is used, which torch announces to drop one day: it takes a tenth of a second where its
    successor takes two and a half (docs/decisions/cnn-engine.md), and torch is pinned.

    Parameters
    ----------
    network
        The network.
    layers
        Names of its outputs.
    metadata
        Texts kept inside the model.
    name
        The architecture, for error messages.

    Returns
    -------
    bytes
        The model.

    Raises
    ------
    BackboneNotExportable
        When an operation of the network has no counterpart in ONNX, or the model passes ONNX's limit of 2 GB.
    """
    example = torch.zeros(2, 1, ROI_SIZE_PX, ROI_SIZE_PX)
    names = [f"{LAYER_PREFIX}{layer}" for layer in layers]
    exported = _WithMaps(network, example)
    names += [f"{MAP_PREFIX}{layers[number]}" for number in exported.mapped]
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            torch.onnx.export(
                exported,
                (example,),
                file,  # type: ignore[arg-type]  # the annotation forgets file objects, the documentation names them
                dynamo=False,
                opset_version=_OPSET,
                input_names=["gray"],
                output_names=names,
                dynamic_axes={end: {0: "rois"} for end in ("gray", *names)},
            )
        except (torch.onnx.errors.OnnxExporterError, RuntimeError) as error:
            raise BackboneNotExportable(name, str(error).partition("\n")[0]) from error
    model = onnx.load_model_from_string(file.getvalue())
    onnx.helper.set_model_props(model, dict(metadata))
    return bytes(model.SerializeToString())
