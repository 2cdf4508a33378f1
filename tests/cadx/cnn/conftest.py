import numpy as np
import pytest

from cadx.cnn import ALEXNET_LAYERS, Backbone, BackboneSpec, load_backbone
from cadx.cnn.pytorch.building import BuiltNetwork, build
from cadx.records import FloatImage

TINY = BackboneSpec("squeezenet1_1", "features.12.cat", "random:0", "mean")


@pytest.fixture(scope="session")
def rois() -> FloatImage:
    """Five smooth, different ROIs: noise blurred by repetition, 0 to 1."""
    coarse = np.random.default_rng(0).random((5, 64, 64), dtype=np.float32)
    return np.ascontiguousarray(coarse.repeat(8, axis=1).repeat(8, axis=2))


@pytest.fixture(scope="session")
def alexnet() -> Backbone:
    return load_backbone(BackboneSpec(weights="random:0"), layers=ALEXNET_LAYERS, device="cpu")


@pytest.fixture(scope="session")
def alexnet_in_torch() -> BuiltNetwork:
    """The same network as `alexnet`, in eager torch."""
    return build(BackboneSpec(weights="random:0"), ALEXNET_LAYERS)


@pytest.fixture(scope="session")
def squeezenet() -> Backbone:
    return load_backbone(TINY, device="cpu")
