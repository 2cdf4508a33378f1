"""Taps, scaling and pooling against torchvision's own modules, run by hand."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from cadx.cnn import ALEXNET_LAYERS, Backbone, BackboneSpec
from cadx.cnn.pytorch.architectures import InputScaling, build_architecture
from cadx.cnn.pytorch.building import BuiltNetwork, build
from cadx.cnn.pytorch.network import TappedNetwork, tap
from cadx.cnn.pytorch.torchvision_import import import_torchvision
from cadx.errors import InvalidBackboneSetting, UnknownBackbone, UnknownLayer, UnusableArchitecture
from cadx.records import FloatImage

MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)


def reference_input(gray: FloatImage) -> torch.Tensor:
    """ROI to network input, written out: mean of 2 x 2 pixels, three channels, ImageNet's normalization."""
    reduced = gray.reshape(len(gray), 256, 2, 256, 2).astype(np.float64).mean(axis=(2, 4))
    channels = [(reduced - mean) / deviation for mean, deviation in zip(MEAN, DEVIATION, strict=True)]
    return torch.from_numpy(np.stack(channels, axis=1)).float()


def reference_alexnet(gray: FloatImage) -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    model = import_torchvision("models").alexnet(weights=None).eval()
    names = iter(ALEXNET_LAYERS)
    wanted: dict[str, torch.Tensor] = {}
    with torch.inference_mode():
        values = reference_input(gray)
        for module in model.features:
            values = module(values)
            if isinstance(module, nn.ReLU | nn.MaxPool2d):
                wanted[next(names)] = values.clone()
        values = torch.flatten(model.avgpool(values), 1)
        for module in model.classifier:
            values = module(values)
            if isinstance(module, nn.ReLU):
                wanted[next(names)] = values.clone()
    return {**wanted, "fc8": values}


def test_eleven_layers_are_torchvisions_own(alexnet_in_torch: BuiltNetwork, rois: FloatImage) -> None:
    with torch.inference_mode():
        got = dict(zip(ALEXNET_LAYERS, alexnet_in_torch.network(torch.from_numpy(rois[:2, None])), strict=True))
    wanted = reference_alexnet(rois[:2])
    assert list(wanted) == list(ALEXNET_LAYERS)
    for layer, values in wanted.items():
        torch.testing.assert_close(got[layer], values.flatten(1), rtol=1e-4, atol=1e-5 * float(values.abs().max()))
        if layer != "fc8":
            assert float(got[layer].min()) >= 0.0


def test_lengths_are_torchvisions(alexnet: Backbone) -> None:
    assert alexnet.feature_counts == {
        "conv1": 254016,
        "pool1": 61504,
        "conv2": 184512,
        "pool2": 43200,
        "conv3": 86400,
        "conv4": 57600,
        "conv5": 57600,
        "pool5": 12544,
        "fc6": 4096,
        "fc7": 4096,
        "fc8": 1000,
    }


class Straight(nn.Module):
    """Gives its input back, as the extractor of a network that has only an entrance."""

    def forward(self, values: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"input": values}


def test_entrance_is_reduction_channels_and_normalization(rois: FloatImage) -> None:
    network = TappedNetwork(Straight(), ["input"], InputScaling(MEAN, DEVIATION), BackboneSpec())
    with torch.inference_mode():
        (got,) = network.maps(torch.from_numpy(rois[:, None]))
    torch.testing.assert_close(got, reference_input(rois), rtol=0, atol=2e-6)


@pytest.mark.parametrize(("pooling", "reduce"), [("mean", np.mean), ("max", np.max)])
def test_pooling_keeps_one_value_a_channel(rois: FloatImage, pooling: str, reduce: Callable[..., np.ndarray]) -> None:
    plain = build(BackboneSpec("squeezenet1_1", "features.3.cat", "random:0"), ["features.3.cat"])
    pooled = build(BackboneSpec("squeezenet1_1", "features.3.cat", "random:0", pooling), ["features.3.cat"])
    assert (plain.map_shapes, pooled.map_shapes) == (((128, 63, 63),), ((128,),))
    gray = torch.from_numpy(rois[:2, None])
    with torch.inference_mode():
        maps = plain.network(gray)[0].numpy().reshape(2, 128, -1)
        np.testing.assert_allclose(pooled.network(gray)[0].numpy(), reduce(maps, axis=2), rtol=1e-5, atol=1e-6)


def test_tapped_value_is_not_changed_by_what_follows(rois: FloatImage) -> None:
    # A bottleneck of ResNet adds in place and its ReLUs work in place: the tap of bn3 must not see either.
    spec = BackboneSpec("resnet18", "layer1.0.bn2", "random:0")
    gray = torch.from_numpy(rois[:1, None])
    alone = build(spec, ["layer1.0.bn2"]).network
    among = build(spec, ["layer1.0.bn2", "layer1.0.add", "layer1.0.relu_1"]).network
    with torch.inference_mode():
        (wanted,) = alone(gray)
        before, added, after = among(gray)
    assert torch.equal(before, wanted)
    assert float(wanted.min()) < 0.0
    assert not torch.equal(added, before)
    assert torch.equal(after, added.relu())


@pytest.fixture
def no_initial_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """Zeros instead of random numbers, which take seconds for 143 million weights."""
    for name in ("kaiming_uniform_", "kaiming_normal_", "normal_", "uniform_"):
        monkeypatch.setattr(nn.init, name, lambda tensor, *_, **__: nn.init.zeros_(tensor))


@pytest.mark.usefixtures("no_initial_weights")
@pytest.mark.parametrize(
    ("architecture", "layer", "shape"),
    [
        ("resnet50", "flatten", (2048,)),
        ("resnet50", "layer4.2.relu_2", (2048, 8, 8)),
        ("vgg19", "classifier.1", (4096,)),
    ],
)
def test_torchvision_models_by_name(architecture: str, layer: str, shape: tuple[int, ...]) -> None:
    assert build(BackboneSpec(architecture, layer, "random:0"), [layer]).map_shapes == (shape,)


def test_name_of_a_block_is_answered_with_its_nodes() -> None:
    with pytest.raises(UnknownLayer, match=r"layer4\.1\.relu"):
        tap(build_architecture("resnet18"), ["layer4"], BackboneSpec())


def test_pooling_down_by_one_is_adaptive_pooling(alexnet_in_torch: BuiltNetwork) -> None:
    assert not [module for module in alexnet_in_torch.network.modules() if isinstance(module, nn.AdaptiveAvgPool2d)]
    values = torch.rand(1, 3, 7, 7)
    torch.testing.assert_close(nn.AvgPool2d(2, stride=1)(values), nn.AdaptiveAvgPool2d(6)(values))


def test_same_seed_same_weights_and_torchs_own_stream_is_left_alone() -> None:
    torch.manual_seed(3)
    wanted = torch.rand(3)
    torch.manual_seed(3)
    one, two, other = (
        build(BackboneSpec("squeezenet1_1", "flatten", f"random:{seed}"), ["flatten"]).weights_digest
        for seed in (0, 0, 1)
    )
    assert torch.equal(torch.rand(3), wanted)
    assert one == two != other


def test_unknown_architecture_names_similar_ones() -> None:
    with pytest.raises(UnknownBackbone, match="alexnet2012"):
        build_architecture("alexnet12")


def test_unknown_layer_names_the_layers() -> None:
    with pytest.raises(UnknownLayer, match=r"conv1, pool1, .* fc8"):
        tap(build_architecture("alexnet"), ["fc9"], BackboneSpec())


def test_pooling_of_a_vector_is_refused() -> None:
    with pytest.raises(InvalidBackboneSetting, match="no spatial extent"):
        build(BackboneSpec("squeezenet1_1", "flatten", "random:0", "max"), ["flatten"])


def test_network_for_another_size_of_input_is_refused() -> None:
    with pytest.raises(UnusableArchitecture, match="vit_b_32"):
        build(BackboneSpec("vit_b_32", "encoder.ln", "random:0"), ["encoder.ln"])
