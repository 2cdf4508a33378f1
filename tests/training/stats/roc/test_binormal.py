import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.stats import norm
from statsmodels.tools.numdiff import approx_hess

from training.stats.roc.auc import empirical_auc
from training.stats.roc.binormal import fit_binormal, truth_state_runs


def _draw(seed: int, a: float, b: float, m: int, n: int) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    rng = np.random.default_rng(seed)
    scores = np.concatenate([rng.normal(size=n), rng.normal(a / b, 1 / b, size=m)])
    return np.arange(m + n) >= n, scores


def test_recovers_its_own_parameters_within_two_standard_errors() -> None:
    """200 sets of the paper's size, 346 positive and 261 negative rows."""
    a, b = 1.2, 0.8
    within, aucs = [], []
    for seed in range(200):
        fit = fit_binormal(*_draw(seed, a, b, 346, 261))
        assert not fit.flags
        assert fit.a is not None
        assert fit.b is not None
        assert fit.se_a is not None
        assert fit.se_b is not None
        assert fit.se_auc is not None
        within.append((abs(fit.a - a) < 2 * fit.se_a, abs(fit.b - b) < 2 * fit.se_b))
        aucs.append((fit.auc, fit.se_auc))
    assert np.all(np.abs(np.mean(within, axis=0) - 0.954) < 0.045)
    mean_auc, mean_se = np.mean(aucs, axis=0)
    assert mean_auc == pytest.approx(norm.cdf(a / np.hypot(1, b)), abs=0.004)
    assert np.std([auc for auc, _ in aucs]) == pytest.approx(mean_se, rel=0.15)


def test_ratings_reach_the_maximum_of_a_general_optimizer() -> None:
    """Five rating categories; the likelihood of Dorfman and Alf maximized by brute force."""
    negatives, positives = np.array([30, 19, 8, 2, 1]), np.array([5, 6, 5, 12, 22])
    scores = np.concatenate([np.repeat(np.arange(5), negatives), np.repeat(np.arange(5), positives)]).astype(float)
    labels = np.arange(len(scores)) >= negatives.sum()

    def loss(theta: NDArray[np.float64]) -> float:
        a, b, cuts = theta[0], np.exp(theta[1]), np.cumsum(np.concatenate([theta[2:3], np.exp(theta[3:])]))
        noise = np.diff(norm.cdf(np.concatenate([[-np.inf], cuts, [np.inf]])))
        signal = np.diff(norm.cdf(np.concatenate([[-np.inf], b * cuts - a, [np.inf]])))
        return -float(negatives @ np.log(noise) + positives @ np.log(signal))

    best = minimize(loss, [1.0, 0.0, 0.0, -1.0, -1.0, -1.0], method="BFGS", options={"gtol": 1e-7})
    fit = fit_binormal(labels, scores)
    assert fit.log_likelihood == pytest.approx(-best.fun, abs=1e-6)
    assert fit.a == pytest.approx(best.x[0], abs=1e-3)
    assert fit.b == pytest.approx(np.exp(best.x[1]), abs=1e-3)
    covariance = np.linalg.inv(approx_hess(best.x, loss))
    assert fit.se_a == pytest.approx(np.sqrt(covariance[0, 0]), rel=0.01)
    assert fit.se_b == pytest.approx(np.sqrt(covariance[1, 1]) * fit.b, rel=0.01)


def test_only_the_order_of_scores_counts() -> None:
    labels, scores = _draw(1, 1.5, 1.0, 60, 50)
    first, second = fit_binormal(labels, scores), fit_binormal(labels, np.exp(scores / 3))
    assert (first.a, first.b) == (second.a, second.b)


def test_reversed_scores_give_the_complementary_area() -> None:
    labels, scores = _draw(2, 1.0, 0.7, 80, 90)
    assert fit_binormal(labels, -scores).auc == pytest.approx(1 - fit_binormal(labels, scores).auc, abs=1e-6)


def test_runs_merge_neighbors_of_one_truth_and_keep_ties_of_both() -> None:
    labels = np.array([0, 0, 1, 0, 1, 1, 1], dtype=bool)
    runs = truth_state_runs(labels, np.array([1.0, 2.0, 3.0, 3.0, 4.0, 5.0, 5.0]))
    np.testing.assert_array_equal(runs.negatives, [2, 1, 0])
    np.testing.assert_array_equal(runs.positives, [0, 1, 3])


@pytest.mark.parametrize(
    ("scores", "flag", "auc"),
    [
        ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], "perfect_separation", 1.0),
        ([6.0, 5.0, 4.0, 3.0, 2.0, 1.0], "perfect_separation", 0.0),
        ([1.0] * 6, "too_few_categories", 0.5),
    ],
)
def test_data_without_a_curve_are_flagged_and_not_failed(scores: list[float], flag: str, auc: float) -> None:
    fit = fit_binormal([0, 0, 0, 1, 1, 1], scores)
    assert [one.code for one in fit.flags] == [flag]
    assert fit.auc == auc
    assert fit.a is None
    assert np.all(np.isfinite(fit.true_positive_fraction([0.0, 0.5, 1.0])))


def test_small_and_tied_data_never_fail() -> None:
    for seed in range(150):
        rng = np.random.default_rng(seed)
        n, m = rng.integers(2, 30, 2)
        labels = np.arange(n + m) >= n
        scores = np.round(rng.normal(size=n + m) * np.where(labels, 3.0, 1.0) + labels, seed % 3)
        fit = fit_binormal(labels, scores)
        assert 0 <= fit.auc <= 1
        assert fit.flags or abs(fit.auc - empirical_auc(labels, scores)) < 0.25
        assert np.all(np.diff(fit.true_positive_fraction(np.linspace(0, 1, 21))) >= 0)
