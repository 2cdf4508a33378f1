import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from training.stats.inference.multiple import bonferroni, holm


@pytest.mark.parametrize("count", [1, 2, 3, 10, 45])
def test_adjusted_p_values_are_those_of_statsmodels(count: int) -> None:
    p_values = list(np.round(np.random.default_rng(count).random(count) ** 3, 2))
    np.testing.assert_allclose(holm(p_values), multipletests(p_values, method="holm")[1], atol=1e-12)
    np.testing.assert_allclose(bonferroni(p_values), multipletests(p_values, method="bonferroni")[1], atol=1e-12)


def test_a_table_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx((0.03, 0.06, 0.06))
