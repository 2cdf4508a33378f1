"""The three classifiers against one another: the paper's test, corrected ones, and a clustered one as the headline."""

from dataclasses import dataclass

from cadx.branches import CNN, ENSEMBLE, LESION
from training.analysis.performance import fold_aucs
from training.analysis.scored import Scored, enough_to_test
from training.stats.inference.bootstrap import BootstrapInterval, bootstrap_difference
from training.stats.inference.clustered import clustered_difference
from training.stats.inference.delong import delong_difference
from training.stats.inference.fold_tests import PairedTest, corrected_paired_t, paired_t
from training.stats.inference.multiple import bonferroni, holm
from training.stats.inference.refitting import refitted_difference
from training.stats.roc.auc import AucDifference

PAIRS = ((ENSEMBLE, LESION), (ENSEMBLE, CNN), (CNN, LESION))
SIGNIFICANCE = 0.05


@dataclass(frozen=True, slots=True)
class AdjustedTest:
    """A fold test with its p-value as it is and adjusted for the number of comparisons."""

    test: PairedTest
    p_bonferroni: float
    p_holm: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """AUC of the first classifier less that of the second, on the same rows.

    Attributes
    ----------
    clustered
        The headline: Obuchowski's variance, by patient or lesion; within folds where there are folds.
    p_holm
        Its p-value adjusted for the number of comparisons.
    bootstrap
        Cluster bootstrap of the same difference.
    delong
        Rows taken as independent; for comparison.
    paper
        The paper's paired t on fold AUCs with Bonferroni (Hothorn 2005); none for an external test set.
    corrected
        The same with the variance of Nadeau and Bengio.
    refitted
        The headline with the variance that other training cases would add; none for an external test set.
    testable
        Whether there are enough cases for the headline to mean anything (`enough_to_test`).
    """

    first: str
    second: str
    clustered: AucDifference
    p_holm: float
    bootstrap: BootstrapInterval
    delong: AucDifference
    paper: AdjustedTest | None
    corrected: AdjustedTest | None
    refitted: AucDifference | None
    testable: bool

    @property
    def significant(self) -> bool:
        """Whether the headline test finds a difference at 5 % after Holm's correction."""
        return self.testable and self.p_holm < SIGNIFICANCE


def comparisons(scored: Scored, seed: int) -> tuple[Comparison, ...]:
    """Compare the three classifiers pair by pair."""
    clustered = [_clustered(scored, first, second) for first, second in PAIRS]
    adjusted = holm([difference.p_value for difference in clustered])
    paper, corrected = _fold_tests(scored)
    testable = enough_to_test(scored)
    return tuple(
        Comparison(
            first=first,
            second=second,
            clustered=clustered[k],
            p_holm=adjusted[k],
            bootstrap=bootstrap_difference(
                scored.labels,
                scored.probabilities[first],
                scored.probabilities[second],
                scored.groups,
                strata=scored.folds,
                seed=seed,
            ),
            delong=delong_difference(scored.labels, scored.probabilities[first], scored.probabilities[second]),
            paper=paper[k],
            corrected=corrected[k],
            refitted=refitted_difference(clustered[k], scored.fold_count) if scored.fold_count else None,
            testable=testable,
        )
        for k, (first, second) in enumerate(PAIRS)
    )


def _clustered(scored: Scored, first: str, second: str) -> AucDifference:
    p = scored.probabilities
    return clustered_difference(scored.labels, p[first], p[second], scored.groups, strata=scored.folds)


def _fold_tests(scored: Scored) -> tuple[list[AdjustedTest | None], list[AdjustedTest | None]]:
    folds = scored.fold_count
    if folds < 2:
        return [None] * len(PAIRS), [None] * len(PAIRS)
    aucs = {name: fold_aucs(scored, p) for name, p in scored.probabilities.items()}
    n_test = len(scored.labels) / folds
    n_train = len(scored.labels) - n_test
    plain = [paired_t(aucs[first], aucs[second]) for first, second in PAIRS]
    corrected = [corrected_paired_t(aucs[first], aucs[second], n_train, n_test) for first, second in PAIRS]
    return _adjusted(plain), _adjusted(corrected)


def _adjusted(tests: list[PairedTest]) -> list[AdjustedTest | None]:
    p_values = [test.p_value for test in tests]
    return [AdjustedTest(*row) for row in zip(tests, bonferroni(p_values), holm(p_values), strict=True)]
