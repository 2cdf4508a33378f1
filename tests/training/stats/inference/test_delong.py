import numpy as np
import pytest
from MLstatkit import Delong_test

from tests.training.stats.conftest import Clustered
from training.stats.inference.delong import METHOD, delong_auc, delong_difference


def test_difference_is_that_of_an_independent_implementation(clustered: Clustered) -> None:
    p1, p2 = (1 / (1 + np.exp(-score)) for score in (clustered.first, clustered.second - 0.4 * clustered.labels))
    z, p_value = Delong_test(clustered.labels.astype(int), p1, p2, return_ci=False, return_auc=False)[:2]
    ours = delong_difference(clustered.labels, p1, p2)
    assert ours.difference / ours.se == pytest.approx(-z, rel=1e-9)  # theirs is second less first
    assert ours.p_value == pytest.approx(p_value, rel=1e-9)
    assert ours.method == METHOD


def test_standard_error_of_a_small_table_by_hand() -> None:
    # Placements of the positives 1, 1, 0.5 and of the negatives 1, 2/3.
    labels, scores = [0, 0, 1, 1, 1], [1.0, 3.0, 4.0, 5.0, 2.0]
    estimate = delong_auc(labels, scores)
    assert estimate.auc == pytest.approx(5 / 6)
    assert estimate.se**2 == pytest.approx((1 / 12) / 3 + (1 / 18) / 2)
