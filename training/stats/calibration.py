"""How well probabilities mean what they say: Brier score, calibration line and reliability curve.

Brier, Mon. Weather Rev. 78:1 (1950). Intercept and slope of the logistic regression of the label on the log-odds (Cox,
Biometrika 45:562, 1958), ideal 0 and 1; calibration in the large is the intercept with the slope held at 1. Standard
errors are the cluster-robust sandwich over lesions. See Van Calster and others, BMC Med. 17:230 (2019).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit

from training.stats.caveats import Caveat, CaveatCode
from training.stats.proportion import Proportion, clustered_proportion
from training.stats.roc.auc import Vector, checked, empirical_auc

CLIP = 1e-9


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Rows of neighboring probabilities: what was said, and what was so."""

    mean_probability: float
    observed: Proportion


@dataclass(frozen=True, slots=True)
class Calibration:
    """Calibration of probabilities.

    Attributes
    ----------
    brier
        Mean squared error of the probabilities; 0 is perfect.
    brier_of_prevalence
        What the cohort's share of positives would score as a constant forecast.
    intercept, slope
        Of the calibration line, ideal 0 and 1; none where the line is not defined (see `flags`).
    se_intercept, se_slope
        Cluster-robust.
    in_the_large
        Intercept with the slope at 1; above 0 where probabilities are too low on the whole.
    reliability
        Bins of about equal size in order of probability.
    flags
        ``calibration_line_undefined``.
    """

    brier: float
    brier_of_prevalence: float
    intercept: float | None
    slope: float | None
    se_intercept: float | None
    se_slope: float | None
    in_the_large: float
    se_in_the_large: float
    reliability: tuple[ReliabilityBin, ...]
    flags: tuple[Caveat, ...] = ()


def calibration(labels: ArrayLike, probabilities: ArrayLike, groups: ArrayLike, *, bins: int = 10) -> Calibration:
    """Describe the calibration of out-of-fold probabilities.

    Parameters
    ----------
    labels
        (n,) true where positive.
    probabilities
        (n,) 0 to 1; for the log-odds they are held 1e-9 away from 0 and 1.
    groups
        (n,) lesion or patient of each row.
    bins
        Of the reliability curve, by quantiles.

    Raises
    ------
    OneClassOnly, FeaturesNotFinite
    """
    positive, p = checked(labels, probabilities)
    cluster = np.unique(np.asarray(groups), return_inverse=True)[1]
    log_odds = logit(np.clip(p, CLIP, 1 - CLIP))
    large, se_large = _logistic(np.ones((len(p), 1)), positive, cluster, offset=log_odds)
    line: tuple[float | None, ...] = (None,) * 4
    flags: tuple[Caveat, ...] = ()
    if np.ptp(log_odds) < 1e-12 or empirical_auc(positive, log_odds) in (0.0, 1.0):
        flags = (
            Caveat(CaveatCode.CALIBRATION_LINE_UNDEFINED, "The probabilities are all equal, or separate the classes."),
        )
    else:
        weights, se = _logistic(np.column_stack([np.ones(len(p)), log_odds]), positive, cluster, np.zeros(len(p)))
        line = (float(weights[0]), float(weights[1]), float(se[0]), float(se[1]))
    prevalence = float(positive.mean())
    return Calibration(
        brier=float(np.mean((p - positive) ** 2)),
        brier_of_prevalence=prevalence * (1 - prevalence),
        intercept=line[0],
        slope=line[1],
        se_intercept=line[2],
        se_slope=line[3],
        in_the_large=float(large[0]),
        se_in_the_large=float(se_large[0]),
        reliability=reliability(positive, p, cluster, bins),
        flags=flags,
    )


def reliability(
    positive: NDArray[np.bool_], p: Vector, cluster: NDArray[np.intp], bins: int
) -> tuple[ReliabilityBin, ...]:
    """Return observed shares by quantile of probability; equal probabilities share a bin."""
    edges = np.unique(np.quantile(p, np.linspace(0, 1, bins + 1)))
    number = np.searchsorted(edges[1:-1], p)
    found = []
    for k in np.unique(number):
        rows = number == k
        found.append(ReliabilityBin(float(p[rows].mean()), clustered_proportion(positive[rows], cluster[rows])))
    return tuple(found)


def _logistic(
    design: Vector, positive: NDArray[np.bool_], cluster: NDArray[np.intp], offset: Vector
) -> tuple[Vector, Vector]:
    """Fit by Newton's method; return weights and their cluster-robust standard errors (statsmodels' correction)."""
    weights = np.zeros(design.shape[1])
    for _ in range(100):
        p = expit(offset + design @ weights)
        hessian = (design * (p * (1 - p))[:, None]).T @ design
        step = np.linalg.solve(hessian, design.T @ (positive - p))
        weights = weights + step * min(1.0, 5 / max(float(np.abs(step).max()), 1e-300))
        if np.abs(step).max() < 1e-12:
            break
    p = expit(offset + design @ weights)
    bread = np.linalg.inv((design * (p * (1 - p))[:, None]).T @ design)
    clusters, (n, k) = int(cluster.max()) + 1, design.shape
    scores = np.zeros((clusters, k))
    np.add.at(scores, cluster, design * (positive - p)[:, None])
    correction = clusters / max(clusters - 1, 1) * (n - 1) / max(n - k, 1)
    covariance = correction * bread @ scores.T @ scores @ bread
    return weights, np.sqrt(np.diag(covariance))
