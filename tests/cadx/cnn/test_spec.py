from pathlib import Path

import pytest

from cadx.cnn import BackboneSpec
from cadx.errors import InvalidBackboneSetting


def test_default_is_the_papers_choice() -> None:
    assert BackboneSpec() == BackboneSpec("alexnet", "fc6", "imagenet", "none")


@pytest.mark.parametrize(
    ("weights", "pretrained", "seed", "path"),
    [
        ("imagenet", True, None, None),
        ("random:0", False, 0, None),
        ("random:7", False, 7, None),
        ("weights/mine.pth", True, None, Path("weights/mine.pth")),
    ],
)
def test_weights_name_their_source(weights: str, pretrained: bool, seed: int | None, path: Path | None) -> None:
    spec = BackboneSpec(weights=weights)
    spec.check()
    assert (spec.pretrained, spec.random_seed, spec.weights_path) == (pretrained, seed, path)


@pytest.mark.parametrize("weights", ["random:", "random:x", "random:-1", "random:1.5", f"random:{2**63}", ""])
def test_weights_without_meaning_are_refused(weights: str) -> None:
    with pytest.raises(InvalidBackboneSetting, match="random:"):
        BackboneSpec(weights=weights).check()


def test_unknown_pooling_is_refused() -> None:
    with pytest.raises(InvalidBackboneSetting, match="none or mean or max"):
        BackboneSpec(pooling="median").check()
