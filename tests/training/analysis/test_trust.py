"""Figures of trust: counted on a cohort whose answers are known."""

from pathlib import Path

import numpy as np
import pytest

from cadx.branches import CNN, ENSEMBLE, LESION
from cadx.bundle import load_bundle
from cadx.classify import grouped_folds
from cadx.explain import fit_reference
from cadx.lesion import FEATURES
from training.analysis.scored import Scored
from training.analysis.trust import Trust, trust_figures
from training.analysis.trust_wording import read_trust

ROWS = 400


@pytest.fixture(scope="module")
def scored() -> Scored:
    rng = np.random.default_rng(0)
    labels = np.arange(ROWS) % 2 == 1
    p = {name: np.clip(0.4 + 0.2 * labels + 0.15 * rng.normal(size=ROWS), 0.01, 0.99) for name in (CNN, LESION)}
    p[ENSEMBLE] = (p[CNN] + p[LESION]) / 2
    numbers = np.arange(ROWS)
    features = rng.normal(size=(ROWS, len(FEATURES)))
    return Scored((), labels, numbers, numbers, p, p[ENSEMBLE], features, numbers % 5)


@pytest.fixture(scope="module")
def trust(scored: Scored, bundle_folder: Path) -> Trust:
    cnn = np.random.default_rng(1).normal(size=(ROWS, 20))
    folds = grouped_folds(scored.labels, None, 5, 0)
    reference = fit_reference(cnn, scored.features, scored.labels, scored.probabilities, folds)
    return trust_figures(scored, reference, load_bundle(bundle_folder).classifiers.lesion)


def test_errors_are_counted_apart(scored: Scored, trust: Trust) -> None:
    p = scored.probabilities
    apart = p[CNN] - p[LESION]
    flagged = (apart < trust.difference_low) | (apart > trust.difference_high)
    wrong = (p[ENSEMBLE] >= 0.5) != scored.labels
    assert trust.disagreeing.rois == flagged.sum() == 20
    assert trust.disagreeing.errors == (wrong & flagged).sum()
    assert trust.agreeing.errors + trust.disagreeing.errors == wrong.sum()


def test_sets_cover_what_they_promise(trust: Trust) -> None:
    assert trust.sets.benign_coverage == pytest.approx(0.95, abs=0.03)
    assert trust.sets.malignant_coverage == pytest.approx(0.95, abs=0.03)
    assert 0.2 < trust.sets.both < 0.9
    assert trust.novelty_flagged == pytest.approx(0.05, abs=0.02)
    assert 0 < trust.venn_abers_width < 0.1


def test_every_figure_is_said(trust: Trust, bundle_folder: Path) -> None:
    told = " ".join(read_trust(trust))
    assert f"({trust.disagreeing.errors} of {trust.disagreeing.rois})" in told
    assert "none are kept in the bundle" in told
    card = (bundle_folder / "MODEL_CARD.md").read_text()
    assert "## Why, and when not to believe it" in card
    assert "ROIs are kept, with small pictures" in card
    assert "## What this bundle holds of patients" in card
    assert "a picture of 64 x 64 pixels of each" in card
