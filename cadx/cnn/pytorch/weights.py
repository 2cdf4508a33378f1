"""Putting weights into a network: from ImageNet, from a file, or drawn from a seed; and their digest."""

import hashlib

from torch import nn

from cadx.cnn.pytorch.imagenet import imagenet_state_dict
from cadx.cnn.pytorch.weight_files import StateDict, read_weights
from cadx.cnn.spec import BackboneSpec
from cadx.errors import WeightsMismatch


def load_weights(network: nn.Module, spec: BackboneSpec) -> None:
    """Fill a network with the weights that a spec names; random ones are in the network from its building.

    Raises
    ------
    WeightsMissing
        When the file does not exist or ImageNet weights cannot be had.
    WeightsUnreadable
        When the file does not hold weights.
    WeightsMismatch
        When the weights belong to another architecture.
    """
    if not spec.pretrained:
        return
    path = spec.weights_path
    state = imagenet_state_dict(spec.architecture) if path is None else read_weights(path, network)
    _check_fit(network, state, spec)
    network.load_state_dict(state)


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
        digest.update(tensor.detach().cpu().contiguous().numpy().data)
    return digest.hexdigest()


def _check_fit(network: nn.Module, state: StateDict, spec: BackboneSpec) -> None:
    wanted = network.state_dict()
    missing = sorted(wanted.keys() - state.keys())
    unexpected = sorted(state.keys() - wanted.keys())
    misshapen = sorted(name for name in wanted.keys() & state.keys() if wanted[name].shape != state[name].shape)
    problem = (
        _told("they lack", missing)
        or _told("they have the foreign", unexpected)
        or _told("of another shape is", misshapen)
    )
    if problem:
        raise WeightsMismatch(spec.architecture, spec.weights, problem)


def _told(clause: str, names: list[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"{clause} {names[0]}{more}"
