"""What readers made of the answers that they were shown: agreement, and changes of mind where both are told.

A reader's call is malignant from BI-RADS 4 on, benign from 1 to 3, and none at 0; without a category it is by the
reader's own probability. The answer's call is by the probability that was shown. Intervals are Wilson's, with the
verdicts on one study's lesions counted as correlated (`training.stats.proportion`); readers are taken as they are: the
intervals do not say what other readers would have done.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from cadx.exchange.verdicts import Category, ReaderAssessment, ReaderVerdict, Verdict
from training.stats.proportion import Proportion, clustered_proportion

EVERYONE = "all readers"
CALLED_FROM = 0.5
BENIGN = frozenset({Category.C1, Category.C2, Category.C3})

Asked = Callable[[ReaderVerdict], bool | None]
"""What is asked of a verdict; None where it does not say."""


@dataclass(frozen=True, slots=True)
class ReaderFigures:
    """What one reader, or all, made of answers; a share is none where no verdict says anything of it.

    Attributes
    ----------
    verdicts
        How many.
    accepted, modified, rejected
        Shares of the verdicts.
    agrees_unaided, agrees_aided
        Calls that are the answer's, before and after it was shown.
    changed_category, changed_call
        Of the verdicts that tell both assessments.
    won_over
        Of the unaided calls that were not the answer's, those that became it.
    put_off
        Of the unaided calls that were the answer's, those that are not any more.
    outlined
        Verdicts with an outline of the reader's own.
    probability_change
        Mean of the reader's probability with the aid less that without, where both are told.
    """

    reader: str
    verdicts: int
    accepted: Proportion
    modified: Proportion
    rejected: Proportion
    agrees_unaided: Proportion | None
    agrees_aided: Proportion | None
    changed_category: Proportion | None
    changed_call: Proportion | None
    won_over: Proportion | None
    put_off: Proportion | None
    outlined: int
    probability_change: float | None


def count_verdicts(verdicts: Sequence[ReaderVerdict]) -> tuple[ReaderFigures, ...]:
    """Count the verdicts of all readers, then of each, in the order of their names; at least one verdict."""
    readers = sorted({verdict.reader for verdict in verdicts})
    apart = [(reader, [verdict for verdict in verdicts if verdict.reader == reader]) for reader in readers]
    return tuple(_figures(name, part) for name, part in [(EVERYONE, list(verdicts)), *apart])


def call_of(assessment: ReaderAssessment) -> bool | None:
    """Tell whether an assessment calls a lesion malignant; None where it does not say."""
    if assessment.category is not None and assessment.category is not Category.C0:
        return assessment.category not in BENIGN
    return None if assessment.probability is None else assessment.probability >= CALLED_FROM


def _figures(reader: str, verdicts: Sequence[ReaderVerdict]) -> ReaderFigures:
    accepted, modified, rejected = (
        _certain(verdicts, lambda each, made=made: each.verdict is made)  # type: ignore[misc]
        for made in (Verdict.ACCEPT, Verdict.MODIFY, Verdict.REJECT)
    )
    moves = [
        each.final.probability - each.unaided.probability
        for each in verdicts
        if each.final.probability is not None and each.unaided.probability is not None
    ]
    return ReaderFigures(
        reader=reader,
        verdicts=len(verdicts),
        accepted=accepted,
        modified=modified,
        rejected=rejected,
        agrees_unaided=_share(verdicts, _agrees_unaided),
        agrees_aided=_share(verdicts, _agrees_aided),
        changed_category=_share(verdicts, _changed_category),
        changed_call=_share(verdicts, _changed_call),
        won_over=_share([each for each in verdicts if _agrees_unaided(each) is False], _agrees_aided),
        put_off=_share([each for each in verdicts if _agrees_unaided(each)], _disagrees_aided),
        outlined=sum(each.contour is not None for each in verdicts),
        probability_change=float(np.mean(moves)) if moves else None,
    )


def _agrees(assessment: ReaderAssessment, verdict: ReaderVerdict) -> bool | None:
    call = call_of(assessment)
    return None if call is None else call == (verdict.probability >= CALLED_FROM)


def _agrees_unaided(verdict: ReaderVerdict) -> bool | None:
    return _agrees(verdict.unaided, verdict)


def _agrees_aided(verdict: ReaderVerdict) -> bool | None:
    return _agrees(verdict.final, verdict)


def _disagrees_aided(verdict: ReaderVerdict) -> bool | None:
    agrees = _agrees_aided(verdict)
    return None if agrees is None else not agrees


def _changed_category(verdict: ReaderVerdict) -> bool | None:
    before, after = verdict.unaided.category, verdict.final.category
    return None if before is None or after is None else before is not after


def _changed_call(verdict: ReaderVerdict) -> bool | None:
    before, after = call_of(verdict.unaided), call_of(verdict.final)
    return None if before is None or after is None else before is not after


def _certain(verdicts: Sequence[ReaderVerdict], asked: Callable[[ReaderVerdict], bool]) -> Proportion:
    studies = [each.study_uid or each.prediction_id for each in verdicts]
    return clustered_proportion([asked(each) for each in verdicts], studies)


def _share(verdicts: Sequence[ReaderVerdict], asked: Asked) -> Proportion | None:
    told = [each for each in verdicts if asked(each) is not None]
    return _certain(told, lambda each: bool(asked(each))) if told else None
