from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.base import clone
from sklearn.metrics import roc_auc_score

from cadx.classify import PolynomialGrid, PolynomialSvm, grouped_folds
from cadx.cnn import Backbone, BackboneSpec, load_backbone
from cadx.errors import NoVaryingFeature
from cadx.mammogram import ReadingPolicy
from training.cohort.cases import read_manifest
from training.errors import FeatureCacheUnusable, TooFewCases
from training.features.cache import FeatureCache
from training.features.store import FeatureStore
from training.layers.comparison import LayerComparison, LayerResult, LayerStudy, compare_layers, layer_matrix
from training.layers.pictures import draw_layer_aucs, draw_roi_through_layers

LAYERS = ("features.3.cat", "features.6.cat", "flatten")


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    return load_backbone(BackboneSpec("squeezenet1_1", "flatten", "random:0"), layers=LAYERS, device="cpu")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> FeatureStore:
    return FeatureStore(FeatureCache(tmp_path_factory.mktemp("cache")))


STUDY = LayerStudy(folds=3, grid=PolynomialGrid(a=(1.0,), d=(1, 2), C=(1.0,)))


@pytest.fixture(scope="module")
def comparison(phantom_manifest: Path, backbone: Backbone, store: FeatureStore) -> LayerComparison:
    return compare_layers(read_manifest(phantom_manifest), backbone, ReadingPolicy(), STUDY, store)


def test_auc_is_that_of_the_polynomial_svm() -> None:
    rng = np.random.default_rng(1)
    groups = np.repeat(np.arange(40), 2)
    positive = np.repeat(rng.random(40) < 0.5, 2)
    X = (rng.standard_normal((80, 300)) + 0.25 * positive[:, None]).astype(np.float32)
    folds = grouped_folds(positive, groups, 3, 5)
    got = LayerStudy(folds=3, seed=5).fold_aucs(X, positive, groups, folds)
    svm = PolynomialSvm(inner_folds=3, seed=5)
    wanted = []
    for fold in folds:
        fitted = clone(svm).fit(X[fold.train], positive[fold.train], groups[fold.train])
        wanted.append(roc_auc_score(positive[fold.test], fitted.predict_proba(X[fold.test])[:, 1]))
    assert got == pytest.approx(wanted, abs=1e-9)


def test_comparison_has_a_row_a_layer(comparison: LayerComparison, backbone: Backbone) -> None:
    assert [result.layer for result in comparison.results] == list(LAYERS)
    for result in comparison.results:
        assert result.length == backbone.feature_counts[result.layer] >= result.varying_length > 0
        assert len(result.fold_aucs) == 3
        assert all(0 <= auc <= 1 for auc in result.fold_aucs)
    assert comparison.results[0].varying_length < comparison.results[0].length
    assert comparison.best.auc == max(result.auc for result in comparison.results)
    assert comparison.extracted == len(comparison.cases)


def test_second_comparison_extracts_nothing(
    phantom_manifest: Path, backbone: Backbone, store: FeatureStore, comparison: LayerComparison
) -> None:
    again = compare_layers(read_manifest(phantom_manifest), backbone, ReadingPolicy(), STUDY, store)
    assert again.extracted == 0
    assert [result.fold_aucs for result in again.results] == [result.fold_aucs for result in comparison.results]


def test_error_bar_is_the_papers() -> None:
    result = LayerResult("fc6", 10, 9, (0.7, 0.8, 0.9, 0.75, 0.85), 1.0)
    assert result.auc == pytest.approx(0.8)
    assert result.standard_error == pytest.approx(np.std(result.fold_aucs, ddof=1) / np.sqrt(5))


def test_layer_that_never_varies_is_told() -> None:
    groups, positive = np.arange(20), np.arange(20) % 2 == 0
    X = np.ones((20, 5), dtype=np.float32)
    with pytest.raises(NoVaryingFeature):
        STUDY.fold_aucs(X, positive, groups, grouped_folds(positive, groups, 3, 0))


def test_too_few_lesions_are_refused_before_reading(
    phantom_manifest: Path, backbone: Backbone, store: FeatureStore
) -> None:
    with pytest.raises(TooFewCases):
        compare_layers(read_manifest(phantom_manifest), backbone, ReadingPolicy(), LayerStudy(folds=9), store)


def test_lost_entry_is_told(backbone: Backbone, store: FeatureStore) -> None:
    with pytest.raises(FeatureCacheUnusable, match="flatten was lost"):
        layer_matrix(store, ["0" * 64], backbone, "flatten")


def test_pictures_are_drawn(comparison: LayerComparison, backbone: Backbone, tmp_path: Path) -> None:
    gray = np.random.default_rng(0).random((512, 512), dtype=np.float32)
    draw_layer_aucs(comparison, tmp_path / "a.png", notice="phantoms")
    draw_roi_through_layers(backbone, gray, tmp_path / "b.png", notice="not pretrained")
    for name in ("a.png", "b.png"):
        with Image.open(tmp_path / name) as image:
            assert min(image.size) > 400
            assert np.asarray(image.convert("L")).std() > 10
