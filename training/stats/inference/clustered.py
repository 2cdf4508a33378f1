"""AUC and AUC differences when the rows of one lesion are correlated: Obuchowski's variance, lesions of unlike size.

Obuchowski, "Nonparametric analysis of clustered ROC curve data", Biometrics 53:567 (1997). With M, N positive and
negative rows, A the AUC, V10_i, V01_i the placement values summed within cluster i and m_i, n_i its numbers of
positives and negatives:

    a_i = [V10_i - m_i A] / (M sqrt(1 - m_i / M))      b_i = [V01_i - n_i A] / (N sqrt(1 - n_i / N))
    Var(A) = sum (a_i + b_i)^2

Obuchowski multiplies by I / (I - 1) for I clusters, which is 1 / (1 - 1 / I): right where all clusters are of one size,
and the same number there. A cluster of 13 views among clusters of 2 pulls the AUC towards itself, and its residual is
too small by more than that; dividing each squared residual by one less its share of the rows is the correction of Bell
and McCaffrey (Survey Methodology 28:169, 2002). The sum of squares is never negative, where the formula with three
factors can be, for clusters that hold both classes.

Intervals and tests take the t distribution with Welch's and Satterthwaite's degrees of freedom, each class of each
stratum having Kish's effective number of clusters, (sum m_i)^2 / sum m_i^2, less one.

The variance is a quadratic form in the placements, so that of a difference of AUCs on the same rows is the same form of
the differences of placements. Clusters of one row give DeLong's variance exactly.

A variance **cannot be estimated** where a stratum has a single cluster of a class, or where it comes out as zero though
placements or strata differ: the standard error is then infinite and the interval the whole range, never a point. An AUC
of exactly 0 or 1 over two or more clusters of each class has Wilson's limits on as many rows as there are clusters of
the rarer class.

`strata` (such as the cross-validation folds, whose scores come from different fits and need not be comparable) makes
the estimate the mean of the strata's AUCs, the paper's figure; clusters must not cross strata. The variance is that of
the test cases for the classifiers as fitted: it does not hold what other training sets would have changed.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from training.stats.proportion import wilson_interval
from training.stats.roc.auc import (
    AucDifference,
    AucEstimate,
    Placements,
    auc_interval,
    placements,
    tested_difference,
)

METHOD = "Obuchowski 1997, clustered, small-sample t"


def clustered_auc(
    labels: ArrayLike,
    scores: ArrayLike,
    groups: ArrayLike,
    *,
    strata: ArrayLike | None = None,
    confidence: float = 0.95,
) -> AucEstimate:
    """Return AUC, SE and interval for rows that are correlated within groups.

    Parameters
    ----------
    labels
        (n,) true where positive.
    scores
        (n,) higher = more likely positive.
    groups
        (n,) cluster of each row: the lesion, or the patient.
    strata
        (n,) stratum of each row, such as its fold; none: one stratum.

    Raises
    ------
    OneClassOnly, FeaturesNotFinite
    """
    spread = _spread([_part(*part) for part in _parts(labels, (scores,), groups, strata)])
    auc, df = spread.estimate, spread.degrees_of_freedom
    se = math.sqrt(spread.variance)
    low, high = auc_interval(auc, se, confidence, df)
    if se == 0 and auc in (0.0, 1.0):
        low, high = wilson_interval(auc, spread.clusters, confidence)
    return AucEstimate(auc, se, low, high, confidence, METHOD, df)


def clustered_difference(
    labels: ArrayLike,
    first: ArrayLike,
    second: ArrayLike,
    groups: ArrayLike,
    *,
    strata: ArrayLike | None = None,
    confidence: float = 0.95,
) -> AucDifference:
    """Return the difference of two AUCs on the same rows, first less second, and test that it is zero.

    Parameters and errors are those of `clustered_auc`, for two scores.
    """
    spread = _spread([_part(*part) for part in _parts(labels, (first, second), groups, strata)])
    return tested_difference(spread.estimate, spread.variance, confidence, METHOD, spread.degrees_of_freedom)


def _parts(
    labels: ArrayLike, scores: tuple[ArrayLike, ...], groups: ArrayLike, strata: ArrayLike | None
) -> list[tuple[NDArray[np.bool_], Placements, NDArray[np.intp]]]:
    """Cut rows into strata; give each its labels, placements (of one score, or differences of two) and clusters."""
    positive = np.asarray(labels).astype(np.bool_)
    cluster = np.asarray(groups)
    stratum = np.zeros(len(positive)) if strata is None else np.asarray(strata)
    parts = []
    for name in np.unique(stratum):
        rows = stratum == name
        placed = [placements(positive[rows], np.asarray(score)[rows]) for score in scores]
        one = placed[0] if len(placed) == 1 else _less(placed[0], placed[1])
        parts.append((positive[rows], one, np.unique(cluster[rows], return_inverse=True)[1]))
    return parts


def _less(first: Placements, second: Placements) -> Placements:
    return Placements(first.auc - second.auc, first.positive - second.positive, first.negative - second.negative)


@dataclass(frozen=True, slots=True)
class _Part:
    """One stratum.

    Attributes
    ----------
    estimate, variance
        Of the stratum's AUC, or difference; an infinite variance where it cannot be estimated.
    shares
        What positives and negatives give to the variance, each with its degrees of freedom.
    clusters
        Numbers of clusters with positives and with negatives.
    varies
        Whether any placement differs from the estimate.
    """

    estimate: float
    variance: float
    shares: tuple[tuple[float, float], tuple[float, float]]
    clusters: tuple[int, int]
    varies: bool


@dataclass(frozen=True, slots=True)
class _Spread:
    """Estimate over all strata, its variance, and what the variance rests on."""

    estimate: float
    variance: float
    degrees_of_freedom: float
    clusters: int


def _spread(parts: list[_Part]) -> _Spread:
    estimates = [part.estimate for part in parts]
    estimate = float(np.mean(estimates))
    variance = sum(part.variance for part in parts) / len(parts) ** 2
    differs = any(part.varies for part in parts) or np.ptp(estimates) > 0
    if variance == 0 and differs and estimate not in (0.0, 1.0):
        variance = math.inf
    shares = [share for part in parts for share in part.shares]
    total = sum(share for share, _ in shares)
    spent = sum(share**2 / max(df, 1.0) for share, df in shares)
    clusters = min(sum(part.clusters[k] for part in parts) for k in (0, 1))
    return _Spread(estimate, variance, total**2 / spent if spent > 0 else math.inf, clusters)


def _part(positive: NDArray[np.bool_], placed: Placements, cluster: NDArray[np.intp]) -> _Part:
    """Return one stratum's estimate and variance."""
    clusters = int(cluster.max()) + 1
    a, df10, i10 = _residuals(placed.positive - placed.auc, cluster[positive], clusters)
    b, df01, i01 = _residuals(placed.negative - placed.auc, cluster[~positive], clusters)
    varies = bool(np.any(placed.positive != placed.auc) or np.any(placed.negative != placed.auc))
    variance = float((a + b) @ (a + b)) if min(i10, i01) > 1 else math.inf
    return _Part(placed.auc, variance, ((float(a @ a), df10), (float(b @ b), df01)), (i10, i01), varies)


def _residuals(
    centered: NDArray[np.float64], cluster: NDArray[np.intp], clusters: int
) -> tuple[NDArray[np.float64], float, int]:
    """Return each cluster's corrected residual, the class's degrees of freedom and its number of clusters."""
    sizes = np.bincount(cluster, minlength=clusters)
    sums = np.bincount(cluster, weights=centered, minlength=clusters)
    rows = len(cluster)
    left = np.where(sizes < rows, 1 - sizes / rows, 1.0)
    effective = rows**2 / float(sizes @ sizes)
    return sums / (rows * np.sqrt(left)), effective - 1, int(np.count_nonzero(sizes))
