"""AUC and AUC differences when the rows of one lesion are correlated: Obuchowski's variance.

Obuchowski, "Nonparametric analysis of clustered ROC curve data", Biometrics 53:567 (1997). With M, N positive and
negative rows, I10, I01, I clusters that hold positives, negatives, any; V10_i, V01_i the placement values summed within
cluster i and m_i, n_i its numbers of positives and negatives:

    S10 = I10 / ((I10 - 1) M) sum [V10_i - m_i A]^2      S01 = I01 / ((I01 - 1) N) sum [V01_i - n_i A]^2
    S11 = I / (I - 1) sum [V10_i - m_i A] [V01_i - n_i A]
    Var(A) = S10 / M + S01 / N + 2 S11 / (M N)

The variance is a quadratic form in the placements, so that of a difference of AUCs on the same rows is the same form of
the differences of placements. Clusters of one row give DeLong's variance exactly.

`strata` (such as the cross-validation folds, whose scores come from different fits and need not be comparable) makes
the estimate the mean of the strata's AUCs, the paper's figure; clusters must not cross strata. The variance is that of
the test cases for the classifiers as fitted: it does not hold what other training sets would have changed.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from training.stats.roc.auc import (
    AucDifference,
    AucEstimate,
    Placements,
    Vector,
    auc_interval,
    placements,
    tested_difference,
)

METHOD = "Obuchowski 1997, clustered"


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
    parts = [_variance_part(*part) for part in _parts(labels, (scores,), groups, strata)]
    auc = float(np.mean([estimate for estimate, _ in parts]))
    se = float(np.sqrt(sum(variance for _, variance in parts))) / len(parts)
    low, high = auc_interval(auc, se, confidence)
    return AucEstimate(auc, se, low, high, confidence, METHOD)


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
    parts = [_variance_part(*part) for part in _parts(labels, (first, second), groups, strata)]
    difference = float(np.mean([estimate for estimate, _ in parts]))
    variance = float(sum(variance for _, variance in parts)) / len(parts) ** 2
    return tested_difference(difference, variance, confidence, METHOD)


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


def _variance_part(positive: NDArray[np.bool_], placed: Placements, cluster: NDArray[np.intp]) -> tuple[float, float]:
    """Return estimate and variance of one stratum."""
    clusters = int(cluster.max()) + 1
    d10 = _centered_sums(placed.positive, cluster[positive], clusters, placed.auc)
    d01 = _centered_sums(placed.negative, cluster[~positive], clusters, placed.auc)
    m, n = int(positive.sum()), int((~positive).sum())
    i10, i01 = len(np.unique(cluster[positive])), len(np.unique(cluster[~positive]))
    variance = _correction(i10) * float(d10 @ d10) / m**2 + _correction(i01) * float(d01 @ d01) / n**2
    variance += 2 * _correction(clusters) * float(d10 @ d01) / (m * n)
    return placed.auc, variance


def _centered_sums(values: Vector, cluster: NDArray[np.intp], clusters: int, auc: float) -> Vector:
    return np.bincount(cluster, weights=values - auc, minlength=clusters).astype(np.float64)


def _correction(clusters: int) -> float:
    return clusters / (clusters - 1) if clusters > 1 else 1.0
