"""A cohort of readers' and automatic outlines: counted, and Method B's figures apart."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from cadx.branches import LESION
from tests.training.study.conftest import MadeUp, MakeUp
from training.analysis.analysis import analyze
from training.analysis.scored import Scored
from training.analysis.subgroups import OUTLINE
from training.analysis.wording import read_outlines
from training.cohort.marks import Outline
from training.report.files import write_probabilities

SQUARE = ((1.0, 1.0), (3.0, 1.0), (3.0, 3.0))


@pytest.fixture(scope="module")
def made(make_up: MakeUp) -> MadeUp:
    return make_up(1.5, lesions=90)


@pytest.fixture(scope="module")
def mixed(made: MadeUp) -> Scored:
    """Every third lesion outlined by a reader, two measured."""
    cases = [
        replace(case, contour=SQUARE)
        if number % 3 == 0
        else replace(case, diameter_mm=9.0)
        if number in (1, 2)
        else case
        for number, case in zip(made.scored.lesions.tolist(), made.scored.cases, strict=True)
    ]
    return replace(made.scored, cases=tuple(cases))


def test_automatic_outlines_are_counted_and_make_no_parts(made: MadeUp) -> None:
    analysis = analyze(made.scored, 0, made.evaluation)
    assert analysis.cohort.outlines == {"automatic": len(made.scored.cases)}
    assert not [part for part in analysis.subgroups if part.kind == OUTLINE]
    assert read_outlines(analysis) == f"Outlines of the ROIs: automatic {len(made.scored.cases)}."


def test_kinds_are_counted_and_method_b_is_told_apart(made: MadeUp, mixed: Scored) -> None:
    analysis = analyze(mixed, 0, made.evaluation)
    drawn = mixed.lesions % 3 == 0
    steered = np.isin(mixed.lesions, (1, 2))
    assert analysis.cohort.outlines == {
        Outline.AUTOMATIC.value: int((~drawn & ~steered).sum()),
        Outline.STEERED.value: int(steered.sum()),
        Outline.READER.value: int(drawn.sum()),
    }
    parts = {part.name: part for part in analysis.subgroups if part.kind == OUTLINE}
    assert list(parts) == list(analysis.cohort.outlines)
    for kind, rows in ((Outline.READER, drawn), (Outline.AUTOMATIC, ~drawn & ~steered)):
        expected = roc_auc_score(mixed.labels[rows], mixed.probabilities[LESION][rows])
        assert parts[kind.value].aucs[LESION].auc == pytest.approx(expected)
        assert f"{kind.value} {expected:.3f} (95 % CI " in read_outlines(analysis)
    assert "steered by a reader's diameter (fewer than 5" in read_outlines(analysis)


def test_probabilities_name_the_outline_only_where_readers_gave_some(
    made: MadeUp, mixed: Scored, tmp_path: Path
) -> None:
    for scored, marked in ((made.scored, False), (mixed, True)):
        path = tmp_path / "probabilities.csv"
        write_probabilities(path, scored)
        rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
        assert ("outline" in rows[0]) is marked
        if marked:
            assert [row["outline"] for row in rows] == [case.outline.value for case in scored.cases]
