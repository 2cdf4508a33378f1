import numpy as np
import pytest
import statsmodels.api as sm
from scipy.special import expit, logit
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from tests.training.stats.conftest import Clustered
from training.stats.calibration import calibration


def test_line_and_cluster_robust_errors_are_those_of_statsmodels(clustered: Clustered) -> None:
    p = expit(clustered.first)
    ours = calibration(clustered.labels, p, clustered.lesion)
    model = sm.Logit(clustered.labels.astype(float), sm.add_constant(logit(p)))
    theirs = model.fit(disp=0, cov_type="cluster", cov_kwds={"groups": clustered.lesion})
    assert ours.intercept is not None
    assert ours.slope is not None
    assert ours.se_intercept is not None
    assert ours.se_slope is not None
    np.testing.assert_allclose([ours.intercept, ours.slope], theirs.params, rtol=1e-6)
    np.testing.assert_allclose([ours.se_intercept, ours.se_slope], theirs.bse, rtol=1e-6)


def test_in_the_large_is_the_intercept_with_slope_one(clustered: Clustered) -> None:
    p = expit(clustered.first)
    labels = clustered.labels.astype(float)
    model = sm.GLM(labels, np.ones((len(p), 1)), family=sm.families.Binomial(), offset=logit(p))
    assert calibration(labels, p, clustered.lesion).in_the_large == pytest.approx(
        float(model.fit().params[0]), abs=1e-8
    )


def test_brier_is_that_of_scikit_learn(clustered: Clustered) -> None:
    p = expit(clustered.first)
    ours = calibration(clustered.labels, p, clustered.lesion)
    assert ours.brier == pytest.approx(brier_score_loss(clustered.labels, p))
    share = clustered.labels.mean()
    assert ours.brier_of_prevalence == pytest.approx(share * (1 - share))


def test_reliability_bins_are_those_of_scikit_learn(clustered: Clustered) -> None:
    p = expit(clustered.first)
    observed, said = calibration_curve(clustered.labels, p, n_bins=8, strategy="quantile")
    bins = calibration(clustered.labels, p, clustered.lesion, bins=8).reliability
    np.testing.assert_allclose([one.observed.value for one in bins], observed)
    np.testing.assert_allclose([one.mean_probability for one in bins], said)
    assert sum(one.observed.rows for one in bins) == len(p)


def test_true_probabilities_have_slope_one_and_intercept_zero() -> None:
    rng = np.random.default_rng(0)
    log_odds = rng.normal(size=4000)
    labels = rng.random(4000) < expit(log_odds)
    ours = calibration(labels, expit(log_odds), np.arange(4000))
    assert ours.slope is not None
    assert ours.se_slope is not None
    assert abs(ours.slope - 1) < 3 * ours.se_slope
    assert abs(ours.in_the_large) < 3 * ours.se_in_the_large
    confident = calibration(labels, expit(2 * log_odds), np.arange(4000))
    assert confident.slope == pytest.approx(ours.slope / 2, rel=1e-6)


@pytest.mark.parametrize("p", [[0.4] * 6, [0.1, 0.2, 0.3, 0.7, 0.8, 1.0]])
def test_a_line_that_is_not_defined_is_flagged(p: list[float]) -> None:
    ours = calibration([0, 0, 0, 1, 1, 1], p, np.arange(6))
    assert ours.slope is None
    assert [flag.code for flag in ours.flags] == ["calibration_line_undefined"]
    assert np.isfinite(ours.brier)
    assert sum(one.observed.rows for one in ours.reliability) == 6
