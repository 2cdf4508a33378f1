import numpy as np
import pytest

from tests.training.stats.conftest import Clustered
from training.stats.inference.clustered import clustered_auc, clustered_difference
from training.stats.inference.refitting import p_above_chance, refitted_auc, refitted_difference
from training.stats.roc.auc import AucEstimate


def test_five_folds_widen_the_standard_error_by_one_half(clustered: Clustered) -> None:
    estimate = clustered_auc(clustered.labels, clustered.first, clustered.lesion)
    wider = refitted_auc(estimate, 5)
    assert wider.auc == estimate.auc
    assert wider.se == pytest.approx(1.5 * estimate.se)
    assert wider.low < estimate.low < estimate.high < wider.high
    assert wider.method.endswith("training varied")
    assert refitted_auc(estimate, 2).se == pytest.approx(np.sqrt(3) * estimate.se)


def test_a_difference_is_tested_anew(clustered: Clustered) -> None:
    worse = clustered.second - 0.6 * clustered.labels
    difference = clustered_difference(clustered.labels, clustered.first, worse, clustered.lesion)
    wider = refitted_difference(difference, 5)
    assert wider.se == pytest.approx(1.5 * difference.se)
    assert wider.p_value > difference.p_value


def test_p_above_chance_by_hand() -> None:
    assert p_above_chance(AucEstimate(0.598, 0.05, 0.5, 0.7, 0.95, "")) == pytest.approx(0.025, abs=1e-4)
    assert p_above_chance(AucEstimate(1.0, 0.0, 1.0, 1.0, 0.95, "")) == 0.0
    assert p_above_chance(AucEstimate(0.5, 0.0, 0.5, 0.5, 0.95, "")) == 1.0


def _cross_validated(rng: np.random.Generator) -> AucEstimate:
    """A ridge discriminant, cross validated on features that say nothing of the labels."""
    lesion = np.repeat(np.arange(80), 3)
    labels = (np.arange(80) % 2 == 1)[lesion]
    X = rng.normal(size=(80, 10))[lesion] + 0.5 * rng.normal(size=(240, 10))
    fold = (np.arange(80) // 2 % 5)[lesion]
    scores = np.empty(240)
    for k in range(5):
        train = fold != k
        Z = X[train] - X[train].mean(axis=0)
        scores[~train] = X[~train] @ np.linalg.solve(Z.T @ Z + 10 * np.eye(10), Z.T @ (labels[train] - 0.5))
    return clustered_auc(labels, scores, lesion, strata=fold)


def test_classifiers_trained_on_noise_are_not_called_better_than_chance() -> None:
    """At one-sided 2.5 %; without the widening the same studies are called so far too often."""
    estimates = [_cross_validated(np.random.default_rng(seed)) for seed in range(400)]
    plain = np.mean([p_above_chance(estimate) < 0.025 for estimate in estimates])
    widened = np.mean([p_above_chance(refitted_auc(estimate, 5)) < 0.025 for estimate in estimates])
    assert widened < 0.05
    assert plain > 0.05
