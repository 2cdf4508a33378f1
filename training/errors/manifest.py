"""Refusals: a manifest cannot be read."""

from dataclasses import dataclass
from typing import ClassVar

from training.errors.cohort import CohortError


@dataclass(eq=False)
class ManifestNotFound(CohortError):
    """There is no manifest at that path."""

    path: str

    code: ClassVar[str] = "manifest_not_found"
    summary: ClassVar[str] = "There is no manifest file at {path}."
    remedy: ClassVar[str] = "Give the path of a CSV file; `cadx-train phantoms` writes an example."


@dataclass(eq=False)
class ManifestUnreadable(CohortError):
    """The manifest is not UTF-8 CSV."""

    path: str
    reason: str

    code: ClassVar[str] = "manifest_unreadable"
    summary: ClassVar[str] = "The manifest {path} cannot be read as UTF-8 CSV: {reason}."
    remedy: ClassVar[str] = "Save it as comma-separated UTF-8 text."


@dataclass(eq=False)
class ManifestColumnMissing(CohortError):
    """The manifest's header lacks a required column."""

    path: str
    columns: str
    found: str

    code: ClassVar[str] = "manifest_column_missing"
    summary: ClassVar[str] = "The manifest {path} lacks the column(s) {columns}; it has: {found}."
    remedy: ClassVar[str] = "Its first line must name the columns image, x, y, label, lesion_id."


@dataclass(eq=False)
class ManifestEmpty(CohortError):
    """The manifest lists no case."""

    path: str

    code: ClassVar[str] = "manifest_empty"
    summary: ClassVar[str] = "The manifest {path} lists no case."
    remedy: ClassVar[str] = "Add one line for each view of each lesion."


@dataclass(eq=False)
class ManifestValueInvalid(CohortError):
    """A cell of the manifest cannot be understood."""

    line: int
    column: str
    value: str
    expected: str

    code: ClassVar[str] = "manifest_value_invalid"
    summary: ClassVar[str] = "Manifest line {line}, column {column}: {value!r} is not {expected}."
    remedy: ClassVar[str] = "Correct that cell."


@dataclass(eq=False)
class ManifestImageMissing(CohortError):
    """A manifest line names a file that does not exist."""

    line: int
    column: str
    image: str

    code: ClassVar[str] = "manifest_image_missing"
    summary: ClassVar[str] = "Manifest line {line}, column {column}: there is no file {image}."
    remedy: ClassVar[str] = "Image paths are relative to the manifest's own folder."


@dataclass(eq=False)
class ManifestLesionInconsistent(CohortError):
    """Two lines of one lesion contradict each other."""

    line: int
    column: str
    lesion_id: str
    first_line: int

    code: ClassVar[str] = "manifest_lesion_inconsistent"
    summary: ClassVar[str] = (
        "Manifest line {line}, column {column}: lesion {lesion_id} has another value on line {first_line}."
    )
    remedy: ClassVar[str] = "All views of a lesion share its label and its patient."
