import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from cadx.cnn import ALEXNET_LAYERS, Backbone, BackboneSpec, backbone, load_backbone, load_exported
from cadx.cnn.pytorch.building import BuiltNetwork, build
from cadx.cnn.pytorch.engine import TorchEngine
from cadx.errors import (
    BackboneNotExportable,
    ExportedBackboneUnreadable,
    InvalidBackboneSetting,
    InvalidRoiBatch,
    UnknownLayer,
    WeightsMismatch,
    WeightsMissing,
)
from cadx.records import FloatImage

from .conftest import TINY


def test_features_are_one_row_a_roi(alexnet: Backbone, rois: FloatImage) -> None:
    features = alexnet.features(rois)
    assert (features.shape, features.dtype) == ((5, 4096), np.dtype(np.float32))
    assert (alexnet.feature_count, alexnet.pretrained) == (4096, False)
    assert np.isfinite(features).all()
    assert (features.std(axis=0) > 0).mean() > 0.3
    assert alexnet.features(rois[:0]).shape == (0, 4096)


def test_eager_torch_gives_the_same_eleven_layers(
    alexnet: Backbone, alexnet_in_torch: BuiltNetwork, rois: FloatImage
) -> None:
    assert alexnet_in_torch.weights_digest == alexnet.weights_digest
    eager = TorchEngine(alexnet_in_torch.network, "cpu", "float32").run(rois[:2, None])
    fast = alexnet.layer_features(rois[:2])
    assert list(fast) == list(ALEXNET_LAYERS)
    for layer, values in zip(ALEXNET_LAYERS, eager, strict=True):
        np.testing.assert_allclose(fast[layer], values, rtol=1e-4, atol=1e-4 * values.std())


def test_eager_torch_gives_the_same_features(squeezenet: Backbone, rois: FloatImage) -> None:
    resnet = load_backbone(BackboneSpec("resnet18", "flatten", "random:0"), device="cpu")
    for fast in (squeezenet, resnet):
        network = build(fast.spec, [fast.spec.layer]).network
        eager = TorchEngine(network, "cpu", "float32").run(rois[:2, None])[0]
        np.testing.assert_allclose(fast.features(rois[:2]), eager, rtol=1e-4, atol=1e-4 * eager.std())


def test_a_roi_has_the_same_bits_in_any_batch(
    alexnet: Backbone, squeezenet: Backbone, rois: FloatImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    for cnn in (alexnet, squeezenet):
        together = cnn.features(rois)
        assert np.array_equal(together, cnn.features(rois))
        assert np.array_equal(together, np.concatenate([cnn.features(roi[None]) for roi in rois]))
        monkeypatch.setattr(backbone, "BATCH", 3)
        assert np.array_equal(together, cnn.features(rois))
        assert np.array_equal(together[::-1], cnn.features(rois[::-1]))


def test_one_layer_alone_or_among_others(alexnet: Backbone, rois: FloatImage) -> None:
    alone = load_backbone(replace(alexnet.spec, layer="conv5"), device="cpu")
    np.testing.assert_allclose(
        alone.features(rois[:1]), alexnet.layer_features(rois[:1])["conv5"], rtol=1e-5, atol=1e-7
    )
    assert alone.weights_digest == alexnet.weights_digest


def test_spec_layer_is_always_among_the_layers(rois: FloatImage) -> None:
    cnn = load_backbone(TINY, layers=["features.3.cat", "features.3.cat"], device="cpu")
    assert list(cnn.feature_counts) == ["features.3.cat", "features.12.cat"]
    assert cnn.features(rois[:1]).shape == (1, 512)


@pytest.mark.parametrize(
    "gray",
    [
        np.zeros((512, 512), np.float32),
        np.zeros((1, 256, 256), np.float32),
        np.full((1, 512, 512), np.nan, np.float32),
        np.full((1, 512, 512), np.inf, np.float32),
        np.full((1, 512, 512), 1.5, np.float32),
        np.full((1, 512, 512), -0.1, np.float32),
    ],
)
def test_what_is_no_batch_of_rois_is_refused(squeezenet: Backbone, gray: FloatImage) -> None:
    with pytest.raises(InvalidRoiBatch):
        squeezenet.features(gray)


def test_exported_backbone_gives_the_same_bits(squeezenet: Backbone, rois: FloatImage, tmp_path: Path) -> None:
    path = tmp_path / "backbone.onnx"
    path.write_bytes(squeezenet.export())
    for source in (path, squeezenet.export()):
        again = load_exported(source)
        assert (again.spec, again.weights_digest) == (squeezenet.spec, squeezenet.weights_digest)
        assert (again.pretrained, again.feature_counts) == (False, squeezenet.feature_counts)
        assert np.array_equal(again.features(rois), squeezenet.features(rois))


def test_exported_backbone_tells_nothing_of_the_machine(squeezenet: Backbone) -> None:
    model = squeezenet.export()
    for trace in (b"site-packages", b"/cadx/", b".py", str(Path.home()).encode() + b"/"):
        assert trace not in model


def test_export_is_the_same_whenever_it_is_made(squeezenet: Backbone) -> None:
    assert load_backbone(TINY, device="cpu").export() == squeezenet.export()


def test_serving_imports_no_torch(squeezenet: Backbone, tmp_path: Path) -> None:
    path = tmp_path / "backbone.onnx"
    path.write_bytes(squeezenet.export())
    code = (
        "import sys, numpy, pathlib, cadx.cnn\n"
        f"cnn = cadx.cnn.load_exported(pathlib.Path({str(path)!r}))\n"
        "cnn.features(numpy.zeros((1, 512, 512), numpy.float32))\n"
        "print([name for name in ('torch', 'torchvision', 'onnx') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize("damage", [b"", b"not a model"])
def test_damaged_export_is_refused(damage: bytes, tmp_path: Path) -> None:
    with pytest.raises(ExportedBackboneUnreadable):
        load_exported(damage)
    with pytest.raises(ExportedBackboneUnreadable):
        load_exported(tmp_path / "none.onnx")


def test_truncated_export_is_refused(squeezenet: Backbone) -> None:
    with pytest.raises(ExportedBackboneUnreadable):
        load_exported(squeezenet.export()[:-1000])


def test_export_of_another_version_is_refused(squeezenet: Backbone) -> None:
    model = squeezenet.export()
    older = model.replace(b'"extraction_version": 1', b'"extraction_version": 0')
    assert older != model
    with pytest.raises(ExportedBackboneUnreadable, match="extraction version 0"):
        load_exported(older)


def test_weights_file(tmp_path: Path, squeezenet: Backbone, rois: FloatImage) -> None:
    architecture = build(TINY, [TINY.layer])
    state = {name.removeprefix("extractor."): value for name, value in architecture.network.state_dict().items()}
    full = full_state_dict("squeezenet1_1")
    assert full.keys() > state.keys() - {"sights.entrances.0.weight", "sights.entrances.0.bias"}
    path = tmp_path / "mine.pth"
    torch.save(full, path)
    cnn = load_backbone(replace(TINY, weights=str(path)), device="cpu")
    assert cnn.pretrained
    assert cnn.weights_digest == squeezenet.weights_digest
    assert np.array_equal(cnn.features(rois[:1]), squeezenet.features(rois[:1]))
    assert load_exported(cnn.export()).spec.weights == "mine.pth"
    with pytest.raises(WeightsMismatch, match="alexnet"):
        load_backbone(BackboneSpec(weights=str(path)))


def full_state_dict(architecture: str) -> dict[str, torch.Tensor]:
    from cadx.cnn.pytorch.architectures import build_architecture

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return build_architecture(architecture).network.state_dict()


def test_missing_weights_file_is_told_before_anything_is_built() -> None:
    with pytest.raises(WeightsMissing, match="no such file"):
        load_backbone(BackboneSpec("no such architecture", weights="no/such/file.pth"))


def test_unknown_layer_among_many() -> None:
    with pytest.raises(UnknownLayer, match="fc9"):
        load_backbone(BackboneSpec(weights="random:0"), layers=["fc6", "fc9"])


def test_half_precision_is_near_and_stays_on_torch(squeezenet: Backbone, rois: FloatImage) -> None:
    half = load_backbone(TINY, device="cpu", dtype="bfloat16")
    exact = squeezenet.features(rois[:1])
    assert half.engine_name == "torch-cpu-bfloat16"
    np.testing.assert_allclose(half.features(rois[:1]), exact, atol=0.05 * float(exact.max()))
    with pytest.raises(BackboneNotExportable, match="bfloat16"):
        half.export()


def test_device_and_precision_without_meaning() -> None:
    with pytest.raises(InvalidBackboneSetting, match="float64"):
        load_backbone(TINY, dtype="float64")
    with pytest.raises(InvalidBackboneSetting, match="tpu"):
        load_backbone(TINY, device="tpu")


def test_gpu_is_used_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    from cadx.cnn.pytorch.engine import resolve_device

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert (resolve_device("auto"), resolve_device("cuda"), resolve_device("cpu")) == ("cuda", "cuda", "cpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert resolve_device("auto") == "cpu"
    with pytest.raises(InvalidBackboneSetting, match="cuda"):
        resolve_device("cuda")
