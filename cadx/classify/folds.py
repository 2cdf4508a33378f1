"""Folds that keep a lesion (or a patient) whole."""

import functools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cadx.errors import OneClassOnly, TooFewGroups

Rows = NDArray[np.intp]
Columns = Sequence[int]
"""Numbers of columns, ascending."""


class Split(NamedTuple):
    """Row numbers of one fold, ascending."""

    train: Rows
    test: Rows


def grouped_folds(y: ArrayLike, groups: ArrayLike | None, n_folds: int, seed: int) -> list[Split]:
    """Deal groups to folds so that each fold has near its share of either class, and no group is split.

    The deal is scikit-learn's ``StratifiedGroupKFold``; a group may hold both classes (a patient with a benign and a
    malignant lesion).

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
    group = np.arange(len(label)) if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
    counted = [len(np.unique(group[label == k])) for k in range(len(classes))]
    splits = _deal(label.tobytes(), group.tobytes(), n_folds, seed) if 2 <= n_folds <= min(counted) else ()
    if not splits or any(len(np.unique(label[split.test])) < len(classes) for split in splits):
        described = ", ".join(f"{count} of class {name}" for count, name in zip(counted, classes, strict=True))
        raise TooFewGroups(folds=n_folds, groups=len(np.unique(group)), groups_by_class=described)
    return [Split(train.copy(), test.copy()) for train, test in splits]


@functools.lru_cache(maxsize=64)
def _deal(label: bytes, group: bytes, n_folds: int, seed: int) -> tuple[Split, ...]:
    """Deal once: a study asks for the same folds again and again, and 700 patients take half a second."""
    from sklearn.model_selection import StratifiedGroupKFold  # fitting alone needs scikit-learn, and no service fits

    labels, groups = np.frombuffer(label, dtype=np.intp), np.frombuffer(group, dtype=np.intp)
    dealer = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    return tuple(Split(train, test) for train, test in dealer.split(labels, labels, groups))
