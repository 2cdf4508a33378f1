"""Sensitivity and specificity at chosen operating points.

A row is called positive when its probability is at least the threshold. A threshold that was chosen on these same rows
makes the figure it was chosen for optimistic; the intervals do not hold the choice.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from training.stats.proportion import Proportion, clustered_proportion
from training.stats.roc.auc import checked


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """What a threshold gives.

    Attributes
    ----------
    threshold
        Rows at or above it are called positive.
    rule
        How it was chosen, for people.
    """

    threshold: float
    rule: str
    sensitivity: Proportion
    specificity: Proportion


def operating_point(
    labels: ArrayLike,
    probabilities: ArrayLike,
    groups: ArrayLike,
    threshold: float,
    *,
    rule: str = "set beforehand",
    confidence: float = 0.95,
) -> OperatingPoint:
    """Return sensitivity and specificity at a threshold, with intervals for rows clustered in groups."""
    positive, p = checked(labels, probabilities)
    cluster = np.asarray(groups)
    called = p >= threshold
    return OperatingPoint(
        threshold=threshold,
        rule=rule,
        sensitivity=clustered_proportion(called[positive], cluster[positive], confidence=confidence),
        specificity=clustered_proportion(~called[~positive], cluster[~positive], confidence=confidence),
    )


def at_sensitivity(
    labels: ArrayLike, probabilities: ArrayLike, groups: ArrayLike, target: float, *, confidence: float = 0.95
) -> OperatingPoint:
    """Return the highest threshold whose sensitivity is at least the target (0 to 1)."""
    positive, p = checked(labels, probabilities)
    descending = np.sort(p[positive])[::-1]
    needed = max(int(np.ceil(target * len(descending) - 1e-9)), 1)
    rule = f"sensitivity at least {target:g}, chosen on these cases"
    threshold = float(descending[needed - 1])
    return operating_point(positive, p, groups, threshold, rule=rule, confidence=confidence)


def at_specificity(
    labels: ArrayLike, probabilities: ArrayLike, groups: ArrayLike, target: float, *, confidence: float = 0.95
) -> OperatingPoint:
    """Return the lowest threshold whose specificity is at least the target (0 to 1)."""
    positive, p = checked(labels, probabilities)
    ascending = np.sort(p[~positive])
    needed = int(np.ceil(target * len(ascending) - 1e-9))
    threshold = float(np.nextafter(ascending[needed - 1], np.inf)) if needed > 0 else 0.0
    rule = f"specificity at least {target:g}, chosen on these cases"
    return operating_point(positive, p, groups, threshold, rule=rule, confidence=confidence)
