"""Cases with the probabilities of the three classifiers: all that the statistics of a study look at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.cohort.cases import Case, Label
from training.cohort.grouping import Grouping, Joined, group_cases
from training.cross_validation import Evaluation, Vector

FEWEST_IN_FOLD = 5
FEWEST_IN_TEST_SET = 10


@dataclass(frozen=True, slots=True)
class Scored:
    """Rows (one view of one lesion each) with the probability that each classifier gave them.

    Attributes
    ----------
    cases
        The n rows.
    labels
        (n,) bool: malignant.
    groups
        (n,) number of the independent unit: what shares a patient, a lesion or a picture.
    lesions
        (n,) number of the lesion.
    probabilities
        By classifier, (n,), of malignancy; none of them from a model that was fitted on the row.
    calibrated
        (n,) calibrated probability of the ensemble, whose sigmoid has not seen the row either.
    features
        (n, m) lesion features in the order of ``cadx.lesion.FEATURES``.
    folds
        (n,) fold that tested each row; none for an external test set.
    joined
        Groups that hold patients or lesions together because they have pictures in common.
    """

    cases: tuple[Case, ...]
    labels: NDArray[np.bool_]
    groups: NDArray[np.intp]
    lesions: NDArray[np.intp]
    probabilities: Mapping[str, Vector]
    calibrated: Vector
    features: Vector
    folds: NDArray[np.intp] | None
    joined: tuple[Joined, ...] = ()

    @property
    def fold_count(self) -> int:
        """Number of folds; 0 for an external test set."""
        return 0 if self.folds is None else int(self.folds.max()) + 1


def enough_to_test(scored: Scored) -> bool:
    """Tell whether the clustered variance means anything: each fold holds at least 5 groups of either class.

    With a handful of groups the variance of a fold's AUC is estimated from next to nothing, often as zero, and any
    difference looks certain. An external test set is one such fold, and needs 10.
    """
    folds = np.zeros(len(scored.labels), dtype=np.intp) if scored.folds is None else scored.folds
    needed = FEWEST_IN_TEST_SET if scored.folds is None else FEWEST_IN_FOLD
    return all(
        len(np.unique(scored.groups[(folds == fold) & (scored.labels == label)])) >= needed
        for fold in np.unique(folds)
        for label in (False, True)
    )


def scored_by_cross_validation(
    cases: Sequence[Case], features: Vector, evaluation: Evaluation, joined: tuple[Joined, ...] = ()
) -> Scored:
    """Take the out-of-fold probabilities of a nested cross validation."""
    return Scored(
        cases=tuple(cases),
        labels=evaluation.labels,
        groups=evaluation.groups,
        lesions=lesion_numbers(cases),
        probabilities={branch.name: branch.probabilities for branch in evaluation.classifiers},
        calibrated=evaluation.calibrated,
        features=features,
        folds=evaluation.fold_of_row,
        joined=joined,
    )


def scored_by_model(
    cases: Sequence[Case],
    features: Vector,
    probabilities: Mapping[str, Vector],
    calibrated: Vector,
    grouping: Grouping | None = None,
) -> Scored:
    """Take the probabilities that a frozen model gave to cases it has never seen; no grouping: by name alone."""
    grouping = grouping or group_cases(cases)
    return Scored(
        cases=tuple(cases),
        labels=np.array([case.label is Label.MALIGNANT for case in cases], dtype=np.bool_),
        groups=grouping.numbers,
        lesions=lesion_numbers(cases),
        probabilities=probabilities,
        calibrated=calibrated,
        features=features,
        folds=None,
        joined=grouping.joined,
    )


def lesion_numbers(cases: Sequence[Case]) -> NDArray[np.intp]:
    """Number lesions in sorted order of their identifiers."""
    return np.unique([case.lesion_id for case in cases], return_inverse=True)[1]
