import numpy as np
import pytest

from tests.training.stats.conftest import Clustered
from training.stats.inference.bootstrap import bootstrap_auc, bootstrap_difference
from training.stats.inference.clustered import clustered_auc, clustered_difference
from training.stats.roc.auc import empirical_auc


def test_standard_error_is_near_obuchowskis(clustered: Clustered) -> None:
    drawn = bootstrap_auc(clustered.labels, clustered.first, clustered.lesion)
    formula = clustered_auc(clustered.labels, clustered.first, clustered.lesion)
    assert drawn.estimate == pytest.approx(formula.auc)
    assert drawn.se == pytest.approx(formula.se, rel=0.1)
    assert drawn.low == pytest.approx(formula.low, abs=0.03)
    assert drawn.high == pytest.approx(formula.high, abs=0.03)
    assert drawn.p_value is None


def test_replicates_are_aucs_of_redrawn_rows(clustered: Clustered) -> None:
    """The bilinear form against rows copied as often as their lesion was drawn, ties and mixed clusters included."""
    from training.stats.inference import bootstrap

    patient, scores = clustered.lesion // 2, np.round(clustered.first, 1)
    m, n = (np.bincount(patient, weights=rows).astype(np.float64) for rows in (clustered.labels, ~clustered.labels))
    weights = bootstrap._draw(m, n, 20, np.random.default_rng(5))
    _, drawn = bootstrap._replicates(clustered.labels, (scores,), patient, None, 20, 5)
    for weight, auc in zip(weights, drawn[0], strict=True):
        copies = np.repeat(np.arange(len(patient)), weight[patient].astype(int))
        assert auc == pytest.approx(empirical_auc(clustered.labels[copies], scores[copies]), abs=1e-12)


def test_difference_uses_the_same_draws_for_both(clustered: Clustered) -> None:
    worse = clustered.second - 0.5 * clustered.labels
    drawn = bootstrap_difference(clustered.labels, clustered.first, worse, clustered.lesion)
    formula = clustered_difference(clustered.labels, clustered.first, worse, clustered.lesion)
    assert drawn.estimate == pytest.approx(formula.difference)
    assert drawn.se == pytest.approx(formula.se, rel=0.1)
    same = bootstrap_difference(clustered.labels, clustered.first, clustered.first, clustered.lesion)
    assert (same.se, same.p_value) == (0.0, 1.0)


def test_strata_give_the_mean_of_their_aucs(clustered: Clustered) -> None:
    fold = clustered.lesion % 3
    drawn = bootstrap_auc(clustered.labels, clustered.first, clustered.lesion, strata=fold)
    formula = clustered_auc(clustered.labels, clustered.first, clustered.lesion, strata=fold)
    assert drawn.estimate == pytest.approx(formula.auc)
    assert drawn.se == pytest.approx(formula.se, rel=0.12)


def test_the_seed_alone_decides(clustered: Clustered) -> None:
    one, again, other = (
        bootstrap_auc(clustered.labels, clustered.first, clustered.lesion, seed=seed, replicates=200)
        for seed in (1, 1, 2)
    )
    assert one == again
    assert one.low != other.low
