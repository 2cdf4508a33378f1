"""Other ways to combine the two probabilities than to average them, learnt in the same nested folds.

The paper averages "for simplicity" and leaves other ways open (Huynh 2016, discussion). Plain averaging stays what the
product does; `training.stats.combination` says how nothing leaks.
"""

from dataclasses import dataclass

import numpy as np

from training.analysis.comparisons import SIGNIFICANCE
from training.cross_validation import Evaluation
from training.stats.combination import combinations
from training.stats.inference.clustered import clustered_auc, clustered_difference
from training.stats.inference.multiple import holm
from training.stats.roc.auc import AucDifference, AucEstimate

DESCRIPTIONS = {
    "average of log-odds": "nothing is learnt",
    "weighted": "weight of SVM1 chosen by AUC of the training rows",
    "stacked": "logistic regression on both log-odds",
}


@dataclass(frozen=True, slots=True)
class Alternative:
    """A rule against plain averaging.

    Attributes
    ----------
    auc
        Mean of the fold AUCs with its clustered interval.
    brier
        Mean squared error of the combined probabilities.
    learnt
        What each outer fold learnt: the weight of SVM1, or intercept and two slopes; empty where nothing is.
    less_plain
        AUC less that of plain averaging, clustered; `p_holm` is adjusted for the number of alternatives.
    """

    name: str
    description: str
    auc: AucEstimate
    brier: float
    learnt: tuple[tuple[float, ...], ...]
    less_plain: AucDifference
    p_holm: float
    testable: bool

    @property
    def significant(self) -> bool:
        """Whether it differs from plain averaging at 5 % after Holm's correction."""
        return self.testable and self.p_holm < SIGNIFICANCE


def alternatives(evaluation: Evaluation, *, testable: bool) -> tuple[Alternative, ...]:
    """Evaluate every rule on the outer folds of a nested cross validation of two branches."""
    labels, groups, folds = evaluation.labels, evaluation.groups, evaluation.fold_of_row
    plain, *others = combinations(evaluation)
    differences = [
        clustered_difference(labels, other.probabilities, plain.probabilities, groups, strata=folds) for other in others
    ]
    adjusted = holm([difference.p_value for difference in differences])
    return tuple(
        Alternative(
            name=other.name,
            description=DESCRIPTIONS[other.name],
            auc=clustered_auc(labels, other.probabilities, groups, strata=folds),
            brier=float(np.mean((other.probabilities - labels) ** 2)),
            learnt=other.learnt,
            less_plain=difference,
            p_holm=p,
            testable=testable,
        )
        for other, difference, p in zip(others, differences, adjusted, strict=True)
    )
