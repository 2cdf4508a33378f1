"""Other ways to combine the two probabilities than to average them, learnt in the same nested folds.

The paper averages "for simplicity" and leaves other ways open (Huynh 2016, discussion). A rule that learns sees, in
each outer fold, only the probabilities that its training rows got from inner folds that held them out; it is then
tested on the outer fold's own rows. Plain averaging stays what the product does.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from training.evaluation import Evaluation, Vector
from training.stats.auc import AucDifference, AucEstimate
from training.stats.clustered import clustered_auc, clustered_difference
from training.stats.multiple import holm
from training.study.comparisons import SIGNIFICANCE
from training.study.scored import CNN, LESION

CLIP = 1e-6
Pair = tuple[Vector, Vector]
Rule = Callable[[Pair, NDArray[np.bool_], Pair], Vector]


@dataclass(frozen=True, slots=True)
class Alternative:
    """A rule against plain averaging.

    Attributes
    ----------
    auc
        Mean of the fold AUCs with its clustered interval.
    brier
        Mean squared error of the combined probabilities.
    less_plain
        AUC less that of plain averaging, clustered; `p_holm` adjusted for the number of alternatives.
    """

    name: str
    description: str
    auc: AucEstimate
    brier: float
    less_plain: AucDifference
    p_holm: float

    @property
    def significant(self) -> bool:
        """Whether it differs from plain averaging at 5 % after Holm's correction."""
        return self.p_holm < SIGNIFICANCE


def log_odds_mean(train: Pair, labels: NDArray[np.bool_], test: Pair) -> Vector:
    """Average the log-odds instead of the probabilities; nothing is learnt."""
    return np.asarray(expit((_log_odds(test[0]) + _log_odds(test[1])) / 2))


def weighted_average(train: Pair, labels: NDArray[np.bool_], test: Pair) -> Vector:
    """Average with the weight, 0 to 1, that minimises the log loss of the training rows."""

    def loss(weight: float) -> float:
        p = np.clip(weight * train[0] + (1 - weight) * train[1], CLIP, 1 - CLIP)
        return -float(np.mean(np.where(labels, np.log(p), np.log1p(-p))))

    weight = float(minimize_scalar(loss, bounds=(0, 1), method="bounded").x)
    return weight * test[0] + (1 - weight) * test[1]


def stacked(train: Pair, labels: NDArray[np.bool_], test: Pair) -> Vector:
    """Stack (Wolpert, Neural Networks 5:241, 1992): a logistic regression on the two log-odds."""
    design, unseen = (np.column_stack([_log_odds(p) for p in pair]) for pair in (train, test))
    model = LogisticRegression().fit(design, labels)
    return np.asarray(model.predict_proba(unseen)[:, 1])


RULES: tuple[tuple[str, str, Rule], ...] = (
    ("weighted average", "weight of SVM1 learnt by log loss", weighted_average),
    ("stacked", "logistic regression on both log-odds", stacked),
    ("mean of log-odds", "nothing learnt", log_odds_mean),
)


def alternatives(evaluation: Evaluation) -> tuple[Alternative, ...]:
    """Evaluate every rule on the outer folds of a nested cross validation."""
    plain = evaluation.ensemble
    if plain is None:
        return ()
    labels, groups, folds = evaluation.labels, evaluation.groups, evaluation.fold_of_row
    combined = [_out_of_fold(evaluation, rule) for _, _, rule in RULES]
    differences = [clustered_difference(labels, p, plain.probabilities, groups, strata=folds) for p in combined]
    adjusted = holm([difference.p_value for difference in differences])
    return tuple(
        Alternative(
            name=name,
            description=description,
            auc=clustered_auc(labels, combined[k], groups, strata=folds),
            brier=float(np.mean((combined[k] - labels) ** 2)),
            less_plain=differences[k],
            p_holm=adjusted[k],
        )
        for k, (name, description, _) in enumerate(RULES)
    )


def _out_of_fold(evaluation: Evaluation, rule: Rule) -> Vector:
    first, second = evaluation.branches[CNN], evaluation.branches[LESION]
    combined = np.empty(len(evaluation.labels))
    for k, fold in enumerate(evaluation.folds):
        train = first.inner_probabilities[k], second.inner_probabilities[k]
        test = first.probabilities[fold.test], second.probabilities[fold.test]
        combined[fold.test] = rule(train, evaluation.labels[fold.train], test)
    return combined


def _log_odds(p: Vector) -> Vector:
    return np.asarray(logit(np.clip(p, CLIP, 1 - CLIP)))
