"""Platt's sigmoid: decision values to probabilities that never fall while the decision value rises."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit, log_expit

from cadx.classify.auc import empirical_auc
from cadx.classify.folds import Rows

CHANCE = 0.5
TIE = 1e-9
Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PlattSigmoid:
    """p = 1 / (1 + exp(-(slope f + intercept))) of a decision value f.

    Attributes
    ----------
    slope
        As `calibrate` gives it, never negative; 0 where the classifier has learnt nothing that holds out of its
        training rows, and every probability is the prevalence.
    intercept
        Log-odds at a decision value of 0.
    """

    slope: float
    intercept: float

    @property
    def informative(self) -> bool:
        """Whether the probability says more than the prevalence."""
        return self.slope > 0

    def log_odds(self, decisions: Values) -> Values:
        """Return the log-odds of the second class."""
        return self.slope * decisions + self.intercept

    def probability(self, decisions: Values) -> Values:
        """Return the probability of the second class, 0 to 1."""
        return np.asarray(expit(self.log_odds(decisions)), dtype=np.float64)


def calibrate(decisions: Values, positive: NDArray[np.bool_], held_out: Sequence[Rows]) -> PlattSigmoid:
    """Fit a sigmoid that never turns the order of the decision values about (docs/decisions/platt.md).

    What counts is how the values rank the rows within the folds, since the values of different folds come from
    different fits:

    - mean AUC within folds not above 1/2: nothing was learnt; slope 0, every probability is the prevalence;
    - above 1/2 and the pooled slope positive, the rule by far: Platt's sigmoid of all values (`fit_platt`);
    - above 1/2 and the pooled slope not positive: the folds' values are shifted against one another, and the shifts go
      against the truth, as a fold that holds more positives was trained on fewer. The slope is then that of the pairs
      of a positive and a negative row of one fold, from which a shift of the fold falls out. Where that slope is not
      positive either, nothing was learnt.

    Parameters
    ----------
    decisions
        (n,) decision values of rows that the classifier has not been trained on.
    positive
        (n,) whether a row is of the second class.
    held_out
        Row numbers that each fold held out; each fold holds both classes.
    """
    within = np.mean([empirical_auc(decisions[rows], positive[rows]) for rows in held_out])
    if within <= CHANCE + TIE:
        return prevalence(positive)
    pooled = fit_platt(decisions, positive)
    return pooled if pooled.slope > 0 else _without_shifts(decisions, positive, held_out)


def prevalence(positive: NDArray[np.bool_]) -> PlattSigmoid:
    """Give every row the share of positive rows."""
    n_positive = int(positive.sum())
    return PlattSigmoid(slope=0.0, intercept=float(np.log(n_positive / (len(positive) - n_positive))))


def fit_platt(decisions: Values, positive: NDArray[np.bool_]) -> PlattSigmoid:
    """Fit the sigmoid by maximum likelihood on Platt's smoothed targets; its slope may come out negative.

    Platt, "Probabilistic outputs for support vector machines", 1999, with the damped Newton iteration of Lin, Lin and
    Weng, Machine Learning 68:267 (2007). The smoothed targets keep the optimum finite for separable data.

    A value beyond the outer fences (three interquartile ranges from the quartiles) counts as one at the fence: a
    polynomial kernel can give a single unlike row a value of a thousand, and that row alone would turn the slope
    (docs/decisions/platt.md).

    Parameters
    ----------
    decisions
        (n,) decision values of rows that the classifier has not been trained on.
    positive
        (n,) whether a row is of the second class.
    """
    n_positive = int(positive.sum())
    n_negative = len(positive) - n_positive
    held = np.clip(decisions, *_outer_fences(decisions))
    unit = float(np.abs(held).max()) or 1.0
    design = np.column_stack([held / unit, np.ones(len(decisions))])
    start = np.array([0.0, np.log((n_positive + 1) / (n_negative + 1))])
    slope, intercept = _climb(design, _targets(positive), np.ones(len(design)), start)
    return PlattSigmoid(slope=float(slope) / unit, intercept=float(intercept))


def _without_shifts(decisions: Values, positive: NDArray[np.bool_], held_out: Sequence[Rows]) -> PlattSigmoid:
    """Fit the slope to pairs of rows of one fold, then the intercept to all rows.

    The likelihood of a pair is that its positive is the one of higher value, p = 1 / (1 + exp(-slope * difference)). A
    fold's mean over its pairs counts as many times as it has rows of the rarer class; the target of a pair is Platt's
    for as many positives as there are folds, which keeps the slope of a handful of rows modest.
    """
    held = np.clip(decisions, *_outer_fences(decisions))
    pairs = list(_differences(held, positive, held_out))
    difference, weight = (np.concatenate([pair[k] for pair in pairs]) for k in (0, 1))
    unit = float(np.abs(difference).max()) or 1.0
    target = np.full(len(weight), (len(held_out) + 1) / (len(held_out) + 2))
    slope = float(_climb((difference / unit)[:, None], target, weight, np.zeros(1))[0]) / unit
    if slope <= 0:
        return prevalence(positive)
    reach = slope * float(np.abs(held).max()) + 50
    wanted = float(_targets(positive).sum())
    intercept = brentq(lambda shift: float(expit(slope * held + shift).sum()) - wanted, -reach, reach)
    return PlattSigmoid(slope, float(intercept))


def _differences(
    held: Values, positive: NDArray[np.bool_], held_out: Sequence[Rows]
) -> Iterator[tuple[Values, Values]]:
    """Yield, for each fold, every positive's value less every negative's, and the weight of each pair."""
    for rows in held_out:
        values, truth = held[rows], positive[rows]
        difference = (values[truth][:, None] - values[~truth][None, :]).ravel()
        yield difference, np.full(len(difference), min(truth.sum(), (~truth).sum()) / len(difference))


def _targets(positive: NDArray[np.bool_]) -> Values:
    """Platt's smoothed targets."""
    n_positive = int(positive.sum())
    n_negative = len(positive) - n_positive
    return np.where(positive, (n_positive + 1) / (n_positive + 2), 1 / (n_negative + 2))


def _climb(design: Values, target: Values, weight: Values, start: Values) -> Values:
    """Maximize the weighted likelihood of a logistic regression by damped Newton steps."""
    found = start
    loss = _loss(design, target, weight, found)
    for _ in range(100):
        p = expit(design @ found)
        gradient = design.T @ (weight * (p - target))
        if np.abs(gradient).max() < 1e-10 * len(target):
            break
        hessian = (design * (weight * (p * (1 - p)))[:, None]).T @ design + 1e-12 * np.eye(len(found))
        step = np.linalg.solve(hessian, gradient)
        length = 1.0
        while (trial := _loss(design, target, weight, found - length * step)) > loss and length > 1e-10:
            length /= 2
        found, loss = found - length * step, trial
    return found


def _outer_fences(values: Values) -> tuple[float, float]:
    """Tukey's outer fences, Exploratory Data Analysis (1977)."""
    low, high = np.quantile(values, [0.25, 0.75])
    reach = 3 * float(high - low)
    return float(low) - reach, float(high) + reach


def _loss(design: Values, target: Values, weight: Values, found: Values) -> float:
    margin = design @ found
    return float(-(weight * (target * log_expit(margin) + (1 - target) * log_expit(-margin))).sum())
