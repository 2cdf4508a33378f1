"""What the CNN's score goes with: its rank correlation with every lesion feature, over lesions (Huynh 2016, discussion)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, spearmanr

from cadx.lesion import FEATURES
from training.evaluation import Vector
from training.stats.multiple import holm
from training.study.comparisons import SIGNIFICANCE
from training.study.scored import CNN, LESION, Scored


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
    """Correlate, strongest first; features that do not vary over lesions, and cohorts under 5 lesions, give none."""
    n = int(scored.lesions.max()) + 1
    if n < 5:
        return ()
    cnn, lesion = (lesion_means(scored.probabilities[name], scored.lesions) for name in (CNN, LESION))
    values = lesion_means(scored.features, scored.lesions)
    varying = [k for k in range(values.shape[1]) if np.ptp(values[:, k]) > 0]
    if np.ptp(cnn) == 0 or np.ptp(lesion) == 0:
        return ()
    tests = [spearmanr(cnn, values[:, k]) for k in varying]
    adjusted = holm([float(test.pvalue) for test in tests])
    found = []
    for k, test, p in zip(varying, tests, adjusted, strict=True):
        rho = float(test.statistic)
        low, high = rank_correlation_interval(rho, n)
        other = float(spearmanr(lesion, values[:, k]).statistic)
        definition = FEATURES[k]
        found.append(
            Association(definition.name, str(definition.family), definition.reads_as, rho, low, high, p, other)
        )
    return tuple(sorted(found, key=lambda association: -abs(association.with_cnn)))


def lesion_means(values: Vector, lesions: NDArray[np.intp]) -> Vector:
    """Return means over each lesion's rows, (lesions,) or (lesions, columns)."""
    total = np.zeros((int(lesions.max()) + 1, *values.shape[1:]))
    np.add.at(total, lesions, values)
    counts = np.bincount(lesions).reshape((-1,) + (1,) * (values.ndim - 1))
    return np.asarray(total / counts)


def rank_correlation_interval(rho: float, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return limits on Fisher's scale with the variance (1 + rho^2 / 2) / (n - 3)."""
    half = float(norm.ppf(0.5 + confidence / 2)) * np.sqrt((1 + rho**2 / 2) / (n - 3))
    z = np.arctanh(np.clip(rho, -1 + 1e-12, 1 - 1e-12))
    return float(np.tanh(z - half)), float(np.tanh(z + half))
