"""Tables of data sets as distributed: CSV whose cells are checked, with errors that name line and column."""

import csv
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from training.errors import ImportColumnMissing, ImportFileUnreadable, ImportSourceMissing, ImportValueInvalid


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
            lines = _numbered(file, separator)
            header = [name.strip() for name in next(lines, (1, []))[1]]
            found = list(lines)
    except (FileNotFoundError, IsADirectoryError):
        raise ImportSourceMissing(dataset, str(path)) from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise ImportFileUnreadable(dataset, path.name, str(error)) from None
    missing = [column for column in columns if column not in header]
    if missing:
        raise ImportColumnMissing(dataset, path.name, ", ".join(missing), ", ".join(header))
    return [
        Row(
            dataset,
            path,
            line,
            dict(zip_longest(header, (cell.strip() for cell in cells[: len(header)]), fillvalue="")),
        )
        for line, cells in found
        if any(cells)
    ]


def _numbered(file: Iterable[str], separator: str) -> Iterator[tuple[int, list[str]]]:
    """Rows with the line they begin on, since a quoted cell may run over several."""
    reader = csv.reader(file, delimiter=separator)
    line = 1
    for cells in reader:
        yield line, cells
        line = reader.line_num + 1
