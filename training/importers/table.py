"""Tables of data sets as distributed: CSV whose cells are checked, with errors that name line and column."""

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cadx.errors import ImportColumnMissing, ImportFileUnreadable, ImportSourceMissing, ImportValueInvalid


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table.

    Attributes
    ----------
    dataset, path, line
        Where it stands; lines are counted as a text editor does.
    cells
        Text by column, without surrounding space.
    """

    dataset: str
    path: Path
    line: int
    cells: Mapping[str, str]

    @property
    def place(self) -> str:
        """File and line, for reports."""
        return f"{self.path.name} line {self.line}"

    def text(self, column: str) -> str:
        """Give a cell that must not be empty."""
        value = self.cells[column]
        if not value:
            raise self.invalid(column, "a value")
        return value

    def one_of(self, column: str, choices: Sequence[str]) -> str:
        """Give a cell that must be one of the choices."""
        value = self.text(column)
        if value not in choices:
            raise self.invalid(column, " or ".join(choices))
        return value

    def number(self, column: str) -> float:
        """Give a cell that must be a finite number."""
        try:
            value = float(self.text(column))
        except ValueError:
            raise self.invalid(column, "a number") from None
        if not math.isfinite(value):
            raise self.invalid(column, "a finite number")
        return value

    def invalid(self, column: str, expected: str) -> ImportValueInvalid:
        """Make the error that says what the cell should have been."""
        return ImportValueInvalid(self.dataset, self.path.name, self.line, column, self.cells[column], expected)


def read_table(dataset: str, path: Path, columns: Sequence[str], separator: str = ",") -> list[Row]:
    """Read a CSV file with a header.

    Parameters
    ----------
    dataset
        Name, for errors.
    path
        The file.
    columns
        Columns that must be there; others may.
    separator
        Between cells.

    Returns
    -------
    list of Row
        Lines that are not empty.

    Raises
    ------
    ImportSourceMissing, ImportFileUnreadable, ImportColumnMissing
        When there is no such file, it is no CSV, or it lacks a column.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, delimiter=separator, restval="")
            header = [name.strip() for name in reader.fieldnames or ()]
            reader.fieldnames = header
            found = [(reader.line_num, cells) for cells in reader]
    except (FileNotFoundError, IsADirectoryError):
        raise ImportSourceMissing(dataset, str(path)) from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise ImportFileUnreadable(dataset, path.name, str(error)) from None
    missing = [column for column in columns if column not in header]
    if missing:
        raise ImportColumnMissing(dataset, path.name, ", ".join(missing), ", ".join(header))
    return [
        Row(dataset, path, line, {column: (cells[column] or "").strip() for column in header})
        for line, cells in found
        if any(cells[column] for column in header)
    ]
