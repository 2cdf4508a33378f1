"""What folds must not split, and rows that mark one place twice."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cadx.records import LesionCenter
from training.cohort.cases import Case, Label
from training.cohort.grouping import Joined, Numbers, Picture, check_rows, group_cases
from training.errors import RowsContradict, RowsRepeated
from training.study.negative_control import shuffle_labels


def case(lesion: str, patient: str | None = None, *, x: float = 10, label: Label = Label.BENIGN, line: int = 2) -> Case:
    return Case(Path(f"{lesion}-{line}.png"), LesionCenter(x, 10), label, lesion, patient, line=line)


def pictures(contents: str, spacing_mm: float = 0.1) -> tuple[Picture, ...]:
    return tuple(Picture(content, spacing_mm, spacing_mm) for content in contents)


def parts(numbers: Numbers) -> list[list[int]]:
    return [np.flatnonzero(numbers == number).tolist() for number in np.unique(numbers)]


def test_patient_lesion_and_picture_join_also_by_way_of_others() -> None:
    cases = [case("L1", "P1"), case("L2", "P1"), case("L3", "P2"), case("L4"), case("L4"), case("L5"), case("L6", "P3")]
    assert parts(group_cases(cases).numbers) == [[3, 4], [5], [0, 1], [2], [6]]
    grouping = group_cases(cases, pictures("abbcdde"))
    assert parts(grouping.numbers) == [[3, 4, 5], [0, 1, 2], [6]]
    assert grouping.joined == (
        Joined(("L4", "L5"), ("L4-2.png", "L5-2.png"), 0),
        Joined(("L2", "L3"), ("L2-2.png", "L3-2.png"), 2),
    )


def test_a_patient_and_a_lesion_of_one_name_are_not_joined() -> None:
    assert len(parts(group_cases([case("L1", "P1"), case("P1")]).numbers)) == 2


def test_pictures_of_one_patient_join_nothing_and_keep_the_numbers_of_the_names() -> None:
    cases = [case("L2", "P9"), case("L1", "P9"), case("L0", "P1")]
    grouping = group_cases(cases, pictures("aab"))
    assert grouping.joined == ()
    assert grouping.numbers.tolist() == group_cases(cases).numbers.tolist() == [1, 1, 0]


def test_contradictory_labels_on_one_place_of_one_picture_are_refused_by_row() -> None:
    cases = [case("L1", line=2), case("L2", line=3), case("L3", x=25, label=Label.MALIGNANT, line=4)]
    with pytest.raises(RowsContradict) as refused:
        check_rows(cases, pictures("aba"))
    assert refused.value.pairs == 1
    assert "line 2: L1-2.png, lesion L1 and line 4: L3-4.png, lesion L3" in str(refused.value)
    check_rows(cases, pictures("abc"))
    check_rows(cases, pictures("aba", spacing_mm=0.2))


def test_repeated_rows_are_refused_whatever_they_are_called() -> None:
    cases = [case(f"L{k}", f"P{k}", line=k + 2) for k in range(8)]
    with pytest.raises(RowsRepeated) as refused:
        check_rows(cases, pictures("aabbcccc"))
    assert refused.value.pairs == 8
    assert "line 2: L0-2.png, lesion L0 and line 3" in str(refused.value)
    assert "and 3 more pairs" in str(refused.value)
    elsewhere = [replace(case, center=LesionCenter(10 + 30 * k, 10)) for k, case in enumerate(cases)]
    check_rows(elsewhere, pictures("aabbcccc"))


def test_a_negative_control_deals_one_truth_to_lesions_that_share_a_picture() -> None:
    cases = [case(f"L{k:02d}", label=Label(k // 2 % 2)) for k in range(40)]
    shown = [Picture(str(k // 2), 0.1, 0.1) for k in range(40)]
    changed = 0
    for seed in range(5):
        labels = np.array([shuffled.label for shuffled in shuffle_labels(cases, shown, seed)])
        assert np.array_equal(labels[::2], labels[1::2])
        assert labels.sum() == 20
        changed += int((labels != [case.label for case in cases]).sum())
    assert changed > 0
