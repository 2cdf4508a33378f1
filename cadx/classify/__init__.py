"""The classifiers of both branches: polynomial-kernel SVM, its grouped search and calibration, and the soft vote."""

from cadx.classify.folds import Split, grouped_folds
from cadx.classify.grid import GridPoint, PolynomialGrid
from cadx.classify.svm import PolynomialSvm
from cadx.classify.vote import SoftVote, fit_vote, soft_vote

__all__ = [
    "GridPoint",
    "PolynomialGrid",
    "PolynomialSvm",
    "SoftVote",
    "Split",
    "fit_vote",
    "grouped_folds",
    "soft_vote",
]
