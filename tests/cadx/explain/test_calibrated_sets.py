"""Conformal sets, Venn-Abers pairs, prevalence, percentiles and drift."""

import numpy as np
import pytest
from scipy.optimize import isotonic_regression

from cadx.explain import ConformalLimits, at_prevalence, fit_conformal, fit_venn_abers, stability_index
from cadx.explain.drift import ALERT, FEWEST, binned
from cadx.explain.percentiles import quantiles_of


def scores(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    positive = rng.random(count) < 0.4
    return 1 / (1 + np.exp(-rng.normal(size=count) - positive)), positive


def test_conformal_limits_keep_what_the_p_value_keeps() -> None:
    values, positive = scores(157, 0)
    limits = fit_conformal(values, positive, 0.9)
    for probability in np.linspace(0, 1, 401):
        p_benign = (1 + (values[~positive] >= probability).sum()) / (1 + (~positive).sum())
        p_malignant = (1 + (values[positive] <= probability).sum()) / (1 + positive.sum())
        expected = tuple(label for label, p in (("benign", p_benign), ("malignant", p_malignant)) if p > 0.1 + 1e-12)
        assert limits.labels(probability) == expected


def test_conformal_coverage_of_each_label_holds_on_new_cases() -> None:
    covered = []
    for seed in range(40):
        limits = fit_conformal(*scores(300, seed))
        fresh, positive = scores(400, 1000 + seed)
        covered.append(
            [
                np.mean(["benign" in limits.labels(p) for p in fresh[~positive]]),
                np.mean(["malignant" in limits.labels(p) for p in fresh[positive]]),
            ]
        )
    assert np.mean(covered, axis=0) == pytest.approx([0.95, 0.95], abs=0.012)


def test_too_few_cases_rule_nothing_out() -> None:
    limits = fit_conformal(np.array([0.1, 0.2, 0.8, 0.9]), np.array([False, False, True, True]))
    assert limits == ConformalLimits(1.0, 0.0)
    assert limits.labels(0.99) == ("benign", "malignant")


def test_venn_abers_is_isotonic_regression_with_the_case_added() -> None:
    values, positive = scores(60, 5)
    values = np.round(values, 2)  # ties
    fitted = fit_venn_abers(values, positive)
    for score in [0.0, 1.0, *values[:10], *(values[:10] + 0.004)]:
        for label, found in zip((0, 1), fitted.pair(score), strict=True):
            all_values, labels = np.append(values, score), np.append(positive, label).astype(float)
            distinct, where, counts = np.unique(all_values, return_inverse=True, return_counts=True)
            means = np.bincount(where, labels) / counts
            fit = isotonic_regression(means, weights=counts.astype(float)).x
            assert found == pytest.approx(fit[np.searchsorted(distinct, score)], abs=1e-12)


def test_venn_abers_pair_is_ordered_and_narrow_with_many_cases() -> None:
    fitted = fit_venn_abers(*scores(800, 6))
    pairs = np.array([fitted.pair(score) for score in np.linspace(0.05, 0.95, 50)])
    assert (pairs[:, 0] <= pairs[:, 1]).all()
    assert 0 < np.mean(pairs[:, 1] - pairs[:, 0]) < 0.08


def test_prevalence_is_bayes_rule() -> None:
    assert at_prevalence(0.3, 0.5, 0.5) == pytest.approx(0.3)
    odds = 0.6 / 0.4 * (0.05 / 0.95) / (0.4 / 0.6)
    assert at_prevalence(0.6, 0.4, 0.05) == pytest.approx(odds / (1 + odds), rel=1e-12)
    assert at_prevalence(0.4, 0.4, 0.05) == pytest.approx(0.05)


def test_percentile_is_the_share_below() -> None:
    values = np.random.default_rng(8).gamma(2, size=5000)
    quantiles = quantiles_of(values)
    for value in np.quantile(values, [0.02, 0.3, 0.777, 0.95]):
        assert quantiles.percentile(float(value)) == pytest.approx(100 * np.mean(values < value), abs=0.6)
    assert quantiles.percentile(-1) == 1
    assert quantiles.percentile(1e9) == 99


def test_percentile_of_a_tie_is_its_middle() -> None:
    values = np.repeat([0.0, 1.0], 500)
    assert quantiles_of(values).percentile(0.0) == pytest.approx(25, abs=1)
    assert quantiles_of(values).percentile(1.0) == pytest.approx(75, abs=1)


def test_neither_smallest_nor_largest_value_is_kept() -> None:
    values = np.arange(1000.0)
    kept = quantiles_of(values).values
    assert kept.min() > values.min()
    assert kept.max() < values.max()


def served(cohort: np.ndarray, fresh: np.ndarray) -> float:
    bins = binned(cohort)
    counts = np.bincount([bins.bin_of(value) for value in fresh], minlength=10).astype(float)
    return stability_index(bins.shares, counts)


def test_stability_index_fires_with_a_shift_and_is_quiet_without() -> None:
    rng = np.random.default_rng(9)
    cohort = rng.normal(size=1295)
    quiet = [served(cohort, rng.normal(size=FEWEST)) for _ in range(500)]
    shifted = [served(cohort, rng.normal(0.9, size=FEWEST)) for _ in range(200)]
    spread = [served(cohort, rng.normal(0, 2.0, size=FEWEST)) for _ in range(200)]
    assert max(quiet) < ALERT
    assert min(shifted) > ALERT
    assert min(spread) > ALERT


def test_stability_index_is_its_formula() -> None:
    shares, counts = np.full(10, 0.1), np.array([300.0, 20, 100, 80, 100, 100, 100, 100, 50, 50])
    actual, expected = counts / 1000, shares
    assert stability_index(shares, counts) == pytest.approx(
        ((actual - expected) * np.log(actual / expected)).sum(), rel=0.02
    )


def test_constant_quantity_has_no_shift() -> None:
    assert served(np.zeros(300), np.zeros(300)) == 0
