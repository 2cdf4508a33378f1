"""The download is never made: what is tested is the way to it and the ways around it."""

import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import torch

from cadx.cnn import BackboneSpec, load_backbone, why_no_imagenet_weights
from cadx.cnn.pytorch import imagenet
from cadx.errors import WeightsMissing


@pytest.fixture(autouse=True)
def empty_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "_hub_dir", None)
    return tmp_path / "hub" / "checkpoints"


def refuse(*_: object, **__: object) -> None:
    raise urllib.error.URLError(ConnectionRefusedError("Connection refused"))


def slow(*_: object, **__: object) -> None:
    time.sleep(1.0)
    raise TimeoutError


def test_no_network_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    assert why_no_imagenet_weights("alexnet") == "the host of the weights cannot be reached (Connection refused)"


def test_silent_network_is_a_reason_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imagenet, "REACHABLE_WITHIN_S", 0.2)
    monkeypatch.setattr(urllib.request, "urlopen", slow)
    started = time.monotonic()
    assert why_no_imagenet_weights("alexnet") == "the host of the weights did not answer within 0.2 s"
    assert time.monotonic() - started < 0.9


def test_cached_weights_need_no_network(monkeypatch: pytest.MonkeyPatch, empty_cache: Path) -> None:
    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    empty_cache.mkdir(parents=True)
    (empty_cache / "alexnet-owt-7be5be79.pth").touch()
    assert why_no_imagenet_weights("alexnet") is None


def test_only_torchvisions_models_have_published_weights() -> None:
    assert why_no_imagenet_weights("alexnet2012") == "torchvision publishes no ImageNet weights for alexnet2012"


def test_loading_without_network_names_all_three_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    with pytest.raises(WeightsMissing) as caught:
        load_backbone(BackboneSpec("squeezenet1_1", "flatten"))
    assert caught.value.code == "weights_missing"
    for word in ("imagenet", "TORCH_HOME", "path of a state dict", "random:SEED"):
        assert word in str(caught.value)


def test_damaged_download_is_told(monkeypatch: pytest.MonkeyPatch, empty_cache: Path) -> None:
    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    empty_cache.mkdir(parents=True)
    (empty_cache / "squeezenet1_1-b8a52dc0.pth").write_bytes(b"half a file")
    with pytest.raises(WeightsMissing, match="cannot be used") as caught:
        load_backbone(BackboneSpec("squeezenet1_1", "flatten"))
    assert "weights_only" not in str(caught.value)


def test_a_web_page_in_the_cache_is_told_for_what_it_is(monkeypatch: pytest.MonkeyPatch, empty_cache: Path) -> None:
    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    empty_cache.mkdir(parents=True)
    (empty_cache / "squeezenet1_1-b8a52dc0.pth").write_bytes(b"<!DOCTYPE html><html>")
    with pytest.raises(WeightsMissing, match=r"squeezenet1_1-b8a52dc0\.pth in TORCH_HOME .*web page.*delete it"):
        load_backbone(BackboneSpec("squeezenet1_1", "flatten"))
