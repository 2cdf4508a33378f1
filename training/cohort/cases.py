"""The cases of a study and the manifest CSV that lists them: the way in for anyone's data."""

import csv
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path

from cadx.records import LesionCenter
from training.errors import (
    ManifestColumnMissing,
    ManifestEmpty,
    ManifestImageMissing,
    ManifestLesionInconsistent,
    ManifestNotFound,
    ManifestUnreadable,
    ManifestValueInvalid,
)

REQUIRED_COLUMNS = ("image", "x", "y", "label", "lesion_id")
OPTIONAL_COLUMNS = ("patient_id", "pixel_spacing_mm", "view")


class Label(IntEnum):
    """Pathology of a lesion."""

    BENIGN = 0
    MALIGNANT = 1


@dataclass(frozen=True, slots=True)
class Case:
    """One view of one lesion.

    Attributes
    ----------
    image
        The mammogram's file.
    center
        The lesion's center in pixels of the stored image.
    label
        Pathology; the same for every view of a lesion.
    lesion_id
        Views of one lesion share it and are never split between training and testing.
    patient_id
        Where known, folds keep patients whole too, which is stricter.
    pixel_spacing_mm
        For files that carry no spacing.
    view
        Such as CC or MLO, for reports.
    line
        Of the manifest, as a text editor counts, for messages; cases that differ in it alone are equal.
    """

    image: Path
    center: LesionCenter
    label: Label
    lesion_id: str
    patient_id: str | None = None
    pixel_spacing_mm: float | None = None
    view: str | None = None
    line: int | None = field(default=None, compare=False)


def read_manifest(path: Path) -> tuple[Case, ...]:
    """Read the cases of a manifest CSV.

    Parameters
    ----------
    path
        CSV with the columns ``image, x, y, label, lesion_id`` and optionally ``patient_id, pixel_spacing_mm, view``.
        Image paths are relative to the manifest's own folder.

    Returns
    -------
    tuple of Case
        In the manifest's order.

    Raises
    ------
    CohortError
        A leaf of it that names the row (as a text editor counts lines) and the column.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            columns = tuple(reader.fieldnames or ())
            rows = [(reader.line_num, row) for row in reader if any(value for value in row.values())]
    except (FileNotFoundError, IsADirectoryError):
        raise ManifestNotFound(str(path)) from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise ManifestUnreadable(str(path), str(error)) from None
    missing = [column for column in REQUIRED_COLUMNS if column not in columns]
    if missing:
        raise ManifestColumnMissing(str(path), ", ".join(missing), ", ".join(columns))
    if not rows:
        raise ManifestEmpty(str(path))
    cases = tuple(_parse_case(path.parent, line, row) for line, row in rows)
    _check_lesions_agree(cases, [line for line, _ in rows])
    return cases


def write_manifest(path: Path, cases: Iterable[Case]) -> None:
    """Write cases as a manifest CSV, with image paths relative to its folder where they lie below it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow((*REQUIRED_COLUMNS, *OPTIONAL_COLUMNS))
        for case in cases:
            image = case.image.resolve()
            folder = path.parent.resolve()
            shown = image.relative_to(folder) if image.is_relative_to(folder) else image
            spacing = "" if case.pixel_spacing_mm is None else repr(case.pixel_spacing_mm)
            writer.writerow(
                (
                    shown.as_posix(),
                    repr(case.center.x),
                    repr(case.center.y),
                    case.label.name.lower(),
                    case.lesion_id,
                    case.patient_id or "",
                    spacing,
                    case.view or "",
                )
            )


def _parse_case(folder: Path, line: int, row: dict[str, str | None]) -> Case:
    image = folder / _text(line, row, "image")
    if not image.is_file():
        raise ManifestImageMissing(line, "image", str(image))
    label = _text(line, row, "label").lower()
    if label.upper() not in Label.__members__:
        raise ManifestValueInvalid(line, "label", label, "benign or malignant")
    spacing = (row.get("pixel_spacing_mm") or "").strip()
    return Case(
        image=image,
        center=LesionCenter(_number(line, row, "x"), _number(line, row, "y")),
        label=Label[label.upper()],
        lesion_id=_text(line, row, "lesion_id"),
        patient_id=(row.get("patient_id") or "").strip() or None,
        pixel_spacing_mm=_number(line, row, "pixel_spacing_mm", above=0.0) if spacing else None,
        view=(row.get("view") or "").strip() or None,
        line=line,
    )


def _text(line: int, row: dict[str, str | None], column: str) -> str:
    value = (row.get(column) or "").strip()
    if not value:
        raise ManifestValueInvalid(line, column, value, "a value")
    return value


def _number(line: int, row: dict[str, str | None], column: str, above: float = -math.inf) -> float:
    text = _text(line, row, column)
    try:
        value = float(text)
    except ValueError:
        raise ManifestValueInvalid(line, column, text, "a number") from None
    if not math.isfinite(value) or value <= above:
        raise ManifestValueInvalid(line, column, text, "a positive number" if above == 0 else "a finite number")
    return value


def _check_lesions_agree(cases: tuple[Case, ...], lines: list[int]) -> None:
    """Refuse a lesion that has two labels or two patients: one of the rows must be wrong."""
    first: dict[str, tuple[int, Case]] = {}
    for line, case in zip(lines, cases, strict=True):
        first_line, known = first.setdefault(case.lesion_id, (line, case))
        for column in ("label", "patient_id"):
            if getattr(case, column) != getattr(known, column):
                raise ManifestLesionInconsistent(line, column, case.lesion_id, first_line)
