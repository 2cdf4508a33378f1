"""Putting weights into a network: from ImageNet, from a file, or drawn from a seed; and their digest."""

import hashlib
import pickle
from pathlib import Path

import torch
from torch import nn

from cadx.cnn.imagenet import imagenet_state_dict
from cadx.cnn.spec import BackboneSpec
from cadx.errors import WeightsMismatch, WeightsMissing, WeightsUnreadable

StateDict = dict[str, torch.Tensor]


def load_weights(network: nn.Module, spec: BackboneSpec) -> None:
    """Fill a network with the weights that a spec names; random ones are in the network from its building.

    Raises
    ------
    WeightsMissing
        When the file does not exist or ImageNet weights cannot be had.
    WeightsUnreadable
        When the file is not a state dict.
    WeightsMismatch
        When the weights belong to another architecture.
    """
    if not spec.pretrained:
        return
    path = spec.weights_path
    state = imagenet_state_dict(spec.architecture) if path is None else read_state_dict(path)
    _check_fit(network, state, spec)
    network.load_state_dict(state)


def read_state_dict(path: Path) -> StateDict:
    """Read a state dict, without running any code that the file may hold."""
    if not path.is_file():
        raise WeightsMissing(str(path), "there is no such file")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, ValueError, EOFError, KeyError, pickle.UnpicklingError) as error:
        raise WeightsUnreadable(str(path), str(error).partition("\n")[0] or type(error).__name__) from error
    if not isinstance(state, dict) or not state:
        raise WeightsUnreadable(str(path), "it does not hold a dict of tensors")
    for name, value in state.items():
        if not (isinstance(name, str) and isinstance(value, torch.Tensor)):
            raise WeightsUnreadable(str(path), f"its entry {name!r} is not a tensor")
        if value.is_floating_point() and not bool(torch.isfinite(value).all()):
            raise WeightsUnreadable(str(path), f"its tensor {name} holds numbers that are not finite")
    return state


def weights_digest(network: nn.Module) -> str:
    """SHA-256 over the names, types, shapes and bytes of all weights, whatever file they came from.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for name, tensor in sorted(network.state_dict().items()):
        digest.update(f"{name}|{tensor.dtype}|{tuple(tensor.shape)}|".encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _check_fit(network: nn.Module, state: StateDict, spec: BackboneSpec) -> None:
    wanted = network.state_dict()
    missing = sorted(wanted.keys() - state.keys())
    unexpected = sorted(state.keys() - wanted.keys())
    misshapen = sorted(name for name in wanted.keys() & state.keys() if wanted[name].shape != state[name].shape)
    problem = _first(missing, "lack") or _first(unexpected, "hold the foreign") or _first(misshapen, "misshape")
    if problem:
        raise WeightsMismatch(spec.architecture, spec.weights, problem)


def _first(names: list[str], verb: str) -> str:
    if not names:
        return ""
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"they {verb} {names[0]}{more}"
