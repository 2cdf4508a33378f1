"""Refusals: a data set cannot be imported."""

from dataclasses import dataclass
from typing import ClassVar

from training.errors.cohort import CohortError


@dataclass(eq=False)
class ImportSourceMissing(CohortError):
    """A data set lacks a file that its importer needs."""

    dataset: str
    path: str

    code: ClassVar[str] = "import_source_missing"
    summary: ClassVar[str] = "{dataset}: there is no {path}."
    remedy: ClassVar[str] = "Give the folder as the data set is distributed; the command's --help shows its layout."


@dataclass(eq=False)
class ImportFileUnreadable(CohortError):
    """A file of a data set is not in the format that its distributor describes."""

    dataset: str
    path: str
    reason: str

    code: ClassVar[str] = "import_file_unreadable"
    summary: ClassVar[str] = "{dataset}: {path} cannot be read: {reason}."
    remedy: ClassVar[str] = "Fetch that file again from the data set's own site."


@dataclass(eq=False)
class ImportColumnMissing(CohortError):
    """A table of a data set lacks a column."""

    dataset: str
    path: str
    columns: str
    found: str

    code: ClassVar[str] = "import_column_missing"
    summary: ClassVar[str] = "{dataset}: {path} lacks the column(s) {columns}; it has: {found}."
    remedy: ClassVar[str] = "Use the table as distributed, with its header and its own separator."


@dataclass(eq=False)
class ImportValueInvalid(CohortError):
    """A cell of a data set's table cannot be understood."""

    dataset: str
    path: str
    line: int
    column: str
    value: str
    expected: str

    code: ClassVar[str] = "import_value_invalid"
    summary: ClassVar[str] = "{dataset}: {path}, line {line}, column {column}: {value!r} is not {expected}."
    remedy: ClassVar[str] = "Mend or remove that line."


@dataclass(eq=False)
class ImportSettingInvalid(CohortError):
    """An importer's setting has no meaning."""

    setting: str
    value: str
    expected: str

    code: ClassVar[str] = "import_setting_invalid"
    summary: ClassVar[str] = "{setting}: {value!r} is not {expected}."
    remedy: ClassVar[str] = "See the command's --help."


@dataclass(eq=False)
class ImportEmpty(CohortError):
    """A data set gave no case at all."""

    dataset: str
    skipped: int
    commonest_reason: str

    code: ClassVar[str] = "import_empty"
    summary: ClassVar[str] = "{dataset}: no case could be used; {skipped} were left out, mostly: {commonest_reason}."
    remedy: ClassVar[str] = "Check that the images lie where the command's --help says."
