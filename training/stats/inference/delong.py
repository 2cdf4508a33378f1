"""DeLong's variance of the AUC and of a difference, for rows that are independent; normal limits, as printed elsewhere.

DeLong, DeLong and Clarke-Pearson, Biometrics 44:837 (1988). Several views of one lesion are not independent rows: use
`training.stats.inference.clustered` for those, of which this is the case of one row a cluster; docs/statistics.md shows
how far the two differ on clustered data.
"""

import math
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from training.stats.inference.clustered import clustered_auc, clustered_difference
from training.stats.roc.auc import AucDifference, AucEstimate, auc_interval, tested_difference

METHOD = "DeLong 1988, rows independent"


def delong_auc(labels: ArrayLike, scores: ArrayLike, *, confidence: float = 0.95) -> AucEstimate:
    """Return AUC, SE and interval for independent rows; labels (n,) true where positive, scores (n,)."""
    rows = np.arange(len(np.asarray(labels)))
    found = clustered_auc(labels, scores, rows, confidence=confidence)
    if found.se > 0:
        low, high = auc_interval(found.auc, found.se, confidence, math.inf)
        found = replace(found, low=low, high=high)
    return replace(found, method=METHOD, degrees_of_freedom=math.inf)


def delong_difference(
    labels: ArrayLike, first: ArrayLike, second: ArrayLike, *, confidence: float = 0.95
) -> AucDifference:
    """Return the difference of two AUCs on the same independent rows, and test that it is zero."""
    rows = np.arange(len(np.asarray(labels)))
    found = clustered_difference(labels, first, second, rows, confidence=confidence)
    return tested_difference(found.difference, found.se**2, confidence, METHOD, math.inf)
