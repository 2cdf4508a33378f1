"""Presets: one word from the fit to the answer, and the paper's way untouched."""

from pathlib import Path

import numpy as np
import pytest

from cadx.assessment import assess
from cadx.bundle import differences_from_paper, evidence_of, load_bundle, load_estimators
from cadx.classify import PolynomialGrid
from cadx.cnn import BackboneSpec
from cadx.mammogram import read_mammogram
from training.cohort.cases import Case, read_manifest
from training.features.extraction import extract_features
from training.fitting.fit import Fit, FitSettings, fit_models, save_fit
from training.fitting.presets import Preset
from training.study.external import score

SPEC = BackboneSpec("squeezenet1_1", "features.7.cat", "random:0")
GRID = PolynomialGrid(a=(1.0,), c=(1.0,), d=(2,), C=(1.0,))


@pytest.fixture(scope="module")
def fit(phantom_manifest: Path) -> Fit:
    settings = FitSettings(Preset.BEST, SPEC, grid=GRID, folds=3, synthetic=True, source="phantoms of the tests")
    return fit_models(read_manifest(phantom_manifest), settings)


@pytest.fixture(scope="module")
def folder(fit: Fit, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "best"
    save_fit(fit, folder)
    return folder


def test_the_papers_way_is_the_default_and_changes_nothing() -> None:
    assert FitSettings().preset is Preset.PAPER
    assert Preset.PAPER.backbone(SPEC) is SPEC
    assert Preset.PAPER.marks == 1
    assert not Preset.PAPER.weighted


def test_best_widens_what_the_network_sees() -> None:
    best = Preset.BEST.backbone(SPEC)
    assert (best.pooling, best.turns, best.scales_mm) == ("mean+max", 8, (51.2, 25.6))
    assert Preset.BEST.backbone(BackboneSpec(layer="fc6")).pooling == "none"
    assert Preset.BEST.backbone(BackboneSpec("squeezenet1_1", "features.7.cat", pooling="max")).pooling == "max"


def test_the_part_is_chosen_in_each_fold_and_the_weight_too(fit: Fit) -> None:
    offered = list(Preset.BEST.candidates(fit.backbone) or {})
    assert len(offered) == 3
    assert set(fit.evaluation.branches["cnn"].candidates) <= set(offered)
    assert set(fit.evaluation.branches["lesion"].candidates) == {"all"}
    assert fit.evaluation.ensemble is not None
    for fold, vote in zip(fit.evaluation.folds, fit.evaluation.votes, strict=True):
        p1, p2 = (branch.probabilities[fold.test] for branch in fit.evaluation.branches.values())
        expected = vote.weight * p1 + (1 - vote.weight) * p2
        np.testing.assert_allclose(fit.evaluation.ensemble.probabilities[fold.test], expected)


def test_the_bundle_answers_as_the_fit_and_tells_its_way(fit: Fit, folder: Path, unseen_phantom: Case) -> None:
    bundle = load_bundle(folder)  # its self-test holds turns, scales, part and weight against the fit's own answers
    method = bundle.manifest.method
    assert method.preset == "best"
    assert method.cnn_part == fit.classifiers.cnn.candidate_
    assert method.cnn_weight == fit.classifiers.ensemble.weight == bundle.classifiers.ensemble.weight
    assert (bundle.manifest.backbone.turns, bundle.manifest.backbone.scales_mm) == (8, (51.2, 25.6))
    assert bundle.marks == method.lesion_marks == 5
    method_b = bundle.segmentation_method
    tables = extract_features([unseen_phantom], bundle.backbone, bundle.policy, method_b, marks=5)
    mammogram = read_mammogram(unseen_phantom.image, policy=bundle.policy)
    answer = assess(bundle, mammogram, unseen_phantom.center)
    assert answer.probability == score(bundle, tables).probabilities["ensemble"][0]
    np.testing.assert_array_equal(answer.lesion_features, tables.lesion[0])
    assert load_estimators(folder).cnn.candidate_ == method.cnn_part
    card = (folder / "MODEL_CARD.md").read_text()
    for told in ("**Preset**: best", "8 turns and flips", "51.2 and 25.6 mm", "means over 5 marks"):
        assert told in card


def test_differences_and_evidence_are_told(folder: Path, bundle_folder: Path) -> None:
    paper, best = (load_bundle(path).manifest for path in (bundle_folder, folder))
    of_paper, of_best = (
        " ".join(differences_from_paper(m.backbone, m.segmentation_method, m.method)) for m in (paper, best)
    )
    assert paper.method.preset == "paper"
    for told in ("squeezenet1_1, not AlexNet", "dual_stage, not by region growing", "random"):
        assert told in of_paper
    assert "turns" not in of_paper
    assert "8 turns and flips" in of_best
    assert "outlines from 5 marks: the reader's, and 4 about it at 2 mm" in of_best
    told = evidence_of(best)
    assert f"AUC A {best.evaluation.cnn.auc_mean:.3f}" in told
    assert "phantom lesions" in told
    assert "No external test set" in told
