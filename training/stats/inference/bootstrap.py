"""Cluster bootstrap of AUCs and their differences.

Whole lesions are drawn with replacement, those with positives only, with negatives only and with both each among
themselves (and within their stratum), so that every replicate holds both classes; Field and Welsh, "Bootstrapping
clustered data", J. R. Stat. Soc. B 69:369 (2007). An AUC is a bilinear form of the clusters' multiplicities, w^T P w
over (w^T m)(w^T n), with P_ij the wins of cluster i's positives over cluster j's negatives: all replicates are two
matrix products.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from training.stats.roc.auc import Vector, checked

METHOD = "cluster bootstrap, percentile"


@dataclass(frozen=True, slots=True)
class BootstrapInterval:
    """A percentile interval.

    Attributes
    ----------
    estimate
        On the data as they are.
    se
        Standard deviation of the replicates.
    p_value
        Two-sided, for a difference: twice the smaller share of replicates on one side of zero, counting the data
        themselves as one replicate. None for a single AUC.
    """

    estimate: float
    se: float
    low: float
    high: float
    confidence: float
    p_value: float | None
    replicates: int
    method: str = METHOD


def bootstrap_auc(
    labels: ArrayLike,
    scores: ArrayLike,
    groups: ArrayLike,
    *,
    strata: ArrayLike | None = None,
    replicates: int = 2000,
    seed: int = 0,
    confidence: float = 0.95,
) -> BootstrapInterval:
    """Return the AUC (mean over strata, if any) with its percentile interval; see `clustered_auc` for the arguments."""
    estimate, drawn = _replicates(labels, (scores,), groups, strata, replicates, seed)
    return _interval(float(estimate[0]), drawn[0], confidence, None)


def bootstrap_difference(
    labels: ArrayLike,
    first: ArrayLike,
    second: ArrayLike,
    groups: ArrayLike,
    *,
    strata: ArrayLike | None = None,
    replicates: int = 2000,
    seed: int = 0,
    confidence: float = 0.95,
) -> BootstrapInterval:
    """Return the difference of two AUCs, first less second, both computed on the same draws."""
    estimate, drawn = _replicates(labels, (first, second), groups, strata, replicates, seed)
    differences = drawn[0] - drawn[1]
    side = min(np.count_nonzero(differences <= 0), np.count_nonzero(differences >= 0))
    p_value = min(1.0, 2 * (side + 1) / (replicates + 1))
    return _interval(float(estimate[0] - estimate[1]), differences, confidence, p_value)


def _interval(estimate: float, drawn: Vector, confidence: float, p_value: float | None) -> BootstrapInterval:
    low, high = np.quantile(drawn, [0.5 - confidence / 2, 0.5 + confidence / 2])
    if low == high and estimate != 0:  # a bootstrap that cannot vary knows no limits
        low, high = (0.0, 1.0) if p_value is None else (-1.0, 1.0)
        p_value = None if p_value is None else 1.0
    return BootstrapInterval(
        estimate, float(drawn.std(ddof=1)), float(low), float(high), confidence, p_value, len(drawn)
    )


def _replicates(
    labels: ArrayLike,
    scores: tuple[ArrayLike, ...],
    groups: ArrayLike,
    strata: ArrayLike | None,
    replicates: int,
    seed: int,
) -> tuple[Vector, Vector]:
    """Return AUCs of the data, (scores,), and of the replicates, (scores, replicates)."""
    rng = np.random.default_rng(seed)
    cluster = np.asarray(groups)
    stratum = np.zeros(len(cluster)) if strata is None else np.asarray(strata)
    names = np.unique(stratum)
    estimate, drawn = np.zeros(len(scores)), np.zeros((len(scores), replicates))
    for name in names:
        rows = stratum == name
        positive = np.asarray(labels).astype(np.bool_)[rows]
        number = np.unique(cluster[rows], return_inverse=True)[1]
        m, n = (np.bincount(number, weights=of_class).astype(np.float64) for of_class in (positive, ~positive))
        weights = _draw(m, n, replicates, rng)
        for s, score in enumerate(scores):
            wins = _wins(positive, np.asarray(score)[rows], number)
            estimate[s] += wins.sum() / (m.sum() * n.sum())
            drawn[s] += ((weights @ wins) * weights).sum(axis=1) / ((weights @ m) * (weights @ n))
    return estimate / len(names), drawn / len(names)


def _wins(labels: NDArray[np.bool_], scores: ArrayLike, cluster: NDArray[np.intp]) -> Vector:
    """Return P: wins of the row cluster's positives over the column cluster's negatives, ties one half."""
    positive, values = checked(labels, scores)
    above = values[positive][:, None] - values[~positive][None, :]
    outcome = (np.sign(above) + 1) / 2
    member = np.arange(int(cluster.max()) + 1)[:, None] == cluster
    return np.asarray(member[:, positive].astype(np.float64) @ outcome @ member[:, ~positive].T.astype(np.float64))


def _draw(m: Vector, n: Vector, replicates: int, rng: np.random.Generator) -> Vector:
    """Return how often each cluster is drawn, (replicates, clusters)."""
    weights = np.zeros((replicates, len(m)))
    kind = (m > 0) * 2 + (n > 0)
    for value in np.unique(kind):
        members = np.flatnonzero(kind == value)
        weights[:, members] = rng.multinomial(len(members), np.full(len(members), 1 / len(members)), size=replicates)
    return weights
