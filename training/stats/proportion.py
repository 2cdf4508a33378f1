"""A proportion of rows that are correlated within lesions, with its interval.

Wilson's interval (J. Am. Stat. Assoc. 22:209, 1927) on the effective number of rows n / deff; the design effect is
the ratio estimator's variance over the binomial one (Rao and Scott, Biometrics 48:577, 1992), never taken below 1. With
every row the same, there is no variance to estimate, and the number of clusters stands for the effective number of
rows.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm


@dataclass(frozen=True, slots=True)
class Proportion:
    """A share of rows.

    Attributes
    ----------
    value
        Share, 0 to 1.
    low, high
        Confidence limits.
    successes, rows, clusters
        Counts behind it.
    """

    value: float
    low: float
    high: float
    successes: int
    rows: int
    clusters: int
    confidence: float


def clustered_proportion(successes: ArrayLike, groups: ArrayLike, *, confidence: float = 0.95) -> Proportion:
    """Return the share of true rows.

    Parameters
    ----------
    successes
        (n,) bool, at least one row.
    groups
        (n,) lesion or patient of each row; one row a group gives Wilson's own interval.
    """
    hits = np.asarray(successes).astype(np.bool_)
    cluster = np.unique(np.asarray(groups), return_inverse=True)[1]
    n, clusters = len(hits), int(cluster.max()) + 1
    share = float(hits.mean())
    residual = np.bincount(cluster, weights=hits - share)
    effective: float = clusters
    if 0 < share < 1 and clusters > 1:
        inflation = (clusters / (clusters - 1)) / (n / (n - 1))
        design_effect = inflation * float(residual @ residual) / (n * share * (1 - share))
        effective = n / max(design_effect, 1.0)
    low, high = wilson_interval(share, effective, confidence)
    return Proportion(share, low, high, int(hits.sum()), n, clusters, confidence)


def wilson_interval(share: float, n: float, confidence: float) -> tuple[float, float]:
    """Return Wilson's score interval of a share of n (effective) independent rows."""
    z = float(norm.ppf(0.5 + confidence / 2))
    center = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * float(np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)))
    return max(0.0, center - half), min(1.0, center + half)
