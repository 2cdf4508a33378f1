"""What the CNN's score goes with: its rank correlation with every lesion feature (Huynh 2016, discussion)."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from cadx.branches import CNN, LESION
from cadx.lesion import FEATURES
from training.analysis.comparisons import SIGNIFICANCE
from training.analysis.scored import Scored
from training.stats.correlation import feature_correlations

FEWEST_LESIONS = 5


@dataclass(frozen=True, slots=True)
class Association:
    """Correlation of one lesion feature with the probabilities, over lesions (means over a lesion's views).

    Attributes
    ----------
    feature, family, reads_as
        The feature, and what a high value means.
    with_cnn
        Spearman's rho with SVM1's probability.
    low, high
        Its 95 % limits (Bonett and Wright, Psychometrika 65:23, 2000).
    p_holm
        Of rho = 0, adjusted for the number of features.
    with_lesion
        Spearman's rho with SVM2's probability, for comparison.
    """

    feature: str
    family: str
    reads_as: str
    with_cnn: float
    low: float
    high: float
    p_holm: float
    with_lesion: float

    @property
    def significant(self) -> bool:
        """Whether the correlation differs from zero at 5 % after Holm's correction."""
        return self.p_holm < SIGNIFICANCE


def associations(scored: Scored) -> tuple[Association, ...]:
    """Correlate every feature with both scores, strongest with SVM1 first; none for cohorts under 5 lesions."""
    if scored.lesions.max() + 1 < FEWEST_LESIONS:
        return ()
    names = [feature.name for feature in FEATURES]
    definition = dict(zip(names, FEATURES, strict=True))
    cnn, lesion = (
        feature_correlations(scored.probabilities[branch], scored.features, names, scored.lesions)
        for branch in (CNN, LESION)
    )
    with_lesion = {found.feature: found.rho for found in lesion}
    return tuple(
        Association(
            feature=found.feature,
            family=str(definition[found.feature].family),
            reads_as=definition[found.feature].reads_as,
            with_cnn=found.rho,
            low=limits[0],
            high=limits[1],
            p_holm=found.p_holm,
            with_lesion=with_lesion[found.feature],
        )
        for found in cnn
        for limits in (rank_correlation_interval(found.rho, found.lesions),)
    )


def rank_correlation_interval(rho: float, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return limits on Fisher's scale with the variance (1 + rho^2 / 2) / (n - 3); more than 3 lesions."""
    half = float(norm.ppf(0.5 + confidence / 2)) * np.sqrt((1 + rho**2 / 2) / (n - 3))
    z = np.arctanh(np.clip(rho, -1 + 1e-12, 1 - 1e-12))
    return float(np.tanh(z - half)), float(np.tanh(z + half))
