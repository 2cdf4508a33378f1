"""The cases of a study and the manifest CSV that lists them: the way in for anyone's data."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path

from cadx.records import LesionCenter
from training.cohort.marks import (
    CONTOUR,
    DIAMETER,
    Contour,
    Outline,
    contour_text,
    parse_center,
    parse_contour,
    parse_diameter,
)
from training.errors import (
    CohortError,
    ManifestColumnMissing,
    ManifestEmpty,
    ManifestImageMissing,
    ManifestLesionInconsistent,
    ManifestNotFound,
    ManifestUnreadable,
    ManifestValueInvalid,
)
from training.table import Row, became_a_float, read_table

REQUIRED_COLUMNS = ("image", "x", "y", "label", "lesion_id")
OPTIONAL_COLUMNS = ("patient_id", "pixel_spacing_mm", "view")
READERS_COLUMNS = (CONTOUR, DIAMETER)
"""Written where any case has them."""


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
    contour
        A reader's outline, x and y in pixels of the stored image, which takes the place of the segmentation.
    diameter_mm
        The lesion's diameter as a reader measured it, which steers the segmentation where there is no `contour`.
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
    contour: Contour | None = None
    diameter_mm: float | None = None
    line: int | None = field(default=None, compare=False)

    @property
    def outline(self) -> Outline:
        """Where the lesion's outline comes from."""
        if self.contour is not None:
            return Outline.READER
        return Outline.AUTOMATIC if self.diameter_mm is None else Outline.STEERED


class ManifestOrigin:
    """Makes the errors of a manifest."""

    def missing(self, path: Path) -> CohortError:
        """There is no such file."""
        return ManifestNotFound(str(path))

    def unreadable(self, path: Path, reason: str) -> CohortError:
        """It is no text."""
        return ManifestUnreadable(str(path), reason)

    def column_missing(self, path: Path, columns: str, found: str) -> CohortError:
        """It lacks columns."""
        return ManifestColumnMissing(str(path), columns, found)

    def value_invalid(self, path: Path, line: int, column: str, value: str, expected: str) -> CohortError:
        """A cell cannot be understood."""
        return ManifestValueInvalid(line, column, value, expected)


def read_manifest(path: Path) -> tuple[Case, ...]:
    """Read the cases of a manifest CSV.

    Parameters
    ----------
    path
        CSV with the columns ``image, x, y, label, lesion_id`` and optionally ``patient_id, pixel_spacing_mm, view,
        contour, diameter_mm``; others are told as not used. Image paths are relative to the manifest's own folder.

    Returns
    -------
    tuple of Case
        In the manifest's order.

    Raises
    ------
    CohortError
        A leaf of it that names the row (as a text editor counts lines) and the column.
    """
    rows = read_table(ManifestOrigin(), path, REQUIRED_COLUMNS, optional=(*OPTIONAL_COLUMNS, *READERS_COLUMNS))
    if not rows:
        raise ManifestEmpty(str(path))
    for column in ("lesion_id", "patient_id"):
        _check_identifiers(rows, column)
    cases = tuple(_parse_case(path.parent, row) for row in rows)
    _check_lesions_agree(cases, [row.line for row in rows])
    return cases


def write_manifest(path: Path, cases: Iterable[Case]) -> None:
    """Write cases as a manifest CSV, with image paths relative to its folder where they lie below it."""
    cases = tuple(cases)
    marked = any(case.outline is not Outline.AUTOMATIC for case in cases)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow((*REQUIRED_COLUMNS, *OPTIONAL_COLUMNS, *(READERS_COLUMNS if marked else ())))
        for case in cases:
            image = case.image.resolve()
            folder = path.parent.resolve()
            shown = image.relative_to(folder) if image.is_relative_to(folder) else image
            spacing, diameter = map(_number_text, (case.pixel_spacing_mm, case.diameter_mm))
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
                    *((contour_text(case.contour), diameter) if marked else ()),
                )
            )


def _number_text(value: float | None) -> str:
    return "" if value is None else repr(value)


def _parse_case(folder: Path, row: Row) -> Case:
    image = folder / row.text("image")
    if not image.is_file():
        raise ManifestImageMissing(row.line, "image", str(image))
    label = row.text("label").upper()
    if label not in Label.__members__:
        raise row.invalid("label", "benign or malignant")
    spacing_mm = row.number("pixel_spacing_mm") if row.cells.get("pixel_spacing_mm") else None
    if spacing_mm is not None and spacing_mm <= 0:
        raise row.invalid("pixel_spacing_mm", "a positive number")
    contour = parse_contour(row)
    return Case(
        image=image,
        center=parse_center(row, contour),
        label=Label[label],
        lesion_id=row.text("lesion_id"),
        patient_id=row.cells.get("patient_id") or None,
        pixel_spacing_mm=spacing_mm,
        view=row.cells.get("view") or None,
        contour=contour,
        diameter_mm=parse_diameter(row, contour),
        line=row.line,
    )


def _check_identifiers(rows: Sequence[Row], column: str) -> None:
    """Refuse identifiers that a spreadsheet has turned into decimal numbers: they would match none of another table."""
    given = [row for row in rows if row.cells.get(column)]
    if given and all(became_a_float(row.cells[column]) for row in given):
        raise given[0].invalid(column, "an identifier as it was given out: a spreadsheet has made it a decimal number")


def _check_lesions_agree(cases: tuple[Case, ...], lines: list[int]) -> None:
    """Refuse a lesion that has two labels or two patients: one of the rows must be wrong."""
    first: dict[str, tuple[int, Case]] = {}
    for line, case in zip(lines, cases, strict=True):
        first_line, known = first.setdefault(case.lesion_id, (line, case))
        for column in ("label", "patient_id"):
            if getattr(case, column) != getattr(known, column):
                raise ManifestLesionInconsistent(line, column, case.lesion_id, first_line)
