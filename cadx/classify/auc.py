"""The empirical AUC: the one implementation that search, evaluation and statistics share."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

Matrix = NDArray[np.float64]


def empirical_aucs(scores: Matrix, positive: NDArray[np.bool_]) -> Matrix:
    """Return the AUC of each row of scores: the chance that a positive scores above a negative, ties one half.

    The Mann-Whitney statistic by ranks (Hanley and McNeil, Radiology 143:29, 1982).

    Parameters
    ----------
    scores
        (k, n) finite; higher = more likely positive.
    positive
        (n,) true where positive; both classes are there.

    Returns
    -------
    ndarray
        (k,) float64, 0 to 1.
    """
    n_positive = int(positive.sum())
    n_negative = len(positive) - n_positive
    ranks = rankdata(scores, axis=1)[:, positive].sum(axis=1)
    return np.asarray((ranks - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative))


def empirical_auc(scores: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """Return the AUC of one set of scores, (n,); see `empirical_aucs`."""
    return float(empirical_aucs(scores[None, :], positive)[0])
