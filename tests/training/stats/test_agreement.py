import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import spearmanr
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import cohens_kappa

from tests.training.stats.conftest import Clustered
from training.stats.agreement import agreement


def test_kappa_is_that_of_scikit_learn(clustered: Clustered) -> None:
    p1, p2 = expit(clustered.first), expit(clustered.second)
    ours = agreement(clustered.labels, p1, p2, clustered.lesion)
    assert ours.kappa == pytest.approx(cohen_kappa_score(p1 >= 0.5, p2 >= 0.5))
    assert ours.kappa is not None
    assert ours.kappa_low is not None
    assert ours.kappa_high is not None
    assert ours.kappa_low < ours.kappa < ours.kappa_high
    assert ours.called.sum() == len(p1)


def test_interval_of_independent_rows_is_near_the_asymptotic_one(clustered: Clustered) -> None:
    p1, p2 = expit(clustered.first), expit(clustered.second)
    ours = agreement(clustered.labels, p1, p2, np.arange(len(p1)), replicates=4000)
    theirs = cohens_kappa(ours.called)
    assert ours.kappa_low == pytest.approx(theirs.kappa_low, abs=0.03)
    assert ours.kappa_high == pytest.approx(theirs.kappa_upp, abs=0.03)


def test_correlations_are_told_within_each_class_too(clustered: Clustered) -> None:
    ours = agreement(clustered.labels, clustered.first, clustered.second, clustered.lesion)
    within = clustered.labels
    assert ours.rank_correlation == pytest.approx(spearmanr(clustered.first, clustered.second).statistic)
    assert ours.rank_correlation_malignant == pytest.approx(
        spearmanr(clustered.first[within], clustered.second[within]).statistic
    )


def test_disagreements_come_with_the_largest_first() -> None:
    ours = agreement([0, 0, 1, 1], [0.9, 0.4, 0.6, 0.2], [0.1, 0.45, 0.4, 0.9], np.arange(4))
    assert list(ours.disagreements) == [0, 3, 2]


def test_kappa_of_calls_all_alike_is_flagged() -> None:
    ours = agreement([0, 1, 1], [0.9, 0.8, 0.8], [0.7, 0.9, 0.6], np.arange(3))
    assert (ours.kappa, [flag.code for flag in ours.flags]) == (None, ["kappa_undefined"])
    constant = agreement([0, 1, 1], [0.9, 0.9, 0.9], [0.7, 0.1, 0.6], np.arange(3))
    assert constant.rank_correlation is None
