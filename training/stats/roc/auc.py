"""The empirical AUC, its placement values and the records that estimates come in."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit
from scipy.stats import norm, rankdata

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
    low, high
        Limits of the interval, on the logit scale where 0 < AUC < 1, so that they stay inside (0, 1).
    method
        How the standard error was found.
    """

    auc: float
    se: float
    low: float
    high: float
    confidence: float
    method: str


@dataclass(frozen=True, slots=True)
class AucDifference:
    """Difference of two AUCs on the same rows, first less second, with a two-sided test that it is zero."""

    difference: float
    se: float
    low: float
    high: float
    confidence: float
    p_value: float
    method: str


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


def auc_interval(auc: float, se: float, confidence: float) -> tuple[float, float]:
    """Return a normal interval on the logit scale; on the plain scale, clipped, where the AUC is 0 or 1."""
    z = float(norm.ppf(0.5 + confidence / 2))
    if not 0 < auc < 1:
        return max(0.0, auc - z * se), min(1.0, auc + z * se)
    half = z * se / (auc * (1 - auc))
    return float(expit(logit(auc) - half)), float(expit(logit(auc) + half))


def tested_difference(difference: float, variance: float, confidence: float, method: str) -> AucDifference:
    """Return a difference with its normal interval and two-sided p; a difference that cannot vary has p 1 or 0."""
    se = float(np.sqrt(max(variance, 0.0)))
    half = float(norm.ppf(0.5 + confidence / 2)) * se
    p_value = float(2 * norm.sf(abs(difference) / se)) if se > 0 else float(difference == 0)
    return AucDifference(difference, se, difference - half, difference + half, confidence, p_value, method)
