"""Refusals: a CSV file is not what it seems."""

from dataclasses import dataclass
from typing import ClassVar

from training.errors.cohort import CohortError


@dataclass(eq=False)
class TableMalformed(CohortError):
    """A line of a table cannot be read without guessing."""

    path: str
    line: int
    column: str
    problem: str

    code: ClassVar[str] = "table_malformed"
    summary: ClassVar[str] = "{path}, line {line}, column {column}: {problem}."
    remedy: ClassVar[str] = "Mend that line in a text editor, or save the table anew as comma-separated UTF-8 text."


@dataclass(eq=False)
class ColumnMisspelled(CohortError):
    """A column's name is nearly one that is read."""

    path: str
    line: int
    column: str
    meant: str

    code: ClassVar[str] = "column_misspelled"
    summary: ClassVar[str] = "{path}, line {line}: there is no column {column!r}; did you mean {meant}?"
    remedy: ClassVar[str] = "Rename it; a column of another meaning needs a name that is less alike."


@dataclass(eq=False)
class SeparatorWrong(CohortError):
    """The cells of a table are separated by another character than its readers expect."""

    path: str
    line: int
    found: str
    expected: str

    code: ClassVar[str] = "separator_wrong"
    summary: ClassVar[str] = "{path}, line {line}: its cells are separated by {found}, not by {expected}."
    remedy: ClassVar[str] = "Save it with the expected separator, and with decimal points in numbers."
