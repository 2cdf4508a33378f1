import math

import numpy as np
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper

from cadx.cnn import ALEXNET_LAYERS, BackboneSpec
from cadx.cnn.engine import OnnxEngine
from cadx.cnn.pytorch.alexnet2012 import AlexNet2012, LocalResponseNorm
from cadx.cnn.pytorch.architectures import build_architecture
from cadx.cnn.pytorch.building import BuiltNetwork, build
from cadx.cnn.pytorch.engine import TorchEngine
from cadx.records import FloatImage


@pytest.fixture(scope="module")
def built() -> BuiltNetwork:
    return build(BackboneSpec("alexnet2012", weights="random:0"), ALEXNET_LAYERS)


def test_lengths_are_the_papers(built: BuiltNetwork) -> None:
    lengths = {layer: math.prod(shape) for layer, shape in zip(ALEXNET_LAYERS, built.map_shapes, strict=True)}
    assert lengths["pool1"] == 92256  # Huynh 2016, figure 2
    assert lengths["conv4"] == 86400
    assert (lengths["conv1"], lengths["conv2"]) == (96 * 62 * 62, 256 * 31 * 31)
    assert (lengths["fc6"], lengths["fc7"], lengths["fc8"]) == (4096, 4096, 1000)


@pytest.fixture(scope="module")
def network() -> AlexNet2012:
    return AlexNet2012().eval()


def test_eager_torch_gives_the_same_layers(built: BuiltNetwork, rois: FloatImage) -> None:
    eager = TorchEngine(built.network, "cpu", "float32").run(rois[:1, None])
    fast = OnnxEngine(built.to_onnx(ALEXNET_LAYERS, {})).run(rois[:1, None])
    for got, wanted in zip(fast, eager, strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-4 * wanted.std())


def test_grouped_filters_make_sixty_million_weights(network: AlexNet2012) -> None:
    # Krizhevsky 2012, section 3.5; the exact number is that of Caffe's bvlc_alexnet.
    assert sum(tensor.numel() for tensor in network.state_dict().values()) == 60_965_224


def test_on_227_pixels_fc6_sees_pool5_as_it_is(network: AlexNet2012) -> None:
    with torch.inference_mode():
        pool5 = torch.nn.Sequential(*list(network.children())[:15])(torch.rand(1, 3, 227, 227))
        assert pool5.shape == (1, 256, 6, 6)
        assert torch.equal(network.get_submodule("corners")(pool5), pool5)


def test_local_response_norm_is_that_of_torch_and_of_onnx() -> None:
    values = np.random.default_rng(0).normal(scale=40.0, size=(2, 96, 5, 5)).astype(np.float32)
    got = LocalResponseNorm(96)(torch.from_numpy(values))
    torch.testing.assert_close(got, torch.nn.LocalResponseNorm(5, 1e-4, 0.75, 1.0)(torch.from_numpy(values)))
    node = helper.make_node("LRN", ["x"], ["y"], size=5, alpha=1e-4, beta=0.75, bias=1.0)
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, values.shape) for name in ("x", "y")]
    graph = helper.make_graph([node], "lrn", ends[:1], ends[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    np.testing.assert_allclose(got.numpy(), session.run(None, {"x": values})[0], rtol=1e-5)


def test_input_is_caffes_blue_green_red_less_its_mean(built: BuiltNetwork) -> None:
    scaling = build_architecture("alexnet2012").scaling
    with torch.inference_mode():
        got = built.network.sights.entrances[0](torch.full((1, 1, 512, 512), 0.5))
    np.testing.assert_allclose(got[0, :, 9, 9], 127.5 - np.array([104.007, 116.669, 122.679]), atol=1e-4)
    assert scaling.mean[0] < scaling.mean[1] < scaling.mean[2]
