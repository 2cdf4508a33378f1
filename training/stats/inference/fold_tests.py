"""Paired t tests on the AUCs of cross-validation folds: the paper's, and one that counts the folds' dependence.

The paper compares classifiers by a paired t test on fold AUCs after Hothorn, Leisch, Zeileis and Hornik, "The design
and analysis of benchmark experiments", J. Comput. Graph. Stat. 14:675 (2005). The training sets of folds overlap, so
that fold AUCs are correlated and the plain test rejects too often; Nadeau and Bengio, "Inference for the generalization
error", Machine Learning 52:239 (2003), put 1/J + n_test/n_train for 1/J in the variance of the mean of J folds.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student


@dataclass(frozen=True, slots=True)
class PairedTest:
    """A two-sided paired test on folds, first less second.

    Attributes
    ----------
    difference
        Mean over the folds.
    sd
        Sample standard deviation (n - 1) of the folds' differences.
    statistic
        t; 0 when all folds differ by the same amount, which leaves nothing to test by: p is 1 and the limits -1 and 1.
    degrees_of_freedom
        Folds less one.
    low, high
        Confidence limits of the mean difference.
    """

    difference: float
    sd: float
    statistic: float
    degrees_of_freedom: int
    p_value: float
    low: float
    high: float
    confidence: float
    method: str


def paired_t(first: Sequence[float], second: Sequence[float], *, confidence: float = 0.95) -> PairedTest:
    """Test fold AUCs as if folds were independent (the paper's test); at least two folds."""
    return _paired(first, second, 1 / len(first), confidence, "paired t on folds (Hothorn 2005)")


def corrected_paired_t(
    first: Sequence[float], second: Sequence[float], n_train: float, n_test: float, *, confidence: float = 0.95
) -> PairedTest:
    """Test fold AUCs with the variance of Nadeau and Bengio.

    Parameters
    ----------
    first, second
        AUCs of the same folds; at least two.
    n_train, n_test
        Rows that a fold trains and tests on, on average.
    """
    factor = 1 / len(first) + n_test / n_train
    return _paired(first, second, factor, confidence, "corrected paired t (Nadeau and Bengio 2003)")


def _paired(
    first: Sequence[float], second: Sequence[float], factor: float, confidence: float, method: str
) -> PairedTest:
    differences = np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)
    mean, sd = float(differences.mean()), float(differences.std(ddof=1))
    df = len(differences) - 1
    # Equal differences leave rounding, not spread: nothing to divide by.
    se = np.sqrt(factor) * sd if sd > 1e-12 else 0.0
    if se == 0:
        low, high = (-1.0, 1.0) if abs(mean) > 1e-12 else (0.0, 0.0)
        return PairedTest(mean, sd, 0.0, df, 1.0, low, high, confidence, method)
    statistic, p_value = mean / se, float(2 * student.sf(abs(mean / se), df))
    half = float(student.ppf(0.5 + confidence / 2, df)) * se
    return PairedTest(mean, sd, float(statistic), df, p_value, mean - half, mean + half, confidence, method)
