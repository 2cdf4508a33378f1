"""Whether a cohort can be dealt to nested folds, and what it would take."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cadx.classify import grouped_folds
from cadx.errors import TooFewGroups
from training.cohort.cases import Case, Label
from training.cohort.grouping import Picture, group_cases
from training.errors import TooFewCases

Numbers = NDArray[np.intp]
Names = NDArray[np.str_]


def check_splittable(cases: Sequence[Case], folds: int, seed: int, pictures: Sequence[Picture] = ()) -> None:
    """Refuse a cohort that outer or inner folds cannot split, before minutes are spent on its images.

    Parameters
    ----------
    folds, seed
        Of the outer folds, and of the folds inside each training part.
    pictures
        What the cases' images show; none: not read yet.

    Raises
    ------
    OneClassOnly
        When all cases are benign or all malignant.
    TooFewCases
        When some fold would lack a class.
    """
    labels = np.array([case.label.name.lower() for case in cases])
    groups = group_cases(cases, pictures).numbers
    try:
        _deal(labels, groups, folds, seed)
    except TooFewGroups:
        possible = next((k for k in range(folds - 1, 1, -1) if _is_possible(labels, groups, k, seed)), None)
        raise TooFewCases(
            folds=folds,
            needed=fewest_groups(folds),
            benign=_described(cases, groups, Label.BENIGN),
            malignant=_described(cases, groups, Label.MALIGNANT),
            possible="no cross validation at all" if possible is None else f"--folds {possible}",
        ) from None


def fewest_groups(folds: int) -> int:
    """Give the fewest groups of a class that nested folds can be dealt from.

    An outer fold holds up to g / n of g groups, rounded up, and what is left must hold at least n: one for each inner
    fold. For 5 folds that is 7.
    """
    groups = folds
    while groups - -(-groups // folds) < folds:
        groups += 1
    return groups


def _deal(labels: Names, groups: Numbers, folds: int, seed: int) -> None:
    for fold in grouped_folds(labels, groups, folds, seed):
        grouped_folds(labels[fold.train], groups[fold.train], folds, seed)


def _is_possible(labels: Names, groups: Numbers, folds: int, seed: int) -> bool:
    try:
        _deal(labels, groups, folds, seed)
    except TooFewGroups:
        return False
    return True


def _described(cases: Sequence[Case], groups: Numbers, label: Label) -> str:
    rows = [row for row, case in enumerate(cases) if case.label is label]
    lesions = {cases[row].lesion_id for row in rows}
    word = "patient" if all(cases[row].patient_id for row in rows) else "group"
    count = len({int(groups[row]) for row in rows})
    return f"{len(lesions)} {label.name.lower()} in {count} {word}{'' if count == 1 else 's'}"
