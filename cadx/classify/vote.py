"""Soft voting of the two branches (Huynh 2016), and what an average has to say to mean what it says."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from cadx.classify.auc import empirical_aucs
from cadx.classify.folds import Rows
from cadx.classify.platt import calibrate

EQUAL = 0.5
WEIGHTS = np.linspace(0, 1, 21)
"""Of the first branch, to choose from."""
_TIE = 1e-9


def soft_vote(p1: ArrayLike, p2: ArrayLike, weight: float = EQUAL) -> NDArray[np.float64]:
    """Average the calibrated probabilities of the two branches: p3 = weight p1 + (1 - weight) p2.

    Parameters
    ----------
    p1, p2
        Probabilities of malignancy, 0 to 1, of the same ROIs in the same order; one shape for both.
    weight
        Of the first, 0 to 1; the paper's is one half.

    Returns
    -------
    ndarray
        float64, of the same shape, 0 to 1.
    """
    return weight * np.asarray(p1, dtype=np.float64) + (1 - weight) * np.asarray(p2, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class SoftVote:
    """Method C as a model of its own, so that a bundle holds all three (Huynh 2016, section 2.5).

    The paper's answer is the average. An average of two calibrated probabilities is nearer to one half than the share
    of malignant lesions behind it; a sigmoid, 1 / (1 + exp(-(slope * average + intercept))), puts that right
    (docs/decisions/calibrated-vote.md). The three numbers are the whole state.

    Attributes
    ----------
    slope
        Log-odds for each unit of the average; never negative. 0 says that the average has not ranked held-out rows
        better than chance, and that the calibrated probability is their prevalence. By default, with nothing fitted, 4:
        with an intercept of -2 the calibrated probability touches the average at one half.
    intercept
        Log-odds at an average of 0.
    weight
        Of the first branch in the average; the paper's is one half.
    """

    slope: float = 4.0
    intercept: float = -2.0
    weight: float = EQUAL

    @property
    def informative(self) -> bool:
        """Whether the calibrated probability says more than the prevalence."""
        return self.slope > 0

    def __call__(self, p1: float, p2: float) -> float:
        """Return the averaged probability of one lesion."""
        return float(soft_vote(p1, p2, self.weight))

    def calibrated(self, average: ArrayLike) -> NDArray[np.float64]:
        """Return the calibrated probability of averages, 0 to 1, of the same shape."""
        return np.asarray(expit(self.slope * np.asarray(average, dtype=np.float64) + self.intercept))


def fit_vote(
    p1: ArrayLike, p2: ArrayLike, positive: NDArray[np.bool_], held_out: Sequence[Rows], *, weighted: bool = False
) -> SoftVote:
    """Fit the sigmoid of the vote, by the rule that holds for the branches (`cadx.classify.platt.calibrate`).

    Parameters
    ----------
    p1, p2
        (n,) probabilities of rows that neither branch was trained on.
    positive
        (n,) whether a row is of the second class.
    held_out
        Row numbers that each fold held out.
    weighted
        Choose the weight of the first branch by the mean AUC within folds, of equal ones the nearest to one half;
        otherwise both weigh the same, as in the paper.
    """
    weight = _best_weight(p1, p2, positive, held_out) if weighted else EQUAL
    found = calibrate(soft_vote(p1, p2, weight), positive, held_out)
    return SoftVote(found.slope, found.intercept, weight)


def _best_weight(p1: ArrayLike, p2: ArrayLike, positive: NDArray[np.bool_], held_out: Sequence[Rows]) -> float:
    votes = np.stack([soft_vote(p1, p2, weight) for weight in WEIGHTS])
    aucs = np.mean([empirical_aucs(votes[:, rows], positive[rows]) for rows in held_out], axis=0)
    best = WEIGHTS[aucs >= aucs.max() - _TIE]
    return float(best[np.argmin(np.abs(best - EQUAL))])
