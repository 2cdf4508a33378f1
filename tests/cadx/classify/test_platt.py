import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import log_expit

from cadx.classify.platt import fit_platt


def _negative_log_likelihood(weights: np.ndarray, f: np.ndarray, positive: np.ndarray) -> float:
    n1, n0 = positive.sum(), (~positive).sum()
    t = np.where(positive, (n1 + 1) / (n1 + 2), 1 / (n0 + 2))
    margin = weights[0] * f + weights[1]
    return float(-(t * log_expit(margin) + (1 - t) * log_expit(-margin)).sum())


@pytest.mark.parametrize("separation", [0.0, 1.0, 3.0])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_the_sigmoid_is_the_maximum_of_the_likelihood(separation: float, scale: float) -> None:
    rng = np.random.default_rng(7)
    positive = rng.random(200) < 0.4
    f = rng.normal(size=200) + separation * positive
    found = fit_platt(f * scale, positive)
    best = minimize(_negative_log_likelihood, [1.0, 0.0], args=(f, positive), method="BFGS", tol=1e-9)
    assert found.slope * scale == pytest.approx(best.x[0], abs=2e-4)
    assert found.intercept == pytest.approx(best.x[1], abs=2e-4)


def test_separable_and_constant_decisions_stay_finite() -> None:
    positive = np.repeat([False, True], 20)
    separable = fit_platt(np.where(positive, 5.0, -5.0), positive)
    assert 0.9 < separable.probability(np.array([5.0]))[0] < 1
    constant = fit_platt(np.zeros(40), positive)
    assert constant.probability(np.zeros(1))[0] == pytest.approx(0.5)


def test_one_unlike_row_does_not_turn_the_slope() -> None:
    rng = np.random.default_rng(3)
    positive = rng.random(400) < 0.5
    f = rng.normal(size=400) + 2.0 * positive
    alone = fit_platt(f, positive)
    f[np.flatnonzero(~positive)[0]] = 2000.0
    disturbed = fit_platt(f, positive)
    assert disturbed.slope == pytest.approx(alone.slope, rel=0.15)
    unheld = minimize(_negative_log_likelihood, [1.0, 0.0], args=(f / 2000, positive), method="BFGS", tol=1e-9)
    assert unheld.x[0] / 2000 < 0.01 * alone.slope
