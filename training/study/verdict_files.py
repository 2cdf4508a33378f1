"""Readers' verdicts in files: a folder of DICOM objects in, a table and figures out."""

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cadx.errors import AnnotationUnreadable, CadxError
from cadx.exchange import ReaderAssessment, ReaderVerdict, holds_verdict, read_annotation, read_verdict
from training.analysis.verdicts import ReaderFigures, call_of
from training.errors import VerdictBroken, VerdictsMissing
from training.outputs import FolderOutput, read_json
from training.progress import ReportProgress, no_progress
from training.report.files import plain

LARGEST_BYTES = 4 * 2**20
"""Of a file that may be a verdict, which has some kilobytes: images are not opened."""
TABLE, FIGURES = "verdicts.csv", "verdicts.json"
COLUMNS = (
    "reader",
    "prediction_id",
    "model",
    "model_version",
    "verdict",
    "answer_probability",
    "unaided_category",
    "unaided_probability",
    "unaided_call",
    "final_category",
    "final_probability",
    "final_call",
    "own_outline",
)
CALLS = {None: "", False: "benign", True: "malignant"}
VERDICTS = FolderOutput(
    "a count of verdicts", (TABLE, FIGURES), lambda folder: {"format", "readers"} <= read_json(folder / FIGURES).keys()
)


@dataclass(frozen=True, slots=True)
class FoundVerdicts:
    """What a folder holds.

    Attributes
    ----------
    verdicts
        One of each reader on each prediction, the last one made.
    superseded
        Earlier verdicts of the same reader on the same prediction.
    passed_over
        Files that are something else.
    broken
        Verdicts that could not be read, with the reason; only where they are left out.
    """

    verdicts: tuple[ReaderVerdict, ...]
    superseded: int
    passed_over: int
    broken: tuple[str, ...]


def read_verdicts(
    folder: Path, *, skip_unusable: bool = False, progress: ReportProgress = no_progress
) -> FoundVerdicts:
    """Read every verdict below a folder; other files, DICOM or not, are passed over.

    Raises
    ------
    VerdictBroken
        When a verdict is not whole, and `skip_unusable` is false.
    VerdictsMissing
        When there is none.
    """
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    objects: dict[str, tuple[str, ReaderVerdict]] = {}
    passed_over, broken = 0, []
    for number, path in enumerate(paths, start=1):
        try:
            read = _read(path)
        except CadxError as error:
            if not skip_unusable:
                raise VerdictBroken(str(path), error.detail) from None
            broken.append(f"{path.name}: {error.detail}")
        else:
            if read is None:
                passed_over += 1
            else:
                uid, made_at, verdict = read
                objects[uid] = (made_at, verdict)
        progress(number, len(paths))
    last: dict[tuple[str, str], ReaderVerdict] = {}
    for _, verdict in sorted(objects.values(), key=lambda item: item[0]):
        last[verdict.reader, verdict.prediction_id] = verdict
    if not last:
        raise VerdictsMissing(str(folder), len(paths))
    ordered = tuple(last[key] for key in sorted(last))
    return FoundVerdicts(ordered, len(objects) - len(last), passed_over, tuple(broken))


def write_verdicts(folder: Path, found: FoundVerdicts, figures: Sequence[ReaderFigures]) -> None:
    """Write ``verdicts.csv``, a line a verdict, and ``verdicts.json``; neither names patient, study or image."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / TABLE).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(_line(verdict) for verdict in found.verdicts)
    content: dict[str, Any] = {
        "format": 1,
        "verdicts": len(found.verdicts),
        "superseded": found.superseded,
        "passed_over": found.passed_over,
        "broken": len(found.broken),
        "readers": plain(tuple(figures)),
    }
    text = json.dumps(content, indent=1, allow_nan=False, ensure_ascii=False) + "\n"
    (folder / FIGURES).write_text(text, encoding="utf-8")


def _read(path: Path) -> tuple[str, str, ReaderVerdict] | None:
    """Give a verdict with its object's UID and when it was made; None for any other file."""
    if path.stat().st_size > LARGEST_BYTES:
        return None
    try:
        dataset = read_annotation(path.read_bytes())
        if not holds_verdict(dataset):
            return None
    except AnnotationUnreadable:
        return None
    made_at = f"{dataset.get('ContentDate', '')}{dataset.get('ContentTime', '')}"
    return str(dataset.get("SOPInstanceUID", path)), made_at, read_verdict(dataset)


def _line(verdict: ReaderVerdict) -> list[str]:
    return [
        verdict.reader,
        verdict.prediction_id,
        verdict.model_name,
        verdict.model_version,
        verdict.verdict.value,
        repr(verdict.probability),
        *_cells(verdict.unaided),
        *_cells(verdict.final),
        "no" if verdict.contour is None else "yes",
    ]


def _cells(assessment: ReaderAssessment) -> list[str]:
    return [
        "" if assessment.category is None else assessment.category.value,
        "" if assessment.probability is None else repr(assessment.probability),
        CALLS[call_of(assessment)],
    ]
