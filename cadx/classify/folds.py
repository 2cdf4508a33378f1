"""Folds that keep a lesion (or a patient) whole."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cadx.errors import OneClassOnly, TooFewGroups

Rows = NDArray[np.intp]


class Split(NamedTuple):
    """Row numbers of one fold, ascending."""

    train: Rows
    test: Rows


def grouped_folds(y: ArrayLike, groups: ArrayLike | None, n_folds: int, seed: int) -> list[Split]:
    """Deal groups to folds so that each fold has near its share of either class, and no group is split.

    Groups are shuffled by the seed; those that hold both classes (a patient with a benign and a malignant lesion) are
    dealt first, then those of one class, the larger ones first, each to the fold that is furthest below its share of
    the group's classes. Every test fold and every training set therefore holds both classes whenever each class has
    `n_folds` groups of its own.

    Parameters
    ----------
    y
        (n,) labels of two classes, one a ROI.
    groups
        (n,) identifiers of what must not be split; none: every row is a group.
    n_folds
        Number of folds, at least 2.
    seed
        Decides the shuffle; the same seed gives the same folds.

    Returns
    -------
    list of Split
        `n_folds` pairs (train, test) of row numbers; every row is in one test fold.

    Raises
    ------
    OneClassOnly
        When y holds a single class.
    TooFewGroups
        When some fold would lack a class.
    """
    classes, label = np.unique(np.asarray(y), return_inverse=True)
    if len(classes) < 2:
        raise OneClassOnly(label=str(classes[0]), rows=len(label))
    n = len(label)
    names, group = np.unique(np.arange(n) if groups is None else np.asarray(groups), return_inverse=True)
    counts = np.zeros((len(names), len(classes)), dtype=np.int64)
    np.add.at(counts, (group, label), 1)
    fold_of_group = _deal(counts, n_folds, seed)
    fold = fold_of_group[group]
    splits = [Split(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(n_folds)]
    if n_folds < 2 or any(len(np.unique(label[split.test])) < len(classes) for split in splits):
        having = (counts > 0).sum(axis=0)
        described = ", ".join(f"{k} of class {name}" for k, name in zip(having, classes, strict=True))
        raise TooFewGroups(folds=n_folds, groups=len(names), groups_by_class=described)
    return splits


def _deal(counts: NDArray[np.int64], n_folds: int, seed: int) -> Rows:
    """Return the fold of every group from its numbers of rows by class, (groups, classes)."""
    shuffled = np.random.default_rng(seed).permutation(len(counts))
    mixed = (counts[shuffled] > 0).sum(axis=1) > 1
    order = shuffled[np.lexsort((-counts[shuffled].sum(axis=1), ~mixed))]
    held = np.zeros((max(n_folds, 1), counts.shape[1]), dtype=np.int64)
    fold_of_group = np.zeros(len(counts), dtype=np.intp)
    share = counts / counts.sum(axis=0)
    for g in order:
        # The fold that holds least of this group's classes, each class weighed by its own total; then the smallest.
        load = (held / counts.sum(axis=0)) @ share[g]
        fold = np.lexsort((held.sum(axis=1), load))[0]
        fold_of_group[g] = fold
        held[fold] += counts[g]
    return fold_of_group
