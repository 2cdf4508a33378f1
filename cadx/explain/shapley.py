"""Exact Shapley values of a polynomial-kernel SVM's decision value, in closed form."""

from math import ceil, comb

import numpy as np
from numpy.polynomial import Polynomial
from numpy.polynomial.legendre import leggauss
from numpy.typing import NDArray

from cadx.classify import FrozenSvm

Vector = NDArray[np.float64]


def shapley_values(svm: FrozenSvm, features: Vector) -> Vector:
    """Share out the SVM's decision value, less that of the cohort's mean, among the features (Shapley 1953).

    The game: features in a set S have the lesion's values, the others the cohort's mean, which is 0 once standardized,

        v(S) = b + sum_j w_j (c + sum_{k in S} u_jk)^d      u_jk = gamma z_k s_jk

    of support vectors s_j, dual coefficients w_j and the kernel (gamma x.y + c)^d. Shapley's value is the integral,
    over the chance q from 0 to 1 that each other feature is in S, of the mean gain of feature i (Owen's multilinear
    extension, Management Science 18:P64, 1972):

        phi_i = sum_j w_j integral_0^1 sum_{m=1..d} C(d, m) u_ji^m E[T^(d-m)] dq

    T = c + sum of the other u_jk that are drawn is a sum of independent draws. Its cumulants are those of Bernoulli(q)
    times the power sums of the u_jk, and its moments follow from them. The integrand is a polynomial in q of degree
    d - 1, for which ceil(d / 2) Gauss-Legendre nodes are exact: nothing is sampled or approximated, at any degree.

    Parameters
    ----------
    svm
        Its standardization holds the cohort's mean.
    features
        (n_features_in,) of one lesion.

    Returns
    -------
    ndarray
        (n_features_in,) in units of the decision value; 0 for a column that the SVM does not use. The sum is
        ``svm.svm_decisions(features) - baseline(svm)``.
    """
    learnt, kernel = svm.standardization, svm.kernel
    terms = kernel.gamma * svm.support_vectors * learnt.apply(features[None, :])
    values = np.zeros(svm.n_features_in)
    values[learnt.columns] = _shared(terms, kernel.coef0, kernel.degree, svm.dual_coef)
    return values


def baseline(svm: FrozenSvm) -> float:
    """Return the SVM's own decision value of a lesion that has the cohort's mean in every feature."""
    return float(svm.dual_coef.sum() * svm.kernel.coef0**svm.kernel.degree + svm.intercept)


def _shared(terms: Vector, coef0: float, degree: int, weights: Vector) -> Vector:
    """Return phi of v(S) = sum_j weights_j (coef0 + sum_{k in S} terms_jk)^degree; terms are (vectors, features)."""
    powers = [terms]
    for _ in range(degree - 1):
        powers.append(powers[-1] * terms)
    # Of each feature's others: power sums of the terms, orders 1 to degree - 1.
    others = [power.sum(axis=1, keepdims=True) - power for power in powers[:-1]]
    nodes, node_weights = leggauss(ceil(degree / 2))
    shared = np.zeros(terms.shape[1])
    for node, weight in zip((nodes + 1) / 2, node_weights / 2, strict=True):
        scales = _bernoulli_cumulants(degree - 1, float(node))
        cumulants = [scale * sums for scale, sums in zip(scales, others, strict=True)]
        if cumulants:
            cumulants[0] = cumulants[0] + coef0
        moments = _moments(cumulants)
        gain = np.zeros_like(terms)
        for m, power in enumerate(powers, start=1):
            gain += comb(degree, m) * power * moments[degree - m]
        shared += weight * (weights @ gain)
    return shared


def _bernoulli_cumulants(count: int, q: float) -> list[float]:
    """Return the first cumulants of a draw that is 1 with chance q: k_1 = q, k_(n+1) = q (1 - q) dk_n/dq."""
    spread = Polynomial([0.0, 1.0, -1.0])
    cumulant = Polynomial([0.0, 1.0])
    values = []
    for _ in range(count):
        values.append(float(cumulant(q)))
        cumulant = spread * cumulant.deriv()
    return values


def _moments(cumulants: list[Vector]) -> list[Vector | float]:
    """Return the raw moments 0 to len(cumulants): m_n = sum_{i=1..n} C(n-1, i-1) k_i m_(n-i) (Smith 1995)."""
    moments: list[Vector | float] = [1.0]
    for n in range(1, len(cumulants) + 1):
        moments.append(sum(comb(n - 1, i - 1) * cumulants[i - 1] * moments[n - i] for i in range(1, n + 1)))
    return moments
