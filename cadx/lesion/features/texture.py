"""How the gray varies inside the lesion: the 14 features of Haralick 1973 and the coarseness of Amadasun & King 1989.

p(i,j) is the co-occurrence matrix of `cooccurrence` (32 gray levels numbered from 1; distance 1; four directions
merged; symmetric), mu and var the mean and variance of its marginal, p+(k) and p-(k) the distributions of i + j and
|i - j|, logarithms to base 2. Codes are those of the Image Biomarker Standardisation Initiative.
"""

import numpy as np
from numpy.typing import NDArray

from cadx.lesion import kernels
from cadx.lesion.features.cooccurrence import GRAY_BINS
from cadx.lesion.features.definition import FeatureDefinition, FeatureFamily
from cadx.lesion.features.region import LesionRegion
from cadx.lesion.features.undefined import Undefined

_LEVEL = np.arange(1, GRAY_BINS + 1, dtype=np.float64)
_DIFFERENCE = np.subtract.outer(np.arange(GRAY_BINS), np.arange(GRAY_BINS))
_SUM = np.add.outer(np.arange(GRAY_BINS), np.arange(GRAY_BINS))


def energy(region: LesionRegion) -> float:
    """Sum of p(i,j)^2 (angular second moment), 0 to 1. IBSI 8ZQL."""
    return float(np.square(region.cooccurrence.matrix).sum())


def contrast(region: LesionRegion) -> float:
    """Sum of (i - j)^2 p(i,j), 0 to 961. IBSI ACUI."""
    return float((_DIFFERENCE**2 * region.cooccurrence.matrix).sum())


def correlation(region: LesionRegion) -> float:
    """(sum of i j p(i,j) - mu^2) / var, -1 to 1. IBSI NI2N."""
    matrix = region.cooccurrence.matrix
    mean, variance = _marginal_moments(region)
    return float((_LEVEL @ matrix @ _LEVEL - mean**2) / variance)


def joint_variance(region: LesionRegion) -> float:
    """Sum of (i - mu)^2 p(i,j), 0 to 240. IBSI UR99."""
    return _marginal_moments(region)[1]


def inverse_difference_moment(region: LesionRegion) -> float:
    """Sum of p(i,j) / (1 + (i - j)^2), 0 to 1. IBSI WF0Z."""
    return float((region.cooccurrence.matrix / (1 + _DIFFERENCE**2)).sum())


def sum_average(region: LesionRegion) -> float:
    """Sum of k p+(k), 2 to 64. IBSI ZGXS."""
    return float(_sum_levels() @ _sum_distribution(region))


def sum_variance(region: LesionRegion) -> float:
    """Sum of (k - sum average)^2 p+(k), 0 and up. IBSI OEEB."""
    distribution = _sum_distribution(region)
    return float((_sum_levels() - _sum_levels() @ distribution) ** 2 @ distribution)


def sum_entropy(region: LesionRegion) -> float:
    """Entropy of p+, bits, 0 to 6. IBSI P6QZ."""
    return _entropy(_sum_distribution(region))


def joint_entropy(region: LesionRegion) -> float:
    """Entropy of p, bits, 0 to 10. IBSI TU9B."""
    return _entropy(region.cooccurrence.matrix)


def difference_variance(region: LesionRegion) -> float:
    """Variance of p-, 0 and up. IBSI D3YU."""
    distribution = _difference_distribution(region)
    level = np.arange(GRAY_BINS)
    return float((level - level @ distribution) ** 2 @ distribution)


def difference_entropy(region: LesionRegion) -> float:
    """Entropy of p-, bits, 0 to 5. IBSI NTRS."""
    return _entropy(_difference_distribution(region))


def information_correlation_1(region: LesionRegion) -> float:
    """(HXY - HXY1) / HX, -1 to 0; HXY1 is the cross entropy of p and the product of its marginals. IBSI R8DG."""
    matrix = region.cooccurrence.matrix
    marginal = matrix.sum(axis=0)
    cross = 2 * _entropy(marginal)
    return (_entropy(matrix) - cross) / _positive(_entropy(marginal))


def information_correlation_2(region: LesionRegion) -> float:
    """Square root of 1 - exp(-2 (HXY2 - HXY)), 0 to 1; HXY2 is the entropy of the marginals' product. IBSI JN9H."""
    matrix = region.cooccurrence.matrix
    product = 2 * _entropy(matrix.sum(axis=0))
    return float(np.sqrt(max(0.0, 1 - np.exp(-2 * (product - _entropy(matrix))))))


def maximal_correlation(region: LesionRegion) -> float:
    """Square root of the second largest eigenvalue of Q(i,j) = sum of p(i,k) p(j,k) / (px(i) py(k)), 0 to 1.

    Q is similar to the square of the symmetric matrix p(i,j) / sqrt(px(i) px(j)), whose eigenvalues are real; levels
    that do not occur are left out. No IBSI code.
    """
    matrix = region.cooccurrence.matrix
    marginal = matrix.sum(axis=0)
    occurs = marginal > 0
    if np.count_nonzero(occurs) < 2:
        raise Undefined("all pairs have one gray level")
    root = np.sqrt(marginal[occurs])
    eigenvalues = np.linalg.eigvalsh(matrix[np.ix_(occurs, occurs)] / np.outer(root, root))
    return float(np.sort(np.abs(eigenvalues))[-2])


def coarseness(region: LesionRegion) -> float:
    """1 / sum of p(i) s(i), above 0: s(i) sums |i - mean of the neighbors| over the pixels of level i. IBSI QCDE.

    Neighbors are the 8 adjacent pixels that lie in the lesion; pixels without any do not count.
    """
    deviation, count = kernels.neighbor_deviations(region.cooccurrence.levels, GRAY_BINS)
    probability = count / max(1, count.sum())
    return 1 / _positive(float(probability @ deviation))


def _marginal_moments(region: LesionRegion) -> tuple[float, float]:
    marginal = region.cooccurrence.matrix.sum(axis=0)
    mean = float(_LEVEL @ marginal)
    return mean, _positive(float((_LEVEL - mean) ** 2 @ marginal))


def _sum_levels() -> NDArray[np.float64]:
    return np.arange(2, 2 * GRAY_BINS + 1, dtype=np.float64)


def _sum_distribution(region: LesionRegion) -> NDArray[np.float64]:
    return np.bincount(_SUM.ravel(), weights=region.cooccurrence.matrix.ravel()).astype(np.float64)


def _difference_distribution(region: LesionRegion) -> NDArray[np.float64]:
    return np.bincount(np.abs(_DIFFERENCE).ravel(), weights=region.cooccurrence.matrix.ravel()).astype(np.float64)


def _entropy(distribution: NDArray[np.float64]) -> float:
    positive = distribution[distribution > 0]
    return float(-(positive @ np.log2(positive)))


def _positive(value: float) -> float:
    if value <= 0:
        raise Undefined("all pairs have one gray level")
    return value


_TEXTURE = FeatureFamily.TEXTURE
TEXTURE_FEATURES = (
    FeatureDefinition("glcm_energy", _TEXTURE, "1", "more uniform", "8ZQL", energy),
    FeatureDefinition("glcm_contrast", _TEXTURE, "1", "rougher", "ACUI", contrast),
    FeatureDefinition("glcm_correlation", _TEXTURE, "1", "smoother slopes of gray", "NI2N", correlation),
    FeatureDefinition("glcm_joint_variance", _TEXTURE, "1", "wider range of gray", "UR99", joint_variance),
    FeatureDefinition(
        "glcm_inverse_difference_moment", _TEXTURE, "1", "locally even", "WF0Z", inverse_difference_moment
    ),
    FeatureDefinition("glcm_sum_average", _TEXTURE, "1", "gray nearer its own maximum", "ZGXS", sum_average),
    FeatureDefinition("glcm_sum_variance", _TEXTURE, "1", "wider range of gray", "OEEB", sum_variance),
    FeatureDefinition("glcm_sum_entropy", _TEXTURE, "bit", "more varied gray", "P6QZ", sum_entropy),
    FeatureDefinition("glcm_joint_entropy", _TEXTURE, "bit", "less order", "TU9B", joint_entropy),
    FeatureDefinition("glcm_difference_variance", _TEXTURE, "1", "uneven roughness", "D3YU", difference_variance),
    FeatureDefinition("glcm_difference_entropy", _TEXTURE, "bit", "varied roughness", "NTRS", difference_entropy),
    FeatureDefinition(
        "glcm_information_correlation_1",
        _TEXTURE,
        "1",
        "less ordered",
        "R8DG",
        information_correlation_1,
    ),
    FeatureDefinition(
        "glcm_information_correlation_2",
        _TEXTURE,
        "1",
        "more ordered",
        "JN9H",
        information_correlation_2,
    ),
    FeatureDefinition("glcm_maximal_correlation", _TEXTURE, "1", "more ordered", "", maximal_correlation),
    FeatureDefinition("ngtdm_coarseness", _TEXTURE, "1", "larger patches of even gray", "QCDE", coarseness),
)
