"""Which lesion features move with the CNN's score.

Spearman's rank correlation over lesions, not rows: scores and features are first averaged over a lesion's views, so
that lesions are independent and the p-value holds; p-values are adjusted by Holm over the features.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import spearmanr

from training.stats.inference.multiple import holm


@dataclass(frozen=True, slots=True)
class FeatureCorrelation:
    """One feature's rank correlation with the score.

    Attributes
    ----------
    feature
        Its name.
    rho
        Spearman's correlation over lesions, -1 to 1; 0 with p 1 for a feature that does not vary.
    p_value, p_holm
        Two-sided, alone and adjusted for all features.
    lesions
        Number of lesions.
    """

    feature: str
    rho: float
    p_value: float
    p_holm: float
    lesions: int


def feature_correlations(
    scores: ArrayLike, features: NDArray[np.floating], names: Sequence[str], lesions: ArrayLike
) -> tuple[FeatureCorrelation, ...]:
    """Correlate a score with every feature, the strongest first.

    Parameters
    ----------
    scores
        (n,) such as the CNN branch's out-of-fold probability; at least three lesions.
    features
        (n, features), finite.
    names
        One a feature.
    lesions
        (n,) lesion of each row.
    """
    number = np.unique(np.asarray(lesions), return_inverse=True)[1]
    rows = np.bincount(number)
    score = np.bincount(number, weights=np.asarray(scores, dtype=np.float64)) / rows
    found = []
    for column in range(features.shape[1]):
        value = np.bincount(number, weights=features[:, column].astype(np.float64)) / rows
        varies = np.ptp(value) > 0 and np.ptp(score) > 0
        result = spearmanr(score, value) if varies else None
        found.append((0.0, 1.0) if result is None else (float(result.statistic), float(result.pvalue)))
    adjusted = holm([p for _, p in found])
    listed = [
        FeatureCorrelation(name, rho, p, p_holm, len(rows))
        for name, (rho, p), p_holm in zip(names, found, adjusted, strict=True)
    ]
    return tuple(sorted(listed, key=lambda one: -abs(one.rho)))
