import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_expit

from cadx.classify.platt import calibrate, fit_platt, prevalence


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


def _folds(fold: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    return [np.flatnonzero(fold == k) for k in np.unique(fold)]


def _shifted(seed: int, separation: float = 2.0) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.intp]]:
    """Decision values that rank well within folds, and lie the lower the more positives a fold holds."""
    rng = np.random.default_rng(seed)
    fold = np.repeat(np.arange(5), 12)
    positive = np.concatenate([np.arange(12) < share for share in (2, 4, 6, 8, 10)])
    shift = -6 * np.bincount(fold, weights=positive)[fold] / 12
    return rng.normal(size=60) + separation * positive + 2 * shift, positive, fold


@pytest.mark.parametrize("seed", range(5))
def test_shifts_between_folds_do_not_turn_the_probabilities_about(seed: int) -> None:
    f, positive, fold = _shifted(seed)
    assert fit_platt(f, positive).slope < 0
    found = calibrate(f, positive, _folds(fold))
    assert found.informative
    assert 0.4 < found.slope < 4
    moved = calibrate(f + 3.0, positive, _folds(fold))
    assert moved.slope == pytest.approx(found.slope, rel=0.05)
    assert found.probability(f).mean() == pytest.approx(positive.mean(), abs=0.02)


def test_without_information_every_probability_is_the_prevalence() -> None:
    rng = np.random.default_rng(0)
    fold, positive = np.repeat(np.arange(4), 10), np.tile([True, False, False, False, True], 8)
    f = rng.normal(size=40) - 2.0 * positive
    found = calibrate(f, positive, _folds(fold))
    assert not found.informative
    assert found == prevalence(positive)
    np.testing.assert_allclose(found.probability(f), positive.mean(), rtol=1e-12)
    assert fit_platt(f, positive).slope < 0
    constant = calibrate(np.zeros(40), positive, _folds(fold))
    assert not constant.informative


def test_where_the_pooled_slope_is_positive_nothing_changes() -> None:
    rng = np.random.default_rng(1)
    fold, positive = np.repeat(np.arange(5), 20), rng.random(100) < 0.4
    f = rng.normal(size=100) + positive
    assert calibrate(f, positive, _folds(fold)) == fit_platt(f, positive)


@settings(max_examples=200, deadline=None)
@given(
    values=st.lists(st.floats(-1e4, 1e4, allow_subnormal=False), min_size=20, max_size=20),
    truths=st.lists(st.booleans(), min_size=12, max_size=12),
)
def test_a_probability_never_falls_while_the_decision_value_rises(values: list[float], truths: list[bool]) -> None:
    positive = np.array([*truths, *[True] * 4, *[False] * 4])
    found = calibrate(np.array(values), positive, _folds(np.arange(20) % 4))
    assert found.slope >= 0
    assert np.isfinite(found.intercept)
    p = found.probability(np.sort(np.array(values)))
    assert np.all(np.diff(p) >= 0)
    assert np.all((p >= 0) & (p <= 1))
