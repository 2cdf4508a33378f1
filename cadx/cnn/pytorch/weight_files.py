"""Reading weights from files: a torch state dict, a .npz of arrays or an .onnx model. No file can run code."""

import pickle
import struct
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from cadx.cnn.pytorch.mistaken_files import mistaken_for, why_unreadable
from cadx.errors import WeightsMismatch, WeightsMissing, WeightsUnreadable

StateDict = dict[str, torch.Tensor]
READING_FAILS = (
    OSError,
    RuntimeError,
    ValueError,
    EOFError,
    LookupError,
    struct.error,
    pickle.UnpicklingError,
)
"""What torch raises for files that hold something else, or were cut at any byte."""


def read_weights(path: Path, network: nn.Module) -> StateDict:
    """Read the weights of a file, named as the network names them.

    Parameters
    ----------
    path
        ``.npz`` and ``.onnx`` are read as such; everything else as a state dict saved by `torch.save`.
    network
        The network to be filled; only an ONNX model that keeps no names of its own needs it, to give the weights of
        its convolutions and matrix products to the network's own, in order.

    Raises
    ------
    WeightsMissing, WeightsUnreadable
        When there is no such file, or it holds something else.
    WeightsMismatch
        When an ONNX model has another number of layers.
    """
    if not path.is_file():
        raise WeightsMissing(str(path), "there is no such file")
    try:
        mistaken = mistaken_for(path)
    except OSError as error:
        raise WeightsUnreadable(str(path), error.strerror or type(error).__name__) from error
    if mistaken is not None:
        raise WeightsUnreadable(str(path), mistaken)
    if path.suffix == ".onnx":
        return _named_as(network, _read_onnx(path), path)
    state = _read_npz(path) if path.suffix == ".npz" else _read_torch(path)
    _check_values(state, path)
    return state


def _read_torch(path: Path) -> StateDict:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch wonders about pickles that are not its own; we refuse them
            state = torch.load(path, map_location="cpu", weights_only=True)
    except READING_FAILS as error:
        raise WeightsUnreadable(str(path), why_unreadable(path, error)) from error
    if not isinstance(state, dict) or not state:
        raise WeightsUnreadable(str(path), "it does not hold a dict of tensors")
    return state


def _read_npz(path: Path) -> StateDict:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return {name: torch.from_numpy(arrays[name].copy()) for name in arrays.files}
    except (OSError, ValueError, EOFError, TypeError, zipfile.BadZipFile) as error:
        raise WeightsUnreadable(str(path), why_unreadable(path, error)) from error


def _check_values(state: StateDict, path: Path) -> None:
    for name, value in state.items():
        if not (isinstance(name, str) and isinstance(value, torch.Tensor)):
            raise WeightsUnreadable(str(path), f"its entry {name!r} is not a tensor")
        if value.is_floating_point() and not bool(torch.isfinite(value).all()):
            raise WeightsUnreadable(str(path), f"its tensor {name} holds numbers that are not finite")


def _read_onnx(path: Path) -> list[torch.Tensor]:
    """Weight and bias of every convolution and matrix product, in the order of the graph."""
    import onnx  # an optional package, part of the training extra
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    try:
        model = onnx.load(path)
    except (OSError, ValueError, DecodeError) as error:
        raise WeightsUnreadable(str(path), "it is no ONNX model, or one that was cut short") from error
    arrays = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    weights: list[torch.Tensor] = []
    for node in model.graph.node:
        if node.op_type in {"Conv", "Gemm"}:
            inputs = [arrays[name] for name in node.input[1:] if name in arrays]
            if node.op_type == "Gemm" and not _attribute(node, "transB"):
                inputs[:1] = [matrix.T for matrix in inputs[:1]]
            weights += [torch.from_numpy(np.array(array)) for array in inputs]
    if not weights:
        raise WeightsUnreadable(str(path), "its graph has no convolution with weights")
    return weights


def _attribute(node: Any, name: str) -> int:
    return next((int(attribute.i) for attribute in node.attribute if attribute.name == name), 0)


def _named_as(network: nn.Module, weights: list[torch.Tensor], path: Path) -> StateDict:
    names = list(network.state_dict())
    if len(names) != len(weights):
        raise WeightsMismatch(
            type(network).__name__, str(path), f"they are {len(weights)} arrays where {len(names)} are needed"
        )
    return dict(zip(names, weights, strict=True))
