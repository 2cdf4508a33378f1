"""Whether the two branches agree, and on which lesions they do not (Huynh 2016, discussion)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cadx.branches import CNN, LESION
from training.analysis.scored import Scored
from training.stats import agreement as stats

THRESHOLD = 0.5
MOST_DISAGREEMENTS = 12


@dataclass(frozen=True, slots=True)
class CallTable:
    """Numbers of rows of one pathology by the calls of the two branches (called malignant at 0.5 and above)."""

    both_malignant: int
    only_cnn_malignant: int
    only_lesion_malignant: int
    both_benign: int


@dataclass(frozen=True, slots=True)
class BranchAgreement:
    """Agreement of SVM1 and SVM2.

    Attributes
    ----------
    kappa, kappa_low, kappa_high
        Cohen's kappa of the calls at 0.5 and its 95 % limits (bootstrap over patients or lesions). None where each
        branch calls every row alike, so that kappa has no value.
    observed
        Share of rows on which the calls agree.
    spearman, spearman_malignant, spearman_benign
        Rank correlation of the two probabilities over all rows and within each pathology; none where one is constant.
    malignant, benign
        Calls by pathology.
    disagreements
        Rows with opposite calls, the largest difference of probabilities first, one row a lesion; at most 12.
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


def branch_agreement(scored: Scored, seed: int) -> BranchAgreement:
    """Compare the calls and the probabilities of the two branches."""
    p1, p2, labels = scored.probabilities[CNN], scored.probabilities[LESION], scored.labels
    found = stats.agreement(labels, p1, p2, scored.groups, threshold=THRESHOLD, seed=seed)
    first, second = p1 >= THRESHOLD, p2 >= THRESHOLD
    return BranchAgreement(
        kappa=found.kappa,
        kappa_low=found.kappa_low,
        kappa_high=found.kappa_high,
        observed=float(np.mean(first == second)),
        spearman=found.rank_correlation,
        spearman_malignant=found.rank_correlation_malignant,
        spearman_benign=found.rank_correlation_benign,
        malignant=_calls(first[labels], second[labels]),
        benign=_calls(first[~labels], second[~labels]),
        disagreements=one_row_a_lesion(scored, found.disagreements)[:MOST_DISAGREEMENTS],
        disagreement_count=len(found.disagreements),
    )


def one_row_a_lesion(scored: Scored, rows: NDArray[np.intp]) -> tuple[int, ...]:
    """Keep the first row of each lesion, in the order given."""
    first: dict[int, int] = {}
    for row in rows:
        first.setdefault(int(scored.lesions[row]), int(row))
    return tuple(first.values())


def _calls(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> CallTable:
    cells = (first & second, first & ~second, ~first & second, ~first & ~second)
    return CallTable(*(int(cell.sum()) for cell in cells))
