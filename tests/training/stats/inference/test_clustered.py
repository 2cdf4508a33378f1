import numpy as np
import pytest
from numpy.typing import NDArray

from tests.training.stats.conftest import Clustered, clustered_data
from training.stats.inference.clustered import clustered_auc, clustered_difference
from training.stats.inference.delong import delong_auc, delong_difference


def _by_definition(
    labels: NDArray[np.bool_], scores: NDArray[np.float64], lesion: NDArray[np.intp]
) -> tuple[float, float]:
    """AUC and variance by loops: Obuchowski 1997, each residual by its cluster's own small-sample factor."""
    positives, negatives = np.flatnonzero(labels).tolist(), np.flatnonzero(~labels).tolist()
    M, N = len(positives), len(negatives)

    def psi(i: int, j: int) -> float:
        return float(scores[i] > scores[j]) + 0.5 * float(scores[i] == scores[j])

    auc = sum(psi(i, j) for i in positives for j in negatives) / (M * N)
    variance = 0.0
    for cluster in np.unique(lesion):
        own_positives = [i for i in positives if lesion[i] == cluster]
        own_negatives = [j for j in negatives if lesion[j] == cluster]
        v10 = sum(sum(psi(i, j) for j in negatives) / N for i in own_positives) - len(own_positives) * auc
        v01 = sum(sum(psi(i, j) for i in positives) / M for j in own_negatives) - len(own_negatives) * auc
        a = v10 / M / np.sqrt(1 - len(own_positives) / M)
        b = v01 / N / np.sqrt(1 - len(own_negatives) / N)
        variance += (a + b) ** 2
    return auc, variance


def test_variance_is_the_formula_of_the_page(clustered: Clustered) -> None:
    scores = np.round(clustered.first, 1)
    patient = clustered.lesion // 2  # holds both classes: the term S11 counts
    for groups in (clustered.lesion, patient):
        auc, variance = _by_definition(clustered.labels, scores, groups)
        estimate = clustered_auc(clustered.labels, scores, groups)
        assert estimate.auc == pytest.approx(auc, abs=1e-12)
        assert estimate.se == pytest.approx(np.sqrt(variance), rel=1e-10)


def _obuchowski(labels: NDArray[np.bool_], scores: NDArray[np.float64], lesion: NDArray[np.intp]) -> float:
    """The variance as published, I / (I - 1) for all clusters of a class; each cluster of one class."""
    positive, negative = scores[labels], scores[~labels]
    above = [np.mean((score > negative) + 0.5 * (score == negative)) for score in positive]
    below = [np.mean((positive > score) + 0.5 * (score == positive)) for score in negative]
    auc, total = np.mean(above), 0.0
    for placed, cluster in ((above, lesion[labels]), (below, lesion[~labels])):
        sums = np.array([np.sum(np.array(placed)[cluster == name] - auc) for name in np.unique(cluster)])
        total += len(sums) / (len(sums) - 1) * (sums @ sums) / len(placed) ** 2
    return float(total)


def test_lesions_of_one_size_have_obuchowskis_own_variance() -> None:
    rng = np.random.default_rng(1)
    lesion = np.repeat(np.arange(30), 3)
    labels = (np.arange(30) % 2 == 1)[lesion]
    scores = labels + rng.normal(size=30)[lesion] + rng.normal(size=90)
    assert clustered_auc(labels, scores, lesion).se ** 2 == pytest.approx(
        _obuchowski(labels, scores, lesion), rel=1e-12
    )


def test_a_lesion_of_many_views_widens_the_interval() -> None:
    """The published variance is too small on average; ours is nearer to the variance of the AUC itself."""
    lesion = np.repeat(np.arange(24), np.where(np.arange(24) < 2, 13, 2))
    labels = (np.arange(24) % 2 == 1)[lesion]
    aucs, ours, published = [], [], []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        scores = labels + rng.normal(size=24)[lesion] + 0.5 * rng.normal(size=len(lesion))
        found = clustered_auc(labels, scores, lesion)
        aucs.append(found.auc)
        ours.append(found.se**2)
        published.append(_obuchowski(labels, scores, lesion))
        assert 2 < found.degrees_of_freedom < 22
    assert np.mean(published) < 0.9 * np.mean(ours)
    assert np.mean(published) < 0.9 * np.var(aucs)


@pytest.mark.parametrize("seed", range(300))
def test_a_variance_is_never_below_zero(seed: int) -> None:
    """Patients with a benign and a malignant lesion, whose scores move together: the published formula can go below."""
    rng = np.random.default_rng(seed)
    patients = int(rng.integers(2, 4))
    patient = np.repeat(np.arange(patients), 2)
    labels = np.tile([False, True], patients)
    scores = np.round(rng.normal(size=patients)[patient] + 0.3 * rng.normal(size=len(patient)), 1)
    found = clustered_auc(labels, scores, patient)
    assert not np.isnan(found.se)
    assert found.low <= found.auc <= found.high
    assert found.low < found.high or np.ptp(scores) == 0


def test_what_cannot_be_estimated_has_no_narrow_interval() -> None:
    """One lesion of a truth in each fold, fold AUCs 1, 0.5, 1: the variance came out as 0 beside an SD of 0.29."""
    labels = np.tile([False, True], 3)
    fold, lesion = np.repeat(np.arange(3), 2), np.arange(6)
    scores = np.array([0.1, 0.9, 0.5, 0.5, 0.2, 0.7])
    found = clustered_auc(labels, scores, lesion, strata=fold)
    assert found.auc == pytest.approx(2.5 / 3)
    assert (found.se, found.low, found.high) == (np.inf, 0.0, 1.0)
    difference = clustered_difference(labels, scores, np.zeros(6), lesion, strata=fold)
    assert (difference.low, difference.high, difference.p_value) == (-1.0, 1.0, 1.0)


def test_perfect_separation_of_few_lesions_is_no_certainty() -> None:
    labels = np.repeat([False, True], 4)
    found = clustered_auc(labels, np.arange(8.0), np.arange(8))
    assert found.auc == 1
    assert found.low == pytest.approx(4 / (4 + 1.96**2), abs=1e-3)
    assert found.high == 1


def test_scores_that_are_all_alike_have_an_auc_of_one_half_and_no_spread() -> None:
    found = clustered_auc(np.repeat([False, True], 10), np.full(20, 0.4), np.arange(20))
    assert (found.auc, found.se, found.low, found.high) == (0.5, 0.0, 0.5, 0.5)


def test_one_row_a_cluster_is_delong(clustered: Clustered) -> None:
    rows = np.arange(len(clustered.labels))
    assert clustered_auc(clustered.labels, clustered.first, rows).se == pytest.approx(
        delong_auc(clustered.labels, clustered.first).se
    )
    ours = clustered_difference(clustered.labels, clustered.first, clustered.second, rows)
    theirs = delong_difference(clustered.labels, clustered.first, clustered.second)
    assert (ours.difference, ours.se) == pytest.approx((theirs.difference, theirs.se))
    assert theirs.p_value < ours.p_value < 1.1 * theirs.p_value


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
