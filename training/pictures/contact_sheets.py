"""What `cadx-train segment` writes: contact sheets, a table, and a picture a lesion."""

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cadx.artifacts import artifact_flags
from cadx.errors import CadxError, LesionError
from cadx.lesion import FEATURES, Segmentation, SegmentationMethod, lesion_features
from cadx.mammogram import ReadingPolicy
from cadx.records import Roi
from training.cohort.cases import Case
from training.cohort.outlining import outlined_roi
from training.outputs import FolderOutput, begins_with
from training.pictures.outlines import LESIONS_PER_SHEET, Tile, draw_contact_sheet, draw_lesion
from training.progress import ReportProgress, no_progress

REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class SegmentationReport:
    """What was written.

    Attributes
    ----------
    table
        CSV with one row a case.
    sheets
        Contact sheets, `LESIONS_PER_SHEET` lesions each.
    outcomes
        Number of cases by outcome; ``refused`` for those that could not be read.
    refused
        One line for each case that could not be read or measured, with the reason.
    """

    table: Path
    sheets: tuple[Path, ...]
    outcomes: Mapping[str, int]
    refused: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Outlined:
    """One case, outlined and measured as far as that was possible."""

    case: Case
    roi: Roi
    segmentation: Segmentation
    values: NDArray[np.float64] | None
    problem: str


def write_segmentation_report(
    cases: Sequence[Case],
    folder: Path,
    method: SegmentationMethod,
    policy: ReadingPolicy,
    *,
    pictures: bool = True,
    progress: ReportProgress = no_progress,
) -> SegmentationReport:
    """Outline and measure every case and write what was found.

    A case that cannot be read is listed with its reason and does not stop the others.

    Parameters
    ----------
    cases
        Of a manifest.
    folder
        Where to write ``features.csv``, ``contact-sheet-NN.png`` and ``lesions/NNNN.png``.
    method
        How to outline.
    policy
        How images are read.
    pictures
        Whether to draw every lesion with its trace.
    progress
        Told after every case.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tiles: list[Tile] = []
    sheets: list[Path] = []
    outcomes: Counter[str] = Counter()
    refused: list[str] = []
    table = folder / "features.csv"
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(_HEADER)
        for number, case in enumerate(cases, start=1):
            outlined = _outline(case, method, policy)
            if isinstance(outlined, _Outlined):
                outcomes[outlined.segmentation.outcome.value] += 1
                writer.writerow(_row(number, outlined))
                title = f"{number}  {case.label.name.lower()}"
                tiles.append(Tile(title, outlined.roi, outlined.segmentation))
                if pictures:
                    draw_lesion(folder / "lesions" / f"{number:04d}.png", tiles[-1], outlined.values)
                problem = outlined.problem
            else:
                outcomes[REFUSED] += 1
                writer.writerow(_refused_row(number, case, outlined))
                problem = str(outlined)
            if problem:
                refused.append(f"case {number} ({case.lesion_id}): {problem}")
            if tiles and (len(tiles) == LESIONS_PER_SHEET or number == len(cases)):
                sheets.append(folder / f"contact-sheet-{len(sheets) + 1:02d}.png")
                draw_contact_sheet(sheets[-1], tiles)
                tiles = []
            progress(number, len(cases))
    return SegmentationReport(table, tuple(sheets), outcomes, tuple(refused))


def _outline(case: Case, method: SegmentationMethod, policy: ReadingPolicy) -> _Outlined | CadxError:
    try:
        roi, segmentation = outlined_roi(case, policy, method)
    except CadxError as error:
        return error
    try:
        return _Outlined(case, roi, segmentation, lesion_features(roi, segmentation), "")
    except LesionError as error:
        return _Outlined(case, roi, segmentation, None, str(error))


_HEADER = (
    "case",
    "image",
    "lesion_id",
    "label",
    "outcome",
    "reason",
    "flags",
    "problem",
    *(feature.name for feature in FEATURES),
)

SEGMENTATION = FolderOutput(
    "a report on segmentation",
    ("features.csv", "contact-sheet-*.png", "lesions"),
    lambda folder: begins_with(folder / "features.csv", _HEADER),
)


def _row(number: int, outlined: _Outlined) -> list[str]:
    case, found = outlined.case, outlined.segmentation
    roi = outlined.roi
    flags = " ".join(flag.code for flag in (*roi.flags, *artifact_flags(roi.gray, roi.tissue), *found.flags))
    values = [""] * len(FEATURES) if outlined.values is None else [repr(float(value)) for value in outlined.values]
    known = [str(number), case.image.name, case.lesion_id, case.label.name.lower()]
    return [*known, found.outcome.value, found.reason, flags, outlined.problem, *values]


def _refused_row(number: int, case: Case, error: CadxError) -> list[str]:
    known = [str(number), case.image.name, case.lesion_id, case.label.name.lower()]
    return [*known, REFUSED, "", "", str(error), *[""] * len(FEATURES)]
