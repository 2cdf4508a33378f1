import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from cadx.errors import FeaturesNotFinite, OneClassOnly
from tests.training.stats.conftest import Clustered
from training.stats.roc.auc import auc_interval, empirical_auc, mean_and_sd, placements


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(-4, 4)), min_size=4, max_size=40))
def test_auc_is_that_of_scikit_learn_ties_and_all(rows: list[tuple[bool, int]]) -> None:
    labels = np.array([True, False] + [label for label, _ in rows])
    scores = np.array([0.0, 0.0] + [score for _, score in rows])
    assert empirical_auc(labels, scores) == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)


def test_placements_are_shares_of_the_other_class() -> None:
    placed = placements([0, 0, 1, 1], [1.0, 2.0, 2.0, 3.0])
    np.testing.assert_allclose(placed.positive, [0.75, 1.0])
    np.testing.assert_allclose(placed.negative, [1.0, 0.75])
    assert placed.auc == pytest.approx(0.875)


def test_only_order_counts(clustered: Clustered) -> None:
    assert empirical_auc(clustered.labels, clustered.first) == empirical_auc(clustered.labels, np.exp(clustered.first))


def test_one_class_and_scores_that_are_not_finite_are_refused() -> None:
    with pytest.raises(OneClassOnly, match="All 2 rows are of one class, malignant"):
        empirical_auc([1, 1], [0.1, 0.2])
    with pytest.raises(FeaturesNotFinite):
        empirical_auc([0, 1], [0.1, np.nan])


def test_intervals_stay_inside_zero_and_one() -> None:
    low, high = auc_interval(0.97, 0.03, 0.95)
    assert 0 < low < 0.97 < high < 1
    assert auc_interval(1.0, 0.0, 0.95) == (1.0, 1.0)


def test_the_sd_is_that_of_a_sample() -> None:
    assert mean_and_sd([0.8, 0.82, 0.84]) == pytest.approx((0.82, 0.02))
