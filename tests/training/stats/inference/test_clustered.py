import numpy as np
import pytest
from numpy.typing import NDArray

from tests.training.stats.conftest import Clustered, clustered_data
from training.stats.inference.clustered import clustered_auc, clustered_difference
from training.stats.inference.delong import delong_auc, delong_difference


def _by_definition(
    labels: NDArray[np.bool_], scores: NDArray[np.float64], lesion: NDArray[np.intp]
) -> tuple[float, float]:
    """AUC and variance spelled out by loops, as the formulas of Obuchowski 1997 stand."""
    positives, negatives = np.flatnonzero(labels), np.flatnonzero(~labels)
    M, N = len(positives), len(negatives)

    def psi(i: int, j: int) -> float:
        return float(scores[i] > scores[j]) + 0.5 * float(scores[i] == scores[j])

    auc = sum(psi(i, j) for i in positives for j in negatives) / (M * N)
    s10 = s01 = s11 = 0.0
    clusters = np.unique(lesion)
    i10 = i01 = 0
    for cluster in clusters:
        own_positives = [i for i in positives if lesion[i] == cluster]
        own_negatives = [j for j in negatives if lesion[j] == cluster]
        v10 = sum(sum(psi(i, j) for j in negatives) / N for i in own_positives) - len(own_positives) * auc
        v01 = sum(sum(psi(i, j) for i in positives) / M for j in own_negatives) - len(own_negatives) * auc
        i10, i01 = i10 + bool(own_positives), i01 + bool(own_negatives)
        s10, s01, s11 = s10 + v10**2, s01 + v01**2, s11 + v10 * v01
    s10 *= i10 / ((i10 - 1) * M)
    s01 *= i01 / ((i01 - 1) * N)
    s11 *= len(clusters) / (len(clusters) - 1)
    return auc, s10 / M + s01 / N + 2 * s11 / (M * N)


def test_variance_is_the_formulas_of_obuchowski(clustered: Clustered) -> None:
    scores = np.round(clustered.first, 1)
    patient = clustered.lesion // 2  # holds both classes: the term S11 counts
    for groups in (clustered.lesion, patient):
        auc, variance = _by_definition(clustered.labels, scores, groups)
        estimate = clustered_auc(clustered.labels, scores, groups)
        assert estimate.auc == pytest.approx(auc, abs=1e-12)
        assert estimate.se == pytest.approx(np.sqrt(variance), rel=1e-10)


def test_one_row_a_cluster_is_delong(clustered: Clustered) -> None:
    rows = np.arange(len(clustered.labels))
    assert clustered_auc(clustered.labels, clustered.first, rows).se == pytest.approx(
        delong_auc(clustered.labels, clustered.first).se
    )
    ours = clustered_difference(clustered.labels, clustered.first, clustered.second, rows)
    assert ours.p_value == pytest.approx(delong_difference(clustered.labels, clustered.first, clustered.second).p_value)


def test_copying_every_row_tells_nothing_new(clustered: Clustered) -> None:
    labels, scores, lesion = (np.repeat(v, 4) for v in (clustered.labels, clustered.first, clustered.lesion))
    once = clustered_auc(clustered.labels, clustered.first, clustered.lesion)
    copied = clustered_auc(labels, scores, lesion)
    assert copied.se == pytest.approx(once.se, rel=1e-9)
    assert delong_auc(labels, scores).se < 0.6 * delong_auc(clustered.labels, clustered.first).se


def test_a_classifier_does_not_differ_from_itself(clustered: Clustered) -> None:
    same = clustered_difference(clustered.labels, clustered.first, clustered.first, clustered.lesion)
    assert (same.difference, same.se, same.p_value) == (0.0, 0.0, 1.0)


def test_difference_changes_sign_with_the_order(clustered: Clustered) -> None:
    there = clustered_difference(clustered.labels, clustered.first, clustered.second, clustered.lesion)
    back = clustered_difference(clustered.labels, clustered.second, clustered.first, clustered.lesion)
    assert there.difference == pytest.approx(-back.difference)
    assert there.se == pytest.approx(back.se)
    assert there.p_value == pytest.approx(back.p_value)


def test_strata_give_the_mean_of_their_aucs(clustered: Clustered) -> None:
    fold = clustered.lesion % 4
    parts = [
        clustered_auc(clustered.labels[fold == k], clustered.first[fold == k], clustered.lesion[fold == k])
        for k in range(4)
    ]
    whole = clustered_auc(clustered.labels, clustered.first, clustered.lesion, strata=fold)
    assert whole.auc == pytest.approx(np.mean([part.auc for part in parts]))
    assert whole.se == pytest.approx(np.sqrt(sum(part.se**2 for part in parts)) / 4)


def test_intervals_cover_the_truth_where_delong_misleads() -> None:
    """95 % intervals on clustered data; the long run (93 to 97 %) is benchmarks/study_statistics.py."""
    from scipy.stats import norm

    truth = norm.cdf(1.0 / np.sqrt(2))
    ours, naive = [], []
    for seed in range(400):
        data = clustered_data(np.random.default_rng(seed), lesions=100)
        interval = clustered_auc(data.labels, data.first, data.lesion)
        ours.append(interval.low <= truth <= interval.high)
        interval = delong_auc(data.labels, data.first)
        naive.append(interval.low <= truth <= interval.high)
    assert 0.92 <= np.mean(ours) <= 0.98
    assert np.mean(naive) < 0.88


def test_the_difference_rejects_a_true_null_one_time_in_twenty() -> None:
    p_values, naive = [], []
    for seed in range(400):
        data = clustered_data(np.random.default_rng(seed), lesions=100)
        p_values.append(clustered_difference(data.labels, data.first, data.second, data.lesion).p_value)
        naive.append(delong_difference(data.labels, data.first, data.second).p_value)
    assert 0.025 <= np.mean(np.array(p_values) < 0.05) <= 0.085
    assert np.mean(np.array(naive) < 0.05) > 0.1
