"""The empirical AUC, its placement values and the records that estimates come in."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit
from scipy.stats import rankdata
from scipy.stats import t as student

from cadx.classify.auc import empirical_auc as _auc
from cadx.errors import FeaturesNotFinite, OneClassOnly

Vector = NDArray[np.float64]
Labels = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Placements:
    """Where each score stands among the scores of the other class (DeLong 1988).

    Attributes
    ----------
    auc
        Mann-Whitney: the chance that a positive scores above a negative, ties counting one half.
    positive
        (M,) for each positive row, the share of negatives below it.
    negative
        (N,) for each negative row, the share of positives above it.
    """

    auc: float
    positive: Vector
    negative: Vector


@dataclass(frozen=True, slots=True)
class AucEstimate:
    """An AUC with its standard error and confidence interval.

    Attributes
    ----------
    se
        Infinite where it cannot be estimated: the limits are then 0 and 1.
    low, high
        Limits of the interval, on the logit scale where 0 < AUC < 1, so that they stay inside (0, 1).
    method
        How the standard error was found.
    degrees_of_freedom
        Of the t distribution that the limits come from; infinite for the normal one.
    """

    auc: float
    se: float
    low: float
    high: float
    confidence: float
    method: str
    degrees_of_freedom: float = math.inf


@dataclass(frozen=True, slots=True)
class AucDifference:
    """Difference of two AUCs on the same rows, first less second, with a two-sided test that it is zero.

    Where the standard error cannot be estimated it is infinite, the limits are -1 and 1, and p is 1.
    """

    difference: float
    se: float
    low: float
    high: float
    confidence: float
    p_value: float
    method: str
    degrees_of_freedom: float = math.inf


def checked(labels: ArrayLike, scores: ArrayLike) -> tuple[Labels, Vector]:
    """Return labels as bool and scores as float64, or say why no AUC can be had.

    Raises
    ------
    OneClassOnly, FeaturesNotFinite
    """
    positive = np.asarray(labels).astype(np.bool_)
    values = np.asarray(scores, dtype=np.float64)
    if positive.all() or not positive.any():
        raise OneClassOnly(label="malignant" if positive.all() else "benign", rows=len(positive))
    wrong = np.flatnonzero(~np.isfinite(values))
    if len(wrong):
        raise FeaturesNotFinite(values=len(wrong), row=int(wrong[0]), column=0)
    return positive, values


def placements(labels: ArrayLike, scores: ArrayLike) -> Placements:
    """Return AUC and placement values, by ranks (Sun and Xu, IEEE Signal Process. Lett. 21:1389, 2014)."""
    positive, values = checked(labels, scores)
    ranks = rankdata(values)
    n_positive = int(positive.sum())
    n_negative = len(positive) - n_positive
    above = (ranks[positive] - rankdata(values[positive])) / n_negative
    below = 1 - (ranks[~positive] - rankdata(values[~positive])) / n_positive
    return Placements(auc=_auc(values, positive), positive=above, negative=below)


def empirical_auc(labels: ArrayLike, scores: ArrayLike) -> float:
    """Return the area under the empirical ROC curve."""
    positive, values = checked(labels, scores)
    return _auc(values, positive)


def mean_and_sd(fold_aucs: Sequence[float]) -> tuple[float, float]:
    """Return mean and sample standard deviation (n - 1) of fold AUCs, as the paper's table (Huynh 2016, Table 1)."""
    return float(np.mean(fold_aucs)), float(np.std(fold_aucs, ddof=1))


def auc_interval(auc: float, se: float, confidence: float, df: float = math.inf) -> tuple[float, float]:
    """Return a t interval on the logit scale; on the plain scale, clipped, where the AUC is 0 or 1.

    Without a standard error (infinite) the interval is the whole range.
    """
    if math.isinf(se):
        return 0.0, 1.0
    q = float(student.ppf(0.5 + confidence / 2, df))
    if not 0 < auc < 1:
        return max(0.0, auc - q * se), min(1.0, auc + q * se)
    half = q * se / (auc * (1 - auc))
    return float(expit(logit(auc) - half)), float(expit(logit(auc) + half))


def tested_difference(difference: float, variance: float, confidence: float, method: str, df: float) -> AucDifference:
    """Return a difference with its t interval and two-sided p.

    A difference of zero that cannot vary has p 1. Any other whose variance is zero or infinite has nothing to be tested
    by: its interval is the whole range and its p is 1.
    """
    if math.isinf(variance) or (variance <= 0 and difference != 0):
        return AucDifference(difference, math.inf, -1.0, 1.0, confidence, 1.0, method, df)
    se = math.sqrt(max(variance, 0.0))
    half = float(student.ppf(0.5 + confidence / 2, df)) * se
    p_value = float(2 * student.sf(abs(difference) / se, df)) if se > 0 else 1.0
    return AucDifference(difference, se, difference - half, difference + half, confidence, p_value, method, df)
