"""Real weights see real things: only right with the right reduction, normalization and order of channels."""

from pathlib import Path

import numpy as np
import pytest
import skimage.color
import skimage.data
import skimage.transform

from cadx.cnn import Backbone, BackboneSpec, load_backbone
from cadx.cnn.pytorch.torchvision_import import import_torchvision
from cadx.records import FloatImage


@pytest.fixture(scope="module")
def classifier(shared: Path) -> Backbone:
    weights = shared / "weights" / "squeezenet1_1-imagenet.pth"
    return load_backbone(BackboneSpec("squeezenet1_1", "flatten", str(weights)), device="cpu")


def as_roi(photograph: np.ndarray) -> FloatImage:
    """The photograph's middle square as gray levels, 512 x 512."""
    gray = skimage.color.rgb2gray(photograph) if photograph.ndim == 3 else photograph / 255.0
    side = min(gray.shape)
    top, left = (gray.shape[0] - side) // 2, (gray.shape[1] - side) // 2
    square = gray[top : top + side, left : left + side]
    resized = skimage.transform.resize(square, (512, 512), anti_aliasing=True)  # type: ignore[no-untyped-call]
    roi: FloatImage = np.clip(resized, 0.0, 1.0).astype(np.float32)
    return roi


@pytest.mark.parametrize(
    ("name", "category", "at_least"),
    [("chelsea", "Egyptian cat", 0.7), ("coffee", "espresso", 0.6), ("camera", "tripod", 0.6)],
)
def test_photograph_is_recognized(classifier: Backbone, name: str, category: str, at_least: float) -> None:
    categories = import_torchvision("models").SqueezeNet1_1_Weights.DEFAULT.meta["categories"]
    scores = classifier.features(as_roi(getattr(skimage.data, name)())[None])[0].astype(np.float64)
    shares = np.exp(scores - scores.max()) / np.exp(scores - scores.max()).sum()
    assert categories[int(shares.argmax())] == category
    assert shares.max() > at_least
    assert classifier.pretrained
