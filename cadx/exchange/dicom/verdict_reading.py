"""A reader's verdict, read back from its report: for a study of readers with and without the aid."""

from collections.abc import Mapping
from typing import TypeVar

import numpy as np
from pydicom.dataset import Dataset

from cadx.errors import VerdictUnreadable
from cadx.exchange.annotations.graphics import descendants
from cadx.exchange.codes import (
    ASSESSMENT,
    ASSESSMENT_UNAIDED,
    CATEGORIES,
    MARK,
    PREDICTION,
    PROBABILITY_OF_CANCER,
    READER_PROBABILITY_UNAIDED,
    SHOWN_PROBABILITY,
    VERDICT,
    VERDICTS,
    Code,
)
from cadx.exchange.dicom.composite import MODEL_NAME
from cadx.exchange.dicom.content import ALGORITHM_NAME, ALGORITHM_PARAMETERS, ALGORITHM_VERSION, TRACKING_UID
from cadx.exchange.dicom.verdict_report import BUNDLE
from cadx.exchange.verdicts import ReaderAssessment, ReaderVerdict
from cadx.records import LesionCenter, Points

Meaning = TypeVar("Meaning")


def holds_verdict(dataset: Dataset) -> bool:
    """Whether a data set is a report of `verdict_report`: others of a study are passed over by it."""
    return any(_is(item, VERDICT) for item in descendants(dataset))


def read_verdict(dataset: Dataset) -> ReaderVerdict:
    """Read a verdict back.

    Parameters
    ----------
    dataset
        A report of `verdict_report`, from an archive or a file, with file meta information or without.

    Raises
    ------
    VerdictUnreadable
        When it is no such report, or a part of it is missing or broken.
    AnnotationUnreadable
        When its tree is nested too deeply.
    """
    items = list(descendants(dataset))
    try:
        return _verdict(dataset, items)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        raise VerdictUnreadable("a part of it is missing or broken") from None


def _verdict(dataset: Dataset, items: list[Dataset]) -> ReaderVerdict:
    verdict = _coded(items, VERDICT, VERDICTS)
    if verdict is None:
        raise VerdictUnreadable("it says nothing of what a reader made of a result")
    mark = _one(items, MARK)
    x, y = (float(value) for value in mark.GraphicData)
    shown = mark.ContentSequence[0].ReferencedSOPSequence[0]
    frame = shown.get("ReferencedFrameNumber")
    return ReaderVerdict(
        prediction_id=str(_one(items, PREDICTION).TextValue),
        model_name=str(_one(items, ALGORITHM_NAME).TextValue).removeprefix(f"{MODEL_NAME}: "),
        model_version=str(_one(items, ALGORITHM_VERSION).TextValue),
        model_digest=str(_one(items, ALGORITHM_PARAMETERS).TextValue).removeprefix(BUNDLE),
        probability=_number(_one(items, SHOWN_PROBABILITY)),
        verdict=verdict,
        reader=str(next(item for item in items if item.get("ValueType") == "PNAME").PersonName).rstrip("^"),
        center=LesionCenter(x, y),
        final=_assessment(items, ASSESSMENT, PROBABILITY_OF_CANCER),
        unaided=_assessment(items, ASSESSMENT_UNAIDED, READER_PROBABILITY_UNAIDED),
        contour=_contour(items),
        study_uid=str(dataset.StudyInstanceUID),
        sop_instance_uid=str(shown.ReferencedSOPInstanceUID),
        frame=None if frame is None else int(frame),
        tracking_uid=str(_one(items, TRACKING_UID).UID),
    )


def _is(item: Dataset, name: Code) -> bool:
    names = item.get("ConceptNameCodeSequence") or (Dataset(),)
    return (names[0].get("CodeValue"), names[0].get("CodingSchemeDesignator")) == (name.value, name.scheme)


def _one(items: list[Dataset], name: Code) -> Dataset:
    (found,) = (item for item in items if _is(item, name))
    return found


def _number(item: Dataset) -> float:
    """A percentage as a share: to the bit where the floating point value is there."""
    measured = item.MeasuredValueSequence[0]
    exact = measured.get("FloatingPointValue")
    return float(measured.NumericValue if exact is None else exact) / 100


def _coded(items: list[Dataset], name: Code, values: Mapping[Meaning, Code]) -> Meaning | None:
    found = [item.ConceptCodeSequence[0] for item in items if _is(item, name)]
    if not found:
        return None
    (value,) = found
    meant = {(code.value, code.scheme): meaning for meaning, code in values.items()}
    return meant[str(value.CodeValue), str(value.CodingSchemeDesignator)]


def _assessment(items: list[Dataset], category: Code, probability: Code) -> ReaderAssessment:
    numbers = [_number(item) for item in items if _is(item, probability)]
    return ReaderAssessment(_coded(items, category, CATEGORIES), numbers[0] if numbers else None)


def _contour(items: list[Dataset]) -> Points | None:
    """The outline; None where the region is the mark."""
    lines = [item for item in items if item.get("GraphicType") == "POLYLINE"]
    if not lines:
        return None
    (line,) = lines
    closed: Points = np.asarray(line.GraphicData, dtype=np.float64).reshape(-1, 2)
    return closed[:-1]
