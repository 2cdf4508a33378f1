"""From a tapped torch network to the bytes of an ONNX model that needs torch no more."""

import logging
import warnings
from collections.abc import Mapping, Sequence

import torch

from cadx.cnn.network import TappedNetwork
from cadx.errors import BackboneNotExportable
from cadx.records import ROI_SIZE_PX

_OPSET = 20


def export_onnx(network: TappedNetwork, layers: Sequence[str], metadata: Mapping[str, str], name: str) -> bytes:
    """Write a network as ONNX, the number of ROIs left open.

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
    rois = torch.export.Dim("rois", min=1)
    logging.getLogger("onnxscript").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            program = torch.onnx.export(
                network,
                (example,),
                dynamo=True,
                verbose=False,
                opset_version=_OPSET,
                input_names=["gray"],
                output_names=list(layers),
                dynamic_shapes=({0: rois},),
            )
        except torch.onnx.OnnxExporterError as error:
            raise BackboneNotExportable(name, str(error).partition("\n")[0]) from error
    if program is None:
        raise BackboneNotExportable(name, "the exporter gave no model")
    model = program.model
    model.metadata_props.clear()
    model.metadata_props.update(metadata)
    for node in model.graph.all_nodes():
        # The exporter notes the lines of source it came from, with this machine's paths.
        node.metadata_props.clear()
        node.doc_string = None
    try:
        proto = program.model_proto
        return bytes(proto.SerializeToString())
    except ValueError as error:
        raise BackboneNotExportable(name, str(error).partition("\n")[0]) from error
