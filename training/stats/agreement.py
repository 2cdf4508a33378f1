"""Whether the two branches say the same of the same lesions, which the paper's discussion leaves open.

Cohen's kappa, Educ. Psychol. Meas. 20:37 (1960), of the two calls at a threshold, with a cluster-bootstrap interval;
Pearson's and Spearman's correlation of the probabilities, within each class as well, since classes alone make
probabilities correlate.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import pearsonr, spearmanr

from training.stats.caveats import Caveat, CaveatCode
from training.stats.roc.auc import Labels, Vector, checked


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement of two classifiers on the same rows.

    Attributes
    ----------
    kappa
        1 for full agreement, 0 for that of chance; none when each calls all rows alike.
    kappa_low, kappa_high
        95 % cluster-bootstrap limits; none without a kappa.
    called
        (2, 2) counts: [first calls positive][second calls positive], index 0 = no.
    correlation, rank_correlation
        Pearson and Spearman over all rows; none where a score is constant.
    rank_correlation_benign, rank_correlation_malignant
        Spearman within a class.
    disagreements
        Rows on which the calls differ, the largest difference of probabilities first.
    flags
        ``kappa_undefined``.
    """

    kappa: float | None
    kappa_low: float | None
    kappa_high: float | None
    called: NDArray[np.intp]
    correlation: float | None
    rank_correlation: float | None
    rank_correlation_benign: float | None
    rank_correlation_malignant: float | None
    disagreements: NDArray[np.intp]
    flags: tuple[Caveat, ...] = ()


def agreement(
    labels: ArrayLike,
    first: ArrayLike,
    second: ArrayLike,
    groups: ArrayLike,
    *,
    threshold: float = 0.5,
    replicates: int = 1000,
    seed: int = 0,
) -> Agreement:
    """Compare two classifiers' probabilities row by row.

    Parameters
    ----------
    labels
        (n,) true where positive.
    first, second
        (n,) probabilities.
    groups
        (n,) lesion or patient of each row.
    threshold
        At or above it a row is called positive.

    Raises
    ------
    OneClassOnly, FeaturesNotFinite
    """
    positive, p1 = checked(labels, first)
    _, p2 = checked(labels, second)
    calls = 2 * (p1 >= threshold) + (p2 >= threshold)
    cluster = np.unique(np.asarray(groups), return_inverse=True)[1]
    by_cluster = np.zeros((int(cluster.max()) + 1, 4))
    np.add.at(by_cluster, (cluster, calls), 1)
    kappa, low, high, flags = _kappa_interval(by_cluster, replicates, seed)
    differing = np.flatnonzero((p1 >= threshold) != (p2 >= threshold))
    return Agreement(
        kappa=kappa,
        kappa_low=low,
        kappa_high=high,
        called=by_cluster.sum(axis=0).reshape(2, 2).astype(np.intp),
        correlation=_correlation(pearsonr, p1, p2),
        rank_correlation=_correlation(spearmanr, p1, p2),
        rank_correlation_benign=_within(~positive, p1, p2),
        rank_correlation_malignant=_within(positive, p1, p2),
        disagreements=differing[np.argsort(-np.abs(p1 - p2)[differing], kind="stable")],
        flags=flags,
    )


def _kappa_interval(
    by_cluster: Vector, replicates: int, seed: int
) -> tuple[float | None, float | None, float | None, tuple[Caveat, ...]]:
    kappa = float(_kappa(by_cluster.sum(axis=0)[None, :])[0])
    if np.isnan(kappa):
        return None, None, None, (Caveat(CaveatCode.KAPPA_UNDEFINED, "Both classifiers call every row alike."),)
    clusters = len(by_cluster)
    drawn = np.random.default_rng(seed).multinomial(clusters, np.full(clusters, 1 / clusters), size=replicates)
    kappas = _kappa(drawn @ by_cluster)
    low, high = np.nanquantile(kappas, [0.025, 0.975])
    return kappa, float(low), float(high), ()


def _kappa(counts: Vector) -> Vector:
    """Return kappa of each row of counts (neither, second only, first only, both); NaN where it is not defined."""
    share = counts / counts.sum(axis=1, keepdims=True)
    observed = share[:, 0] + share[:, 3]
    p1, p2 = share[:, 2] + share[:, 3], share[:, 1] + share[:, 3]
    chance = p1 * p2 + (1 - p1) * (1 - p2)
    defined = chance < 1
    return np.where(defined, (observed - chance) / np.where(defined, 1 - chance, 1.0), np.nan)


def _within(rows: Labels, p1: Vector, p2: Vector) -> float | None:
    return _correlation(spearmanr, p1[rows], p2[rows])


def _correlation(measure: Callable[[Vector, Vector], Any], x: Vector, y: Vector) -> float | None:
    """Return a correlation, or none where it is not defined."""
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    return float(measure(x, y).statistic)
