"""One probability a lesion: the mean over its views."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from training.errors import LesionOfBothClasses
from training.stats.roc.auc import Labels, Vector


@dataclass(frozen=True, slots=True)
class LesionScores:
    """Lesions in sorted order of their identifiers.

    Attributes
    ----------
    lesions
        Identifiers.
    labels
        True where positive.
    probabilities
        Mean over the lesion's rows.
    rows
        Number of rows of each lesion.
    """

    lesions: NDArray[np.generic]
    labels: Labels
    probabilities: Vector
    rows: NDArray[np.intp]


def per_lesion(labels: ArrayLike, probabilities: ArrayLike, lesions: ArrayLike) -> LesionScores:
    """Average the probabilities of each lesion's rows.

    Parameters
    ----------
    labels
        (n,) true where positive.
    probabilities
        (n,).
    lesions
        (n,) lesion of each row.

    Raises
    ------
    LesionOfBothClasses
    """
    names, number = np.unique(np.asarray(lesions), return_inverse=True)
    rows = np.bincount(number)
    positive = np.bincount(number, weights=np.asarray(labels).astype(np.float64))
    mixed = int(np.count_nonzero((positive > 0) & (positive < rows)))
    if mixed:
        raise LesionOfBothClasses(lesions=mixed)
    means = np.bincount(number, weights=np.asarray(probabilities, dtype=np.float64)) / rows
    return LesionScores(names, positive > 0, means, rows)
