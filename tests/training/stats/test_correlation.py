import numpy as np
import pytest
from scipy.stats import spearmanr

from training.stats.correlation import feature_correlations


def test_lesions_and_not_rows_are_correlated() -> None:
    rng = np.random.default_rng(0)
    value = rng.normal(size=30)
    score = value + rng.normal(size=30)
    lesion = np.repeat(np.arange(30), 3)
    features = np.column_stack([np.zeros(90), value[lesion], rng.normal(size=90)])
    found = feature_correlations(score[lesion], features, ["flat", "area_mm2", "noise"], lesion)
    assert found[0].feature == "area_mm2"
    expected = spearmanr(score, value)
    assert found[0].rho == pytest.approx(expected.statistic)
    assert found[0].p_value == pytest.approx(expected.pvalue)
    assert found[0].p_holm == pytest.approx(3 * expected.pvalue)
    flat = next(one for one in found if one.feature == "flat")
    assert (flat.rho, flat.p_value, flat.lesions) == (0.0, 1.0, 30)
