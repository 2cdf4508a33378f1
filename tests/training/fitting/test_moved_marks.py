"""`fit --robustness`: the sample, out-of-fold models, the limit in the bundle, and what card and flag make of it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cadx.assessment import assess
from cadx.branches import CNN, ENSEMBLE, LESION
from cadx.bundle import load_bundle
from cadx.classify import PolynomialGrid
from cadx.flags import FlagCode
from cadx.mammogram import read_mammogram
from cadx.robustness import LIMIT_RADIUS_MM, POINTS, RADII_MM, click_robustness, limit_disc, unstable_flags
from tests.conftest import SMALL_BACKBONE
from training.cohort.cases import read_manifest
from training.features.cache import FeatureCache
from training.features.store import FeatureStore
from training.fitting import fit as fitting
from training.fitting.fit import Fit, FitSettings, fit_models, save_fit
from training.fitting.moved_marks import fold_models, move_marks, sample_rows

SETTINGS = FitSettings(
    backbone=SMALL_BACKBONE,
    grid=PolynomialGrid(a=(1.0,), c=(1.0,), d=(2,), C=(1.0,)),
    folds=3,
    synthetic=True,
    source="phantoms of the tests",
)
SAMPLED = 3


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> FeatureStore:
    return FeatureStore(FeatureCache(tmp_path_factory.mktemp("features")))


@pytest.fixture(scope="module")
def plain(phantom_manifest: Path, store: FeatureStore) -> Fit:
    return fit_models(read_manifest(phantom_manifest), SETTINGS, store=store)


@pytest.fixture(scope="module")
def robust(phantom_manifest: Path, store: FeatureStore) -> Fit:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fitting, "sample_rows", lambda lesions, seed: sample_rows(lesions, seed, SAMPLED))
        return fit_models(read_manifest(phantom_manifest), replace(SETTINGS, robustness=True), store=store)


def test_the_sample_is_one_view_of_each_of_some_lesions_and_always_the_same() -> None:
    lesions = np.repeat(np.arange(300), 3)
    rows = sample_rows(lesions, 5)
    assert len(rows) == len(np.unique(lesions[rows])) == 200
    assert np.array_equal(rows, np.sort(rows))
    assert np.array_equal(rows, sample_rows(lesions, 5))
    assert not np.array_equal(rows, sample_rows(lesions, 6))
    assert len(np.unique(rows % 3)) == 3, "any view"
    assert np.array_equal(sample_rows(lesions[:30], 0) // 3, np.arange(10))


def test_nothing_else_of_a_fit_depends_on_it(plain: Fit, robust: Fit) -> None:
    for name in (CNN, LESION, ENSEMBLE):
        assert np.array_equal(plain.scored.probabilities[name], robust.scored.probabilities[name])
    assert plain.reference.click is None
    assert plain.trust.clicks is None
    assert not plain.evaluation.branches[CNN].models
    assert plain.analysis == robust.analysis


def test_marks_are_judged_by_models_that_have_not_seen_the_lesion(robust: Fit) -> None:
    settings, evaluation = robust.settings, robust.evaluation
    models = fold_models(evaluation, robust.backbone, settings.policy, settings.segmentation_method)
    row = int(sample_rows(robust.scored.lesions, settings.seed, SAMPLED)[0])
    (discs,) = move_marks(robust.tables.cases, np.array([row]), evaluation.fold_of_row, models).discs
    case, model = robust.tables.cases[row], models[evaluation.fold_of_row[row]]
    mammogram = read_mammogram(case.image, policy=model.policy)
    assessment = assess(model, mammogram, case.center)
    assert assessment.probability == pytest.approx(robust.scored.probabilities[ENSEMBLE][row], abs=1e-6)
    assert discs == click_robustness(model, mammogram, assessment)


def test_figures_and_limit_are_those_of_the_sample(robust: Fit) -> None:
    clicks, limit = robust.trust.clicks, robust.reference.click
    assert clicks is not None
    assert limit == clicks.limit
    assert clicks.lesions == limit.lesions == SAMPLED
    assert limit.radius_mm == LIMIT_RADIUS_MM
    assert 0 < limit.sd < 0.5
    assert [disc.radius_mm for disc in clicks.discs] == list(RADII_MM)
    assert clicks.unstable.rois == 0, "1 in 20 of three lesions"
    assert clicks.steady.rois == SAMPLED


def test_the_bundle_keeps_the_limit_and_flags_by_it(robust: Fit, plain: Fit, tmp_path: Path) -> None:
    save_fit(robust, tmp_path / "robust")
    save_fit(plain, tmp_path / "plain")
    bundle = load_bundle(tmp_path / "robust")
    assert bundle.reference is not None
    assert bundle.reference.click == robust.reference.click
    assert "click" not in json.loads((tmp_path / "plain" / "cohort.json").read_text())
    card = (tmp_path / "robust" / "MODEL_CARD.md").read_text()
    assert "flagged `unstable` where" in card
    assert "unstable" not in (tmp_path / "plain" / "MODEL_CARD.md").read_text()

    case = robust.tables.cases[0]
    mammogram = read_mammogram(case.image, policy=bundle.policy)
    discs = click_robustness(bundle, mammogram, assess(bundle, mammogram, case.center))
    disc = limit_disc(discs)
    assert disc is not None
    click = bundle.reference.click
    assert click is not None
    for sd, flagged in ((disc.probability.sd * 0.99, True), (disc.probability.sd, False)):
        model = replace(bundle, reference=replace(bundle.reference, click=replace(click, sd=sd)))
        flags = unstable_flags(model, discs)
        assert [flag.code for flag in flags] == [FlagCode.UNSTABLE] * flagged
    assert unstable_flags(load_bundle(tmp_path / "plain"), discs) == ()
    nothing = [replace(each, points=0, refused=POINTS) for each in discs]
    model = replace(bundle, reference=replace(bundle.reference, click=replace(click, sd=0.0)))
    assert unstable_flags(model, nothing) == ()
