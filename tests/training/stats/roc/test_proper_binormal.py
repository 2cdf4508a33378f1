import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from training.stats.roc.proper_binormal import proper_binormal_auc


@pytest.mark.parametrize(("da", "c", "auc"), [(1.24365, -0.428571, 0.85), (2.324, -0.292369, 0.95)])
def test_published_values(da: float, c: float, auc: float) -> None:
    assert round(proper_binormal_auc(da, c), 4) == auc


@pytest.mark.parametrize("da", [0.0, 0.3, 1.0, 2.5])
@pytest.mark.parametrize("c", [-0.9, -0.3, 0.01, 0.5])
def test_the_formula_by_another_bivariate_normal(da: float, c: float) -> None:
    h, rho = -da / np.sqrt(2), -(1 - c**2) / (1 + c**2)
    joint = multivariate_normal.cdf([h, 0.0], cov=[[1.0, rho], [rho, 1.0]], abseps=1e-10, releps=1e-10)
    assert proper_binormal_auc(da, c) == pytest.approx(norm.cdf(-h) + 2 * joint, abs=1e-5)


def test_without_asymmetry_it_is_the_binormal_area_of_equal_variances() -> None:
    assert proper_binormal_auc(1.2, 0.0) == pytest.approx(norm.cdf(1.2 / np.sqrt(2)))
