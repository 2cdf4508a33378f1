"""Soft voting of the two branches (Huynh 2016)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


def soft_vote(p1: ArrayLike, p2: ArrayLike) -> NDArray[np.float64]:
    """Average the calibrated probabilities of the two branches: p3 = (p1 + p2) / 2.

    Parameters
    ----------
    p1, p2
        Probabilities of malignancy, 0 to 1, of the same ROIs in the same order; one shape for both.

    Returns
    -------
    ndarray
        float64, of the same shape, 0 to 1.
    """
    return (np.asarray(p1, dtype=np.float64) + np.asarray(p2, dtype=np.float64)) / 2


@dataclass(frozen=True, slots=True)
class SoftVote:
    """Method C as a model of its own, so that a bundle holds all three (Huynh 2016, section 2.5)."""

    def __call__(self, p1: float, p2: float) -> float:
        """Return the averaged probability of one lesion."""
        return float(soft_vote(p1, p2))
