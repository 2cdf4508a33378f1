"""Whether the two branches agree, and on which lesions they do not (Huynh 2016, discussion)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr
from sklearn.metrics import cohen_kappa_score

from training.study.scored import CNN, LESION, Scored

THRESHOLD = 0.5
REPLICATES = 2000
MOST_DISAGREEMENTS = 12


@dataclass(frozen=True, slots=True)
class CallTable:
    """Numbers of rows of one truth by the calls of the two branches (called malignant at 0.5 and above)."""

    both_malignant: int
    only_cnn_malignant: int
    only_lesion_malignant: int
    both_benign: int


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement of SVM1 and SVM2.

    Attributes
    ----------
    kappa, kappa_low, kappa_high
        Cohen's kappa of the calls at 0.5 and its 95 % limits (bootstrap over patients or lesions). None where a branch
        calls every row the same, so that kappa has no value.
    observed
        Share of rows on which the calls agree.
    spearman
        Rank correlation of the two probabilities over all rows, and within each truth; none where one is constant.
    malignant, benign
        Calls by truth.
    disagreements
        Rows with opposite calls, the largest difference of probabilities first; at most 12.
    disagreement_count
        All rows with opposite calls.
    """

    kappa: float | None
    kappa_low: float | None
    kappa_high: float | None
    observed: float
    spearman: float | None
    spearman_malignant: float | None
    spearman_benign: float | None
    malignant: CallTable
    benign: CallTable
    disagreements: tuple[int, ...]
    disagreement_count: int


def agreement(scored: Scored, seed: int) -> Agreement:
    """Compare the calls and the probabilities of the two branches."""
    p1, p2, labels = scored.probabilities[CNN], scored.probabilities[LESION], scored.labels
    first, second = p1 >= THRESHOLD, p2 >= THRESHOLD
    opposite = np.flatnonzero(first != second)
    order = opposite[np.argsort(-np.abs(p1 - p2)[opposite], kind="stable")]
    kappa, low, high = _kappa(first, second, scored.groups, seed)
    return Agreement(
        kappa=kappa,
        kappa_low=low,
        kappa_high=high,
        observed=float(np.mean(first == second)),
        spearman=rank_correlation(p1, p2),
        spearman_malignant=rank_correlation(p1[labels], p2[labels]),
        spearman_benign=rank_correlation(p1[~labels], p2[~labels]),
        malignant=_calls(first[labels], second[labels]),
        benign=_calls(first[~labels], second[~labels]),
        disagreements=tuple(int(row) for row in order[:MOST_DISAGREEMENTS]),
        disagreement_count=len(opposite),
    )


def rank_correlation(first: NDArray[np.float64], second: NDArray[np.float64]) -> float | None:
    """Return Spearman's correlation; none where it has no value."""
    if len(first) < 3 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return None
    return float(spearmanr(first, second).statistic)


def _calls(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> CallTable:
    return CallTable(
        *(int(np.sum(cell)) for cell in (first & second, first & ~second, ~first & second, ~first & ~second))
    )


def _kappa(
    first: NDArray[np.bool_], second: NDArray[np.bool_], groups: NDArray[np.intp], seed: int
) -> tuple[float | None, float | None, float | None]:
    """Return Cohen's kappa (Educ. Psychol. Meas. 20:37, 1960) with percentile limits over redrawn groups."""
    if first.all() or second.all() or not first.any() or not second.any():
        return None, None, None
    kappa = float(cohen_kappa_score(first, second))
    cells = np.zeros((int(groups.max()) + 1, 4))
    np.add.at(cells, (groups, 2 * first.astype(np.intp) + second), 1)
    drawn = np.random.default_rng(seed).multinomial(len(cells), np.full(len(cells), 1 / len(cells)), size=REPLICATES)
    neither, only_second, only_first, both = (drawn @ cells / (drawn @ cells).sum(axis=1, keepdims=True)).T
    observed = neither + both
    share_first, share_second = only_first + both, only_second + both
    expected = share_first * share_second + (1 - share_first) * (1 - share_second)
    defined = expected < 1
    replicates = (observed - expected)[defined] / (1 - expected)[defined]
    low, high = np.quantile(replicates, [0.025, 0.975])
    return kappa, float(low), float(high)
