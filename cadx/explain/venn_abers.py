"""Venn-Abers: two probabilities, one of which is right, instead of one that may not be (Vovk & Petej, UAI 2014)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class VennAbers:
    """The pair of probabilities as two step functions of a score.

    Position 2 k is between the scores k - 1 and k, position 2 k + 1 at score k.

    Attributes
    ----------
    scores
        (m,) distinct scores of the calibration rows, ascending.
    p0, p1
        (2 m + 1,) the probabilities of the second class at each position.
    """

    scores: Values
    p0: Values
    p1: Values

    def pair(self, score: float) -> tuple[float, float]:
        """Return p0 and p1 of a score: what isotonic calibration says if the case is benign, and if it is malignant."""
        position = int(np.searchsorted(self.scores, score) + np.searchsorted(self.scores, score, side="right"))
        return float(self.p0[position]), float(self.p1[position])


def fit_venn_abers(scores: Values, positive: NDArray[np.bool_]) -> VennAbers:
    """Fit the inductive Venn-Abers predictor: isotonic regression with the new case added once with either label.

    Parameters
    ----------
    scores
        (n,) scores of rows that the classifier was not fitted on.
    positive
        (n,) whether a row is of the second class.
    """
    distinct, where, counts = np.unique(scores, return_inverse=True, return_counts=True)
    means = np.bincount(where, positive) / counts
    p0, p1 = (
        np.array([_with(means, counts, position, label) for position in range(2 * len(distinct) + 1)])
        for label in (0.0, 1.0)
    )
    return VennAbers(distinct, p0, p1)


def _with(means: Values, counts: NDArray[np.intp], position: int, label: float) -> float:
    """Return the isotonic fit at a position once a row with a label is put there."""
    k, at_score = divmod(position, 2)
    if at_score:
        weights = counts.astype(np.float64)
        values = means.copy()
        values[k] = (means[k] * counts[k] + label) / (counts[k] + 1)
        weights[k] += 1
    else:
        values, weights = np.insert(means, k, label), np.insert(counts.astype(np.float64), k, 1.0)
    return float(isotonic_regression(values, weights=weights).x[k])
