"""Ways to combine the two branches, compared in the same nested folds; the paper's plain average stays the default.

Weights and stackers learn, for each outer fold, only from its training rows' probabilities, each of which comes from
the inner fold that held its row out (`BranchEvaluation.inner_probabilities`): the outer test rows are never seen.
Stacking is Wolpert's, Neural Networks 5:241 (1992), as a logistic regression on the two log-odds.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from training.cross_validation import Evaluation, fold_aucs
from training.stats.roc.auc import Labels, Vector, empirical_auc

CLIP = 1e-9
WEIGHTS = np.linspace(0, 1, 21)

Rule = Callable[[Vector, Labels, Vector], tuple[Vector, tuple[float, ...]]]


@dataclass(frozen=True, slots=True)
class Combination:
    """One way of combining the branches.

    Attributes
    ----------
    name
        ``average``, ``average of log-odds``, ``weighted`` or ``stacked``.
    probabilities
        (n,) from the outer fold that held each row out.
    fold_aucs
        AUC of each outer fold.
    learnt
        What each outer fold learnt: weight of the first branch, or the stacker's intercept and two slopes; empty for
        averages.
    """

    name: str
    probabilities: Vector
    fold_aucs: tuple[float, ...]
    learnt: tuple[tuple[float, ...], ...]

    @property
    def mean_auc(self) -> float:
        """Mean of the fold AUCs."""
        return float(np.mean(self.fold_aucs))


def combinations(evaluation: Evaluation) -> tuple[Combination, ...]:
    """Return plain average, average of log-odds, weighted and stacked combination of an evaluation of two branches."""
    rules: dict[str, Rule] = {
        "average": _average,
        "average of log-odds": _average_of_log_odds,
        "weighted": _weighted,
        "stacked": _stacked,
    }
    return tuple(_combined(evaluation, name, rule) for name, rule in rules.items())


def _combined(evaluation: Evaluation, name: str, rule: Rule) -> Combination:
    first, second = evaluation.branches.values()
    probabilities = np.empty(len(evaluation.labels))
    learnt = []
    for k, fold in enumerate(evaluation.folds):
        inner = np.column_stack([first.inner_probabilities[k], second.inner_probabilities[k]])
        outer = np.column_stack([first.probabilities[fold.test], second.probabilities[fold.test]])
        probabilities[fold.test], settings = rule(inner, evaluation.labels[fold.train], outer)
        learnt.append(settings)
    return Combination(
        name, probabilities, fold_aucs(evaluation.labels, probabilities, evaluation.folds), tuple(learnt)
    )


def _average(inner: Vector, labels: Labels, outer: Vector) -> tuple[Vector, tuple[float, ...]]:
    return outer.mean(axis=1), ()


def _average_of_log_odds(inner: Vector, labels: Labels, outer: Vector) -> tuple[Vector, tuple[float, ...]]:
    return expit(_log_odds(outer).mean(axis=1)), ()


def _weighted(inner: Vector, labels: Labels, outer: Vector) -> tuple[Vector, tuple[float, ...]]:
    """Choose the first branch's weight by AUC of the training rows; of equal ones, the nearest to one half."""
    aucs = np.array([empirical_auc(labels, inner @ [w, 1 - w]) for w in WEIGHTS])
    best = np.flatnonzero(aucs >= aucs.max() - 1e-12)
    weight = float(WEIGHTS[best[np.argmin(np.abs(WEIGHTS[best] - 0.5))]])
    return outer @ np.array([weight, 1 - weight]), (weight,)


def _stacked(inner: Vector, labels: Labels, outer: Vector) -> tuple[Vector, tuple[float, ...]]:
    stacker = LogisticRegression(C=1.0).fit(_log_odds(inner), labels)
    settings = (float(stacker.intercept_[0]), *(float(slope) for slope in stacker.coef_[0]))
    return np.asarray(stacker.predict_proba(_log_odds(outer))[:, 1]), settings


def _log_odds(p: Vector) -> Vector:
    return np.asarray(logit(np.clip(p, CLIP, 1 - CLIP)))
