"""Marks in a table: a manifest, or any CSV that says where the lesions are."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from training.cohort.cases import OPTIONAL_COLUMNS, READERS_COLUMNS, REQUIRED_COLUMNS, ManifestOrigin
from training.cohort.marks import parse_center, parse_contour, parse_diameter
from training.errors import ManifestEmpty
from training.scoring.inputs import Input, Source
from training.table import Row, table_rows

FRAME, SOP_INSTANCE = "frame", "sop_instance_uid"
STUDY, SERIES = "study_uid", "series_uid"
KNOWN = (*REQUIRED_COLUMNS, *OPTIONAL_COLUMNS, *READERS_COLUMNS, FRAME, STUDY, SERIES, SOP_INSTANCE)
"""Columns that are understood; a label is passed over, for nothing is fitted here."""


@dataclass(frozen=True, slots=True)
class Marks:
    """The marks of a table, read anew each time that they are walked.

    Attributes
    ----------
    path
        The CSV.
    required
        Columns without which it is refused: x, y and what names the image.
    """

    path: Path
    required: Sequence[str]

    def __iter__(self) -> Iterator[Input]:
        optional = [name for name in KNOWN if name not in self.required]
        for row in table_rows(ManifestOrigin(), self.path, self.required, optional=optional):
            yield _mark(row)

    def checked(self) -> int:
        """Read every line, so that none is refused in the middle of the work, and say how many marks there are.

        Raises
        ------
        CohortError
            Naming the first line that cannot be understood, or that there is none.
        """
        count = sum(1 for _ in self)
        if count == 0:
            raise ManifestEmpty(str(self.path))
        return count


def manifest_source(path: Path) -> Source:
    """Give the lesions of a manifest: images by path, relative to its folder; `label` and `lesion_id` may be missing.

    Raises
    ------
    CohortError
        As for a manifest; an image that is not there is refused when its turn comes, as a row.
    """
    marks = Marks(path, ("image", "x", "y"))
    return Source(path.name, path.resolve().parent, marks.checked(), lambda: iter(marks))


def _mark(row: Row) -> Input:
    cells = row.cells
    contour = parse_contour(row)
    center = parse_center(row, contour)
    spacing = row.number("pixel_spacing_mm") if cells.get("pixel_spacing_mm") else None
    if spacing is not None and spacing <= 0:
        raise row.invalid("pixel_spacing_mm", "a positive number")
    frame = cells.get(FRAME) or None
    if frame is not None and not (frame.isascii() and frame.isdigit() and int(frame) > 0):
        raise row.invalid(FRAME, "a whole number from 1")
    return Input(
        image=_image(row),
        x=center.x,
        y=center.y,
        frame=None if frame is None else int(frame),
        pixel_spacing_mm=spacing,
        lesion_id=cells.get("lesion_id") or None,
        patient_id=cells.get("patient_id") or None,
        view=cells.get("view") or None,
        sop_instance_uid=cells.get(SOP_INSTANCE) or None,
        contour=contour,
        diameter_mm=parse_diameter(row, contour),
    )


def _image(row: Row) -> str:
    """Give the image as the table names it: its path, or its three UIDs, or its own UID alone."""
    if row.cells.get("image"):
        return row.text("image")
    uids = [row.cells.get(column, "") for column in (STUDY, SERIES)]
    return "/".join([*(uid for uid in uids if uid), row.text(SOP_INSTANCE)])
