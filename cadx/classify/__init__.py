"""The classifiers of both branches: polynomial-kernel SVM, its grouped search and calibration, and the soft vote.

`PolynomialSvm` fits, with scikit-learn; its `freeze` gives a `FrozenSvm`, which predicts without. So that a service can
do without scikit-learn, the fitting half is imported when it is first asked for.
"""

from typing import TYPE_CHECKING

from cadx.classify.folds import Columns, Split, grouped_folds
from cadx.classify.frozen_svm import FrozenSvm
from cadx.classify.grid import Grid, GridPoint, LinearGrid, PolynomialGrid, PolynomialKernel
from cadx.classify.vote import SoftVote, fit_vote, soft_vote

if TYPE_CHECKING:
    from cadx.classify.svm import PolynomialSvm

__all__ = [
    "Columns",
    "FrozenSvm",
    "Grid",
    "GridPoint",
    "LinearGrid",
    "PolynomialGrid",
    "PolynomialKernel",
    "PolynomialSvm",
    "SoftVote",
    "Split",
    "fit_vote",
    "grouped_folds",
    "soft_vote",
]


def __getattr__(name: str) -> object:
    if name != "PolynomialSvm":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from cadx.classify.svm import PolynomialSvm

    return PolynomialSvm
