"""What readers made of answers, counted on verdicts that are known."""

from dataclasses import replace

import numpy as np
import pytest

from cadx.exchange import Category, ReaderAssessment, ReaderVerdict, Verdict
from cadx.records import LesionCenter
from training.analysis.verdicts import EVERYONE, call_of, count_verdicts
from training.stats.proportion import wilson_interval

NOTHING = ReaderAssessment()


def verdict(
    number: int,
    probability: float,
    unaided: ReaderAssessment = NOTHING,
    final: ReaderAssessment = NOTHING,
    made: Verdict = Verdict.ACCEPT,
    reader: str = "Ann",
) -> ReaderVerdict:
    base = ReaderVerdict(f"p-{number}", "m", "1", "d", probability, made, reader, LesionCenter(1, 1), final, unaided)
    return replace(base, study_uid=f"1.2.{number}")


def category(value: Category, probability: float | None = None) -> ReaderAssessment:
    return ReaderAssessment(value, probability)


@pytest.mark.parametrize(
    ("assessment", "call"),
    [
        (NOTHING, None),
        (category(Category.C0), None),
        (category(Category.C0, 0.7), True),
        (category(Category.C1), False),
        (category(Category.C3, 0.9), False),
        (category(Category.C4), True),
        (category(Category.C4A, 0.1), True),
        (category(Category.C6), True),
        (ReaderAssessment(None, 0.5), True),
        (ReaderAssessment(None, 0.49), False),
    ],
)
def test_a_call_is_by_category_else_by_probability(assessment: ReaderAssessment, call: bool | None) -> None:
    assert call_of(assessment) is call


def test_changes_of_mind_are_counted_where_both_are_told() -> None:
    verdicts = [
        verdict(1, 0.9, category(Category.C3, 0.2), category(Category.C4B, 0.6)),  # won over
        verdict(2, 0.9, category(Category.C3), category(Category.C2)),  # other category, same call, not the answer's
        verdict(3, 0.1, category(Category.C2), category(Category.C2)),  # the answer's, stays
        verdict(4, 0.1, category(Category.C2, 0.3), category(Category.C4, 0.5), Verdict.REJECT),  # put off
        verdict(5, 0.9, NOTHING, category(Category.C5), Verdict.MODIFY),  # not asked before
        verdict(6, 0.9),  # nothing told
    ]
    everyone, ann = count_verdicts([*verdicts[:5], replace(verdicts[5], contour=np.ones((3, 2)))])
    assert everyone == replace(ann, reader=EVERYONE)
    assert (ann.reader, ann.verdicts, ann.outlined) == ("Ann", 6, 1)

    def counted(name: str) -> tuple[int, int]:
        found = getattr(ann, name)
        return found.successes, found.rows

    assert [counted(name) for name in ("accepted", "modified", "rejected")] == [(4, 6), (1, 6), (1, 6)]
    assert counted("agrees_unaided") == (2, 4)
    assert counted("agrees_aided") == (3, 5)
    assert counted("changed_category") == (3, 4)
    assert counted("changed_call") == (2, 4)
    assert counted("won_over") == (1, 2)
    assert counted("put_off") == (1, 2)
    assert ann.probability_change == pytest.approx((0.4 + 0.2) / 2)
    assert (ann.accepted.low, ann.accepted.high) == pytest.approx(wilson_interval(4 / 6, 6, 0.95))


def test_readers_are_told_apart_and_lesions_of_one_study_together() -> None:
    same = [replace(verdict(k, 0.9, made=Verdict.REJECT, reader="Bob"), study_uid="1.2.9") for k in range(6)]
    other = [verdict(k, 0.9, reader="Ann") for k in range(6)]
    everyone, ann, bob = count_verdicts([*same, *other])
    assert [each.reader for each in (everyone, ann, bob)] == [EVERYONE, "Ann", "Bob"]
    assert (ann.accepted.value, bob.accepted.value, everyone.accepted.value) == (1, 0, 0.5)
    assert (bob.rejected.clusters, everyone.rejected.clusters) == (1, 7)
    assert bob.rejected.low == pytest.approx(wilson_interval(1.0, 1, 0.95)[0]), "six lesions, one study"


def test_what_no_verdict_tells_has_no_share() -> None:
    (everyone, _) = count_verdicts([verdict(1, 0.9)])
    names = ("agrees_unaided", "agrees_aided", "changed_category", "changed_call", "won_over", "put_off")
    assert [getattr(everyone, name) for name in (*names, "probability_change")] == [None] * 7
