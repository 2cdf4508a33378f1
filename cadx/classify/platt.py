"""Platt's sigmoid: decision values to probabilities."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, log_expit

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PlattSigmoid:
    """p = 1 / (1 + exp(-(slope f + intercept))) of a decision value f.

    A slope that is not positive says that the classifier has learnt nothing that holds out of its training rows.
    """

    slope: float
    intercept: float

    def log_odds(self, decisions: Values) -> Values:
        """Return the log-odds of the second class."""
        return self.slope * decisions + self.intercept

    def probability(self, decisions: Values) -> Values:
        """Return the probability of the second class, 0 to 1."""
        return np.asarray(expit(self.log_odds(decisions)), dtype=np.float64)


def fit_platt(decisions: Values, positive: NDArray[np.bool_]) -> PlattSigmoid:
    """Fit the sigmoid by maximum likelihood on Platt's smoothed targets.

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
    target = np.where(positive, (n_positive + 1) / (n_positive + 2), 1 / (n_negative + 2))
    held = np.clip(decisions, *_outer_fences(decisions))
    unit = float(np.abs(held).max()) or 1.0
    design = np.column_stack([held / unit, np.ones(len(decisions))])
    weights = np.array([0.0, np.log((n_positive + 1) / (n_negative + 1))])
    loss = _loss(design, target, weights)
    for _ in range(100):
        p = expit(design @ weights)
        gradient = design.T @ (p - target)
        if np.abs(gradient).max() < 1e-10 * len(target):
            break
        hessian = (design * (p * (1 - p))[:, None]).T @ design + 1e-12 * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        length = 1.0
        while (trial := _loss(design, target, weights - length * step)) > loss and length > 1e-10:
            length /= 2
        weights, loss = weights - length * step, trial
    return PlattSigmoid(slope=float(weights[0]) / unit, intercept=float(weights[1]))


def _outer_fences(values: Values) -> tuple[float, float]:
    """Tukey's outer fences, Exploratory Data Analysis (1977)."""
    low, high = np.quantile(values, [0.25, 0.75])
    reach = 3 * float(high - low)
    return float(low) - reach, float(high) + reach


def _loss(design: Values, target: Values, weights: Values) -> float:
    margin = design @ weights
    return float(-(target * log_expit(margin) + (1 - target) * log_expit(-margin)).sum())
