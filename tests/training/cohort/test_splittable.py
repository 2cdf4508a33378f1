"""The fewest cases that nested folds can be dealt from, and how it is told."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from cadx.errors import OneClassOnly
from cadx.records import LesionCenter
from training.cohort.cases import Case, Label
from training.cohort.grouping import Picture
from training.cohort.splittable import check_splittable, fewest_groups
from training.errors import TooFewCases


def cohort(benign: int, malignant: int, views: Sequence[int] = (1,), patients: bool = False) -> list[Case]:
    """Lesions of one view each, or of as many as the views name, one after another."""
    labels = [Label.BENIGN] * benign + [Label.MALIGNANT] * malignant
    return [
        Case(Path(f"{lesion}-{view}.png"), LesionCenter(1, 1), label, f"L{lesion}", f"P{lesion}" if patients else None)
        for lesion, label in enumerate(labels)
        for view in range(views[lesion % len(views)])
    ]


@pytest.mark.parametrize(("folds", "fewest"), [(2, 4), (3, 5), (4, 6), (5, 7), (10, 12)])
def test_the_fewest_are_enough_and_one_less_is_too_few(folds: int, fewest: int) -> None:
    assert fewest_groups(folds) == fewest
    for seed in range(20):
        check_splittable(cohort(fewest, fewest), folds, seed)
        for benign, malignant in ((fewest - 1, fewest), (fewest, fewest - 1)):
            with pytest.raises(TooFewCases):
                check_splittable(cohort(benign, malignant), folds, seed)


def test_the_message_names_the_real_minimum_in_lesions_and_patients() -> None:
    with pytest.raises(TooFewCases) as caught:
        check_splittable(cohort(6, 9, patients=True), 5, 0)
    assert caught.value.detail == (
        "5 folds need at least 7 benign and 7 malignant lesions, each in a patient of its own where patients are "
        "named, because the training part of every fold is parted into 5 again; there are 6 benign in 6 patients and 9 "
        "malignant in 9 patients, which allow --folds 4."
    )


def test_lesions_of_one_patient_count_once() -> None:
    cases = cohort(8, 8, patients=True)
    together = [Case(case.image, case.center, case.label, case.lesion_id, "P0") for case in cases[:4]]
    with pytest.raises(TooFewCases, match="there are 8 benign in 5 patients and 8 malignant in 8 patients"):
        check_splittable(together + cases[4:], 5, 0)


def test_what_allows_no_folds_at_all_is_told() -> None:
    with pytest.raises(TooFewCases, match="no cross validation at all"):
        check_splittable(cohort(3, 9), 5, 0)


def test_the_folds_that_are_offered_can_be_dealt() -> None:
    for benign, seed in ((5, 0), (6, 3), (9, 1)):
        cases = cohort(benign, 30, views=(1, 4, 2, 3))
        with pytest.raises(TooFewCases) as caught:
            check_splittable(cases, 10, seed)
        check_splittable(cases, int(caught.value.possible.removeprefix("--folds ")), seed)


def test_pictures_that_join_lesions_count() -> None:
    cases = cohort(7, 7)
    pictures = [Picture("same" if row < 2 else str(row), 0.1, 0.1) for row in range(len(cases))]
    check_splittable(cases, 5, 0)
    with pytest.raises(TooFewCases, match="7 benign in 6 groups"):
        check_splittable(cases, 5, 0, pictures)


def test_one_class_alone_is_named() -> None:
    with pytest.raises(OneClassOnly, match="benign"):
        check_splittable(cohort(9, 0), 5, 0)
