"""ImageNet weights: torchvision's own hash-checked download into TORCH_HOME, with a bounded wait for the network."""

import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from cadx.cnn.pytorch.mistaken_files import mistaken_for, why_unreadable
from cadx.cnn.pytorch.torchvision_import import import_torchvision
from cadx.cnn.pytorch.weight_files import READING_FAILS
from cadx.errors import WeightsMissing

REACHABLE_WITHIN_S = 5.0
"""How long a machine without a route may keep its user waiting before it is told."""
STALLED_AFTER_S = 30.0
"""How long a download that has begun may stand still."""


def unavailable_because(architecture: str) -> str | None:
    """Say why ImageNet weights cannot be had, without downloading them.

    Returns
    -------
    str or None
        None when the weights are cached or their host answers; else one clause that says what is in the way.
    """
    models = import_torchvision("models")
    if architecture not in models.list_models(module=models):
        return f"torchvision publishes no ImageNet weights for {architecture}"
    url: str = models.get_model_weights(architecture).DEFAULT.url
    if _cached_file(url).is_file():
        return None
    return _unreachable(url)


def imagenet_state_dict(architecture: str) -> dict[str, torch.Tensor]:
    """Load ImageNet weights from the cache, or download them.

    Raises
    ------
    WeightsMissing
        When there are none, no network, or the download is damaged.
    """
    reason = unavailable_because(architecture)
    if reason is not None:
        raise WeightsMissing("imagenet", reason)
    weights = import_torchvision("models").get_model_weights(architecture).DEFAULT
    try:
        with _socket_timeout(STALLED_AFTER_S):
            state: dict[str, torch.Tensor] = weights.get_state_dict(progress=True, check_hash=True, weights_only=True)
    except READING_FAILS as error:
        raise WeightsMissing("imagenet", _why_unusable(_cached_file(weights.url), error)) from error
    return state


def _why_unusable(cached: Path, error: Exception) -> str:
    """Tell a download that failed from a file in the cache that is not what its name says."""
    if not cached.is_file():  # torch keeps nothing of a download that stopped or whose hash is another
        return f"the download failed ({str(error).partition(chr(10))[0] or type(error).__name__})"
    reason = mistaken_for(cached) or why_unreadable(cached, error)
    return f"{cached.name} in TORCH_HOME cannot be used: {reason}; delete it"


def _cached_file(url: str) -> Path:
    return Path(torch.hub.get_dir()) / "checkpoints" / url.rpartition("/")[2]


def _unreachable(url: str) -> str | None:
    """Ask the host for the file's header. In a thread, since looking up a host's name knows no timeout."""
    answers: list[str | None] = []

    def ask() -> None:
        try:
            request = urllib.request.Request(url, method="HEAD")  # noqa: S310 (the URL is torchvision's own, https)
            with urllib.request.urlopen(request, timeout=REACHABLE_WITHIN_S):  # noqa: S310
                answers.append(None)
        except urllib.error.HTTPError as error:
            answers.append(f"the host of the weights answered {error.code}")
        except OSError as error:
            answers.append(f"the host of the weights cannot be reached ({getattr(error, 'reason', error)})")

    asking = threading.Thread(target=ask, name="imagenet-probe", daemon=True)
    asking.start()
    asking.join(REACHABLE_WITHIN_S)
    return answers[0] if answers else f"the host of the weights did not answer within {REACHABLE_WITHIN_S:g} s"


@contextmanager
def _socket_timeout(seconds: float) -> Iterator[None]:
    previous = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(previous)
