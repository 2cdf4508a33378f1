"""What other training sets would have changed: intervals of cross-validated AUCs widened for it.

A clustered variance of out-of-fold scores speaks of the classifiers that were fitted. The folds' classifiers share
most of their training cases, so that by chance they are all better or all worse than the method is on average; in
simulations of the paper's cohort the mean of the fold AUCs then varies from study to study 1.2 (AUC 0.75) to 1.4 times
(no signal) as much as the clustered standard error says (docs/statistics.md).

Nadeau and Bengio, "Inference for the generalization error", Machine Learning 52:239 (2003), put the variance of the
mean of J folds at (1/J + n_test/n_train) of a fold's, instead of 1/J; with n_test/n_train = 1/(J - 1) that is a factor
of 1 + J/(J - 1), 2.25 for five folds. Here the clustered variance is multiplied by it: the number of lesions then sets
the degrees of freedom, where a t test on five folds has four.
"""

import math
from dataclasses import replace

import numpy as np
from scipy.stats import t as student

from training.stats.roc.auc import AucDifference, AucEstimate, auc_interval, tested_difference


def refitted_auc(estimate: AucEstimate, n_folds: int) -> AucEstimate:
    """Widen a cross-validated AUC's standard error and interval for the choice of training cases.

    Parameters
    ----------
    estimate
        Clustered AUC of out-of-fold scores.
    n_folds
        Folds of the cross validation, at least 2.
    """
    se = estimate.se * _widening(n_folds)
    low, high = auc_interval(estimate.auc, se, estimate.confidence, estimate.degrees_of_freedom)
    return replace(estimate, se=se, low=low, high=high, method=f"{estimate.method}, training varied")


def refitted_difference(difference: AucDifference, n_folds: int) -> AucDifference:
    """Widen a difference of cross-validated AUCs in the same way, and test it anew."""
    variance = (difference.se * _widening(n_folds)) ** 2
    method = f"{difference.method}, training varied"
    df = difference.degrees_of_freedom
    return tested_difference(difference.difference, variance, difference.confidence, method, df)


def p_above_chance(estimate: AucEstimate) -> float:
    """Return the one-sided p-value of an AUC against 0.5; give it a `refitted_auc` for cross-validated scores.

    Without a standard error it is 1.
    """
    if math.isinf(estimate.se):
        return 1.0
    if estimate.se <= 0:
        return float(estimate.auc <= 0.5)
    return float(student.sf((estimate.auc - 0.5) / estimate.se, estimate.degrees_of_freedom))


def _widening(n_folds: int) -> float:
    return float(np.sqrt(1 + n_folds / (n_folds - 1)))
