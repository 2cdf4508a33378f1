"""Nested, grouped cross validation of both branches and their soft vote on the same folds (Huynh 2016, section 2.6)."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone

from cadx.branches import ENSEMBLE
from cadx.classify import (
    Columns,
    FrozenSvm,
    PolynomialSvm,
    SoftVote,
    Split,
    fit_vote,
    grouped_folds,
    soft_vote,
)
from cadx.classify.auc import empirical_auc
from training.fold_fits import FoldFit, fits_here, spread_fits
from training.scheduling import Runner

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class BranchEvaluation:
    """What cross validation says of one classifier.

    Attributes
    ----------
    name
        The feature block's name, or ``ensemble``.
    probabilities
        (n,) calibrated probability of the second class of every row, from the fold that held it out.
    fold_aucs
        AUC of each outer fold.
    seconds
        Wall time of search, calibration, fit and prediction over all folds; for the ensemble, of its branches.
    best_params
        The search's winner in each outer fold; empty for the ensemble.
    inner_probabilities
        For each outer fold, calibrated probabilities of its training rows, each from the inner fold that held it out:
        what a rule for combining branches may learn from without seeing the outer test fold. Empty for the ensemble.
    candidates
        For each outer fold, the set of columns that its search chose; empty for the ensemble.
    informative
        For each outer fold, whether the branch ranked its inner held-out rows better than chance; where it did not, its
        probabilities of that fold are the prevalence. Empty for the ensemble.
    models
        For each outer fold, what was fitted without its rows; empty unless asked for, and for the ensemble.
    """

    name: str
    probabilities: Vector
    fold_aucs: tuple[float, ...]
    seconds: float
    best_params: tuple[Mapping[str, float], ...] = ()
    inner_probabilities: tuple[Vector, ...] = ()
    informative: tuple[bool, ...] = ()
    models: tuple[FrozenSvm, ...] = ()
    candidates: tuple[str, ...] = ()

    @property
    def mean_auc(self) -> float:
        """Mean of the fold AUCs, the paper's figure."""
        return float(np.mean(self.fold_aucs))

    @property
    def sd_auc(self) -> float:
        """Sample standard deviation (n - 1) of the fold AUCs."""
        return float(np.std(self.fold_aucs, ddof=1))


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Cross validation of one or more branches on the same outer folds.

    Attributes
    ----------
    branches
        By the name of their feature block.
    ensemble
        The soft vote of two branches; none unless there are two.
    folds
        The outer folds.
    labels
        (n,) bool: which rows are of the second class.
    groups
        (n,) numbers of the lesions or patients that no fold splits.
    seed
        Decided the folds.
    votes
        The soft vote of each outer fold: its sigmoid is fitted to what the inner folds said of the training rows. Empty
        without an ensemble.
    """

    branches: Mapping[str, BranchEvaluation]
    ensemble: BranchEvaluation | None
    folds: tuple[Split, ...]
    labels: NDArray[np.bool_]
    groups: NDArray[np.intp]
    seed: int
    votes: tuple[SoftVote, ...] = ()

    @property
    def classifiers(self) -> tuple[BranchEvaluation, ...]:
        """The branches and, where there is one, the ensemble after them."""
        return tuple(self.branches.values()) + (() if self.ensemble is None else (self.ensemble,))

    @property
    def calibrated(self) -> Vector:
        """The ensemble's calibrated probabilities, (n,), each by the vote of the fold that held its row out."""
        if self.ensemble is None:
            raise ValueError("a vote needs two branches")
        calibrated = np.empty(len(self.labels))
        for fold, vote in zip(self.folds, self.votes, strict=True):
            calibrated[fold.test] = vote.calibrated(self.ensemble.probabilities[fold.test])
        return calibrated

    @property
    def fold_of_row(self) -> NDArray[np.intp]:
        """Number of the outer fold that tested each row."""
        fold_of_row = np.empty(len(self.labels), dtype=np.intp)
        for k, fold in enumerate(self.folds):
            fold_of_row[fold.test] = k
        return fold_of_row


def nested_cross_validation(
    blocks: Mapping[str, NDArray[np.floating]],
    y: ArrayLike,
    groups: ArrayLike | None,
    estimator: PolynomialSvm,
    *,
    n_folds: int = 5,
    seed: int = 0,
    folds: Sequence[Split] | None = None,
    keep_models: bool = False,
    candidates: Mapping[str, Mapping[str, Columns] | None] | None = None,
    weighted: bool = False,
    progress: Callable[[int, int], None] | None = None,
    runner: Runner | None = None,
    scratch: Path | None = None,
) -> Evaluation:
    """Evaluate a classifier on each feature block, and the soft vote of two, on the same outer folds.

    Everything that learns (dropped columns, scaling, search, calibration) learns inside the outer training rows, on
    grouped inner folds.

    Parameters
    ----------
    blocks
        Feature matrices by name, (n, columns) each, rows in the same order.
    y
        (n,) labels of two classes; the second in sorted order is the positive one.
    groups
        (n,) lesion or patient of each row; none: every row stands alone.
    estimator
        Cloned for every fold and block.
    n_folds, seed
        Of the outer folds.
    folds
        The outer folds themselves, dealt beforehand (to compare two versions on the same rows); none: dealt here.
    keep_models
        Keep what each outer fold fitted.
    candidates
        By block, sets of its columns of which the search chooses one in each outer fold; none: all columns.
    weighted
        Choose the branches' weights in the vote in each outer fold, by what its inner folds say.
    progress
        Told (fits done, fits in all) after every fit.
    runner
        Does the outer folds elsewhere, several at a time; none: here, one after the other.
    scratch
        Where a runner's workers find the features: a folder that all see.

    Raises
    ------
    ClassifierError
        From `grouped_folds` and `PolynomialSvm.fit`.
    """
    labels = np.asarray(y) == np.unique(np.asarray(y))[-1]
    numbers = np.arange(len(labels)) if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
    outer = tuple(grouped_folds(np.asarray(y), numbers, n_folds, seed) if folds is None else folds)
    branches: dict[str, BranchEvaluation] = {}
    for b, (name, X) in enumerate(blocks.items()):
        told = None if progress is None else _offset(progress, b * len(outer), len(blocks) * len(outer))
        choosing = clone(estimator).set_params(candidates=(candidates or {}).get(name))
        if runner is None or scratch is None:
            fits = fits_here(choosing, X, labels, numbers, outer, keep_models=keep_models)
        else:
            fits = spread_fits(choosing, X, labels, numbers, outer, runner, scratch, keep_models=keep_models)
        branches[name] = _evaluate(name, labels, outer, fits, told)
    alone = Evaluation(branches, None, outer, labels, numbers, seed)
    return alone if len(branches) != 2 else with_vote(alone, estimator, weighted=weighted)


def with_vote(evaluation: Evaluation, estimator: PolynomialSvm, *, weighted: bool = False) -> Evaluation:
    """Give an evaluation of two branches their soft vote.

    Parameters
    ----------
    estimator
        What the branches were evaluated with: decides the inner folds.
    weighted
        As in `nested_cross_validation`.
    """
    branches, labels, outer = evaluation.branches, evaluation.labels, evaluation.folds
    votes = _votes(branches, labels, evaluation.groups, outer, estimator, weighted=weighted)
    return replace(evaluation, ensemble=_vote(branches, labels, outer, votes), votes=votes)


def _evaluate(
    name: str,
    labels: NDArray[np.bool_],
    folds: tuple[Split, ...],
    fits: Iterator[FoldFit],
    told: Callable[[int], None] | None,
) -> BranchEvaluation:
    probabilities = np.empty(len(labels))
    done: list[FoldFit] = []
    start = time.perf_counter()
    for fold, fit in zip(folds, fits, strict=True):
        probabilities[fold.test] = fit.probabilities
        done.append(fit)
        if told is not None:
            told(len(done))
    return BranchEvaluation(
        name,
        probabilities,
        fold_aucs(labels, probabilities, folds),
        time.perf_counter() - start,
        tuple(fit.best_params for fit in done),
        tuple(fit.inner_probabilities for fit in done),
        tuple(fit.informative for fit in done),
        tuple(fit.model for fit in done if fit.model is not None),
        tuple(fit.candidate for fit in done),
    )


def _vote(
    branches: Mapping[str, BranchEvaluation],
    labels: NDArray[np.bool_],
    folds: tuple[Split, ...],
    votes: tuple[SoftVote, ...],
) -> BranchEvaluation:
    first, second = branches.values()
    voted = np.empty(len(labels))
    for fold, vote in zip(folds, votes, strict=True):
        voted[fold.test] = soft_vote(first.probabilities[fold.test], second.probabilities[fold.test], vote.weight)
    return BranchEvaluation(ENSEMBLE, voted, fold_aucs(labels, voted, folds), first.seconds + second.seconds)


def _votes(
    branches: Mapping[str, BranchEvaluation],
    labels: NDArray[np.bool_],
    groups: NDArray[np.intp],
    folds: tuple[Split, ...],
    estimator: PolynomialSvm,
    *,
    weighted: bool,
) -> tuple[SoftVote, ...]:
    """Fit the vote of each outer fold to its training rows, on the inner folds that the branches were searched on."""
    first, second = branches.values()
    votes = []
    for k, fold in enumerate(folds):
        inner = grouped_folds(labels[fold.train], groups[fold.train], estimator.inner_folds, estimator.seed)
        p1, p2 = first.inner_probabilities[k], second.inner_probabilities[k]
        votes.append(fit_vote(p1, p2, labels[fold.train], [split.test for split in inner], weighted=weighted))
    return tuple(votes)


def fold_aucs(labels: NDArray[np.bool_], probabilities: Vector, folds: tuple[Split, ...]) -> tuple[float, ...]:
    """Return the AUC of each fold's test rows."""
    return tuple(empirical_auc(probabilities[fold.test], labels[fold.test]) for fold in folds)


def _offset(progress: Callable[[int, int], None], before: int, total: int) -> Callable[[int], None]:
    return lambda done: progress(before + done, total)
