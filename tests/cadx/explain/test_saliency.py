"""Maps of Method A: they add up, they find a lesion that was pasted into texture, and old bundles get one as well."""

from pathlib import Path

import numpy as np
import pytest

from cadx.bundle import load_bundle
from cadx.classify import FrozenSvm, PolynomialGrid, PolynomialSvm
from cadx.cnn import Backbone, BackboneSpec, load_backbone
from cadx.explain import MapKind, saliency_map
from cadx.explain import saliency as module
from cadx.records import FloatImage

KEPT = Path(__file__).parents[2] / "data" / "bundles" / "format-2"
QUADRANTS = {(0, 0): (150, 150), (0, 1): (150, 362), (1, 0): (362, 150), (1, 1): (362, 362)}


def texture(rng: np.random.Generator) -> FloatImage:
    """Power-law noise, 1 / f^3.2 in power, as breast tissue has."""
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(512), np.fft.fftfreq(512)))
    frequency[0, 0] = np.inf
    noise = np.fft.ifft2(np.fft.fft2(rng.normal(size=(512, 512))) * frequency**-1.6).real
    gray: FloatImage = (0.4 + 0.08 * noise / noise.std()).clip(0, 1).astype(np.float32)
    return gray


def pasted(gray: FloatImage, row: int, column: int) -> FloatImage:
    """The texture with a bright, sharp disc of 12 mm."""
    y, x = np.mgrid[:512, :512]
    disc = 0.35 / (1 + np.exp((np.hypot(y - row, x - column) - 60) / 2))
    found: FloatImage = (gray + disc).clip(0, 1).astype(np.float32)
    return found


def quarters(values: np.ndarray) -> list[np.ndarray]:
    """The four quarters in the order of `QUADRANTS`; a middle row or column is in none."""
    rows, columns = values.shape[0] // 2, values.shape[1] // 2
    return [values[r][:, c] for r in (slice(rows), slice(-rows, None)) for c in (slice(columns), slice(-columns, None))]


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    return load_backbone(BackboneSpec("squeezenet1_1", "features.7.cat", "random:0", "mean"), device="cpu")


@pytest.fixture(scope="module")
def svm(backbone: Backbone) -> FrozenSvm:
    return pasted_or_not(backbone)


def pasted_or_not(backbone: Backbone) -> FrozenSvm:
    """Told texture with a pasted lesion somewhere from texture without."""
    rng = np.random.default_rng(0)
    empty = [texture(rng) for _ in range(24)]
    full = [pasted(texture(rng), *rng.integers(100, 412, 2)) for _ in range(24)]
    labels = np.repeat([0, 1], 24)
    grid = PolynomialGrid(a=(1.0,), c=(1.0,), d=(2,), C=(1.0,))
    return PolynomialSvm(grid, inner_folds=3).fit(backbone.features(np.stack(empty + full)), labels).freeze()


@pytest.mark.parametrize("pooling", ["mean", "max"])
def test_cells_add_up_to_the_decision(backbone: Backbone, svm: FrozenSvm, pooling: str) -> None:
    if pooling == "max":
        backbone = load_backbone(BackboneSpec("squeezenet1_1", "features.7.cat", "random:0", "max"), device="cpu")
    gray = pasted(texture(np.random.default_rng(1)), 150, 362)
    found = saliency_map(backbone, svm, gray)
    decision = float(svm.svm_decisions(backbone.features(gray[None]))[0])
    assert found.kind is MapKind.CLASS_ACTIVATION
    assert found.passes == 1
    assert found.baseline + found.values.sum() == pytest.approx(decision, rel=1e-4)
    assert found.decision_value == pytest.approx(decision, rel=1e-4)


def test_cells_of_two_scales_and_eight_turns_add_up_and_lie_where_the_lesion_is() -> None:
    spec = BackboneSpec("squeezenet1_1", "features.7.cat", "random:0", "mean+max", 8, (51.2, 25.6))
    backbone = load_backbone(spec, device="cpu")
    rng = np.random.default_rng(0)
    empty, full = ([one(texture(rng)) for _ in range(8)] for one in (lambda g: g, lambda g: pasted(g, 165, 347)))
    grid = PolynomialGrid(a=(1.0,), c=(1.0,), d=(2,), C=(1.0,))
    names = {"some": [*range(0, 256), *range(512, 768)]}  # of both scales, but not all columns
    svm = PolynomialSvm(grid, inner_folds=3, candidates=names)
    svm = svm.fit(backbone.features(np.stack(empty + full)), np.repeat([0, 1], 8))
    background = texture(rng)
    gray = pasted(background, 165, 347)
    found, without = (saliency_map(backbone, svm.freeze(), image) for image in (gray, background))
    decision = float(svm.freeze().svm_decisions(backbone.features(gray[None]))[0])
    assert found.kind is MapKind.CLASS_ACTIVATION
    assert found.passes == 16
    assert found.baseline + found.values.sum() == pytest.approx(decision, rel=1e-4, abs=1e-6)
    changes = [part.sum() for part in quarters(np.abs(found.values - without.values))]
    assert int(np.argmax(changes)) == 1


@pytest.mark.parametrize("occlude", [False, True])
def test_it_finds_a_lesion_pasted_into_texture(
    backbone: Backbone, svm: FrozenSvm, occlude: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if occlude:
        monkeypatch.setattr(Backbone, "maps", lambda self, gray: None)
    rng = np.random.default_rng(2)
    for quadrant, center in QUADRANTS.items():
        background = texture(rng)
        without, found = (
            saliency_map(backbone, svm, gray).values for gray in (background, pasted(background, *center))
        )
        changes = dict(zip(QUADRANTS, (part.sum() for part in quarters(np.abs(found - without))), strict=True))
        assert max(changes, key=lambda place: changes[place]) == quadrant


def test_with_imagenets_weights_the_peak_is_on_the_pasted_lesion(shared: Path) -> None:
    weights = str(shared / "weights" / "squeezenet1_1-imagenet.pth")
    backbone = load_backbone(BackboneSpec("squeezenet1_1", "features.12.cat", weights, "mean"), device="cpu")
    svm, rng, hits = pasted_or_not(backbone), np.random.default_rng(6), 0
    for center in list(QUADRANTS.values()) * 3:
        values = saliency_map(backbone, svm, pasted(texture(rng), *center)).values
        row, column = np.unravel_index(values.argmax(), values.shape)
        at = (np.array([row, column]) + 0.5) * 512 / values.shape[0]
        hits += bool(np.hypot(*(at - center)) < 60 + 1.5 * 512 / values.shape[0])
    assert hits >= 10  # of 12, each within one and a half cells of the disc; by chance 12 % of the places are


def test_a_bundle_without_maps_is_occluded() -> None:
    bundle = load_bundle(KEPT)
    gray = pasted(texture(np.random.default_rng(3)), 150, 150)
    found = saliency_map(bundle.backbone, bundle.classifiers.cnn, gray)
    assert found.kind is MapKind.OCCLUSION
    assert found.values.shape == (module.TILES, module.TILES)
    assert found.passes == 1 + module.TILES**2
    assert set(module.MEANING) == set(MapKind)


def test_flat_features_have_no_map() -> None:
    spec = BackboneSpec("squeezenet1_1", "features.1", "random:0", "none")
    assert load_backbone(spec, device="cpu").maps(texture(np.random.default_rng(4))[None]) is None


def test_features_are_the_pooled_maps(backbone: Backbone) -> None:
    gray = texture(np.random.default_rng(5))[None]
    maps = backbone.maps(gray)
    assert maps is not None
    assert maps.mean(axis=(1, 2, 4, 5)) == pytest.approx(backbone.features(gray), rel=1e-5, abs=1e-6)
