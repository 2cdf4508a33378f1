import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from training.stats.proportion import clustered_proportion


@pytest.mark.parametrize(("successes", "rows"), [(1, 10), (37, 50), (90, 91), (0, 12), (12, 12)])
def test_independent_rows_give_wilsons_interval(successes: int, rows: int) -> None:
    share = clustered_proportion(np.arange(rows) < successes, np.arange(rows))
    low, high = proportion_confint(successes, rows, method="wilson")
    assert (share.low, share.high) == pytest.approx((low, high), abs=1e-12)
    assert (share.successes, share.rows, share.clusters) == (successes, rows, rows)


def test_copies_of_a_row_count_once() -> None:
    hits = np.arange(40) < 29
    once = clustered_proportion(hits, np.arange(40))
    copied = clustered_proportion(np.repeat(hits, 5), np.repeat(np.arange(40), 5))
    assert copied.value == once.value
    assert copied.low == pytest.approx(once.low, abs=0.003)
    assert copied.high == pytest.approx(once.high, abs=0.003)


def test_all_alike_counts_the_clusters() -> None:
    few = clustered_proportion(np.ones(50, dtype=bool), np.repeat(np.arange(10), 5))
    assert (few.low, few.high) == pytest.approx((proportion_confint(10, 10, method="wilson")[0], 1.0))


def test_intervals_cover_the_truth_on_clustered_rows() -> None:
    covered, naive = [], []
    for seed in range(400):
        rng = np.random.default_rng(seed)
        lesion = np.repeat(np.arange(80), rng.integers(1, 6, 80))
        hits = rng.random(len(lesion)) < rng.beta(0.8 * 1.5, 0.2 * 1.5, 80)[lesion]
        share = clustered_proportion(hits, lesion)
        covered.append(share.low <= 0.8 <= share.high)
        plain = clustered_proportion(hits, np.arange(len(hits)))
        naive.append(plain.low <= 0.8 <= plain.high)
    assert 0.92 <= np.mean(covered) <= 0.98
    assert np.mean(naive) < np.mean(covered) - 0.05
