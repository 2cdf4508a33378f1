"""What the network sees of a ROI: squares at two scales and their turns, and what becomes of them."""

from dataclasses import replace

import numpy as np
import pytest

from cadx.cnn import Backbone, BackboneSpec, backbone, load_backbone, load_exported
from cadx.errors import InvalidBackboneSetting
from cadx.records import FloatImage

from .conftest import TINY

BEST = replace(TINY, pooling="mean+max", turns=8, scales_mm=(51.2, 25.6))


def turns(image: FloatImage) -> list[FloatImage]:
    """The eight turns and flips, by rotation."""
    rotated = [np.rot90(image, quarter, axes=(-2, -1)) for quarter in range(4)]
    return rotated + [np.flip(turned, axis=-1) for turned in rotated]


@pytest.fixture(scope="module")
def best() -> Backbone:
    return load_backbone(BEST, device="cpu")


def test_features_are_means_over_the_turns_scale_by_scale(best: Backbone, rois: FloatImage) -> None:
    plain = {pooling: load_backbone(replace(TINY, pooling=pooling), device="cpu") for pooling in ("mean", "max")}
    middle = np.repeat(np.repeat(rois[:1, 128:384, 128:384], 2, axis=1), 2, axis=2)  # 2 x 2 equal pixels have one mean
    expected = [
        np.mean([plain[pooling].features(turned) for turned in turns(square)], axis=0)
        for square in (rois[:1], middle)
        for pooling in ("mean", "max")
    ]
    found = best.features(rois[:1])
    np.testing.assert_allclose(found, np.concatenate(expected, axis=1), rtol=1e-4, atol=1e-4)
    assert list(best.blocks) == ["51.2 mm mean", "51.2 mm max", "25.6 mm mean", "25.6 mm max"]
    assert best.blocks["25.6 mm mean"] == slice(1024, 1536)
    assert best.feature_count == 2048


def test_a_turned_region_has_the_same_features(best: Backbone, rois: FloatImage) -> None:
    found = [best.features(turned) for turned in turns(rois[:1])]
    for other in found[1:]:
        np.testing.assert_allclose(other, found[0], rtol=1e-4, atol=1e-4)
    plain = load_backbone(TINY, device="cpu")
    assert np.abs(plain.features(np.rot90(rois[:1], axes=(1, 2))) - plain.features(rois[:1])).max() > 1e-3


def test_bits_do_not_depend_on_the_batch_and_survive_export(
    best: Backbone, rois: FloatImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_by_one = np.concatenate([best.features(roi[None]) for roi in rois[:3]])
    assert np.array_equal(best.features(rois[:3]), one_by_one)
    again = load_exported(best.export())
    assert again.spec == BEST
    assert np.array_equal(again.features(rois[:3]), one_by_one)
    monkeypatch.setattr(backbone, "BATCH", 48)
    assert np.array_equal(again.features(rois[:3]), one_by_one)


def test_maps_are_turned_back(best: Backbone, rois: FloatImage) -> None:
    gray = np.full((1, 512, 512), 0.2, dtype=np.float32)
    gray[0, 100:180, 330:410] = 0.9  # above and right of the middle
    maps = best.maps(gray)
    assert maps is not None
    assert maps.shape[:4] == (1, 2, 8, 512)
    empty = best.maps(np.full((1, 512, 512), 0.2, dtype=np.float32))
    assert empty is not None
    changed = np.abs(maps - empty)[0, 0].sum(axis=1)
    for turned in changed:
        row, column = np.unravel_index(turned.argmax(), turned.shape)
        assert row < turned.shape[0] / 2 < column
    pooled = best.maps(rois[:1])
    assert pooled is not None
    means = pooled.mean(axis=(2, 4, 5))[0]
    found = best.features(rois[:1])[0]
    for scale, name in enumerate(("51.2 mm mean", "25.6 mm mean")):
        np.testing.assert_allclose(found[best.blocks[name]], means[scale], rtol=1e-4, atol=1e-5)


def test_fully_connected_layers_are_turned_without_pooling(rois: FloatImage) -> None:
    spec = BackboneSpec("alexnet", "fc6", "random:0", "none", turns=8)
    plain = load_backbone(replace(spec, turns=1), device="cpu")
    expected = np.mean([plain.features(turned) for turned in turns(rois[:1])], axis=0)
    found = load_backbone(spec, device="cpu").features(rois[:1])
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("change", "setting"),
    [
        ({"turns": 4}, "turns"),
        ({"scales_mm": ()}, "scales_mm"),
        ({"scales_mm": (25.6, 51.2)}, "scales_mm"),
        ({"scales_mm": (102.4,)}, "scales_mm"),
        ({"pooling": "none", "turns": 8}, "pooling"),
        ({"pooling": "median"}, "pooling"),
    ],
)
def test_sights_without_meaning_are_refused(change: dict[str, object], setting: str) -> None:
    with pytest.raises(InvalidBackboneSetting, match=setting):
        load_backbone(replace(TINY, **change), device="cpu")  # type: ignore[arg-type]
