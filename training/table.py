"""CSV read strictly: what cannot be read without guessing is refused, with its line and column.

The one reader of manifests and of the tables of data sets. A lenient reader shifts, swallows or drops cells in silence,
and the figures of a study then rest on other cases than its author thinks.
"""

import logging
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import zip_longest
from pathlib import Path
from typing import Protocol

from training.errors import CohortError, ColumnMisspelled, SeparatorWrong, TableMalformed

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}
ALIKE = 0.75
"""Similarity (2 x common letters / letters of both) from which an unknown column is taken for a misspelled one."""

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+", re.ASCII)
_SPREADSHEET_FLOAT = re.compile(r"\d+\.0+|\d+(?:\.\d+)?E\+?\d+", re.ASCII)
_log = logging.getLogger(__name__)


class Origin(Protocol):
    """Whose table it is: makes the errors that say so."""

    def missing(self, path: Path) -> CohortError:
        """There is no such file."""

    def unreadable(self, path: Path, reason: str) -> CohortError:
        """It is no text."""

    def column_missing(self, path: Path, columns: str, found: str) -> CohortError:
        """It lacks columns."""

    def value_invalid(self, path: Path, line: int, column: str, value: str, expected: str) -> CohortError:
        """A cell cannot be understood."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table.

    Attributes
    ----------
    origin, path, line
        Where it stands; lines are counted as a text editor does.
    cells
        Text by column, without surrounding space.
    """

    origin: Origin
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
        """Give a cell that must be a finite decimal number: digits, a point, an exponent, and nothing else."""
        text = self.text(column)
        if _DECIMAL_COMMA.fullmatch(text):
            raise self.invalid(column, "a number with a decimal point (this one has a decimal comma)")
        if not _NUMBER.fullmatch(text):
            raise self.invalid(column, "a number")
        value = float(text)
        if not math.isfinite(value):
            raise self.invalid(column, "a finite number")
        return value

    def invalid(self, column: str, expected: str) -> CohortError:
        """Make the error that says what the cell should have been."""
        return self.origin.value_invalid(self.path, self.line, column, self.cells[column], expected)


def became_a_float(identifier: str) -> bool:
    """Tell whether a spreadsheet has turned an identifier into a decimal number, such as ``20586908.0``."""
    return _SPREADSHEET_FLOAT.fullmatch(identifier) is not None


def read_table(
    origin: Origin, path: Path, required: Sequence[str], *, optional: Sequence[str] | None = None, separator: str = ","
) -> list[Row]:
    """Read a CSV file with a header: the rows of `table_rows`, all at once."""
    return list(table_rows(origin, path, required, optional=optional, separator=separator))


def table_rows(
    origin: Origin, path: Path, required: Sequence[str], *, optional: Sequence[str] | None = None, separator: str = ","
) -> Iterator[Row]:
    """Read a CSV file with a header, row by row: the header is judged at once, each line when it is asked for.

    Lines of blanks are passed over; a line may be shorter than the header, its last cells are then empty. Cells may be
    quoted, and a quoted cell may end in line breaks, but not hold any between its words.

    Parameters
    ----------
    origin
        Makes the errors.
    path
        The file, UTF-8.
    required
        Columns that must be there.
    optional
        Columns that are read where they are there; any other is told as not used. None: the table has columns of its
        distributor's, and nothing is told.
    separator
        Between cells.

    Raises
    ------
    CohortError
        What `origin` makes of a missing file, of one that is no UTF-8 text, and of missing columns.
    TableMalformed, ColumnMisspelled, SeparatorWrong
        What cannot be read without guessing.
    """
    text = _text(origin, path)
    known = (*required, *(optional or ()))
    lines = (line for line in _lines(path, text, separator) if any(cell.strip() for cell in line.cells))
    first = next(lines, _Line(1, ()))
    header = [name.strip() for name in first.cells]
    _check_separator(path, first.number, header, known, separator)
    _check_header(path, first.number, header, known, required if optional is None else known)
    missing = [column for column in required if column not in header]
    if missing:
        raise origin.column_missing(path, ", ".join(missing), ", ".join(header))
    unused = [name for name in header if name and name not in known]
    if optional is not None and unused:
        _log.warning("%s: columns that are not used: %s", path, ", ".join(unused))
    return (Row(origin, path, line.number, _by_column(path, header, line)) for line in lines)


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    cells: tuple[str, ...]


def _text(origin: Origin, path: Path) -> str:
    try:
        raw = path.read_bytes()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        raise origin.missing(path) from None
    except OSError as error:
        raise origin.unreadable(path, error.strerror or str(error)) from None
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise origin.unreadable(path, "it is UTF-16 text, not UTF-8")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise origin.unreadable(path, f"line {line} is not UTF-8 text") from None
    if "\0" in text:
        raise origin.unreadable(path, f"line {text.count(chr(10), 0, text.index(chr(0))) + 1} holds a NUL byte")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _lines(path: Path, text: str, separator: str) -> Iterator[_Line]:
    """Part a text into lines of cells; a quoted cell may run over line breaks, as long as only blanks follow them."""
    blank = "[ \t]*" if separator != "\t" else " *"
    quoted = re.compile(rf'{blank}"((?:[^"]|"")*+)"{blank}')
    plain = re.compile(rf"[^{separator}\n]*")
    opening = re.compile(rf'{blank}"')
    place, number, begun, cells = 0, 1, 1, list[str]()
    while place < len(text):
        if opening.match(text, place):
            found = quoted.match(text, place)
            here = (path, number, len(cells) + 1)
            if found is None:
                raise _malformed(*here, "a quote is opened and never closed")
            if text[found.end() : found.end() + 1] not in (separator, "\n", ""):
                raise _malformed(*here, "text follows the quote that closes the cell; a quote is missing or stray")
            cell = found[1].replace('""', '"')
            if "\n" in cell.strip():
                raise _malformed(*here, "the quoted cell runs on into the next line; its closing quote is missing")
            number += cell.count("\n")
        else:
            found = plain.match(text, place)
            assert found is not None
            cell = found[0]
        cells.append(cell)
        place = found.end() + 1
        if text[found.end() : place] != separator:
            yield _Line(begun, tuple(cells))
            number += 1
            begun, cells = number, []
        elif place == len(text):
            cells.append("")
    if cells:
        yield _Line(begun, tuple(cells))


def _malformed(path: Path, line: int, column: int, problem: str) -> TableMalformed:
    return TableMalformed(str(path), line, str(column), problem)


def _check_separator(path: Path, line: int, header: Sequence[str], known: Sequence[str], separator: str) -> None:
    """Refuse a header whose columns appear once it is parted by another character."""
    if any(name in known for name in header) and len(header) > 1:
        return
    plain = {_plain(name) for name in known}
    for other, words in SEPARATORS.items():
        parts = separator.join(header).split(other)
        if other != separator and len(parts) > 1 and any(_plain(part) in plain for part in parts):
            raise SeparatorWrong(str(path), line, words, SEPARATORS[separator])


def _check_header(path: Path, line: int, header: Sequence[str], known: Sequence[str], meant: Sequence[str]) -> None:
    """Refuse a column that is there twice, and one whose name is nearly that of a column that is not there."""
    by_plain = {_plain(name): name for name in known}
    seen: set[str] = set()
    for number, name in enumerate(header, start=1):
        meaning = by_plain.get(_plain(name), name)
        if name and meaning in seen:
            raise _malformed(path, line, number, f"the column {name!r} is there twice")
        seen.add(meaning)
    absent = {_plain(name): name for name in meant if name not in header}
    for name in header:
        if name and name not in known:
            near = get_close_matches(_plain(name), absent, n=1, cutoff=ALIKE)
            if near:
                raise ColumnMisspelled(str(path), line, name, absent[near[0]])


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name).casefold()


def _by_column(path: Path, header: Sequence[str], line: _Line) -> dict[str, str]:
    if len(line.cells) > len(header):
        problem = (
            f"the line has {len(line.cells)} cells and the header names {len(header)} columns; a comma inside a cell, "
            "such as a decimal comma, parts it in two unless the cell is quoted"
        )
        raise _malformed(path, line.number, len(header) + 1, problem)
    cells = dict[str, str]()
    for number, (name, cell) in enumerate(zip_longest(header, line.cells, fillvalue=""), start=1):
        value = cell.strip()
        if name:
            cells[name] = value
        elif value:
            raise _malformed(path, line.number, number, f"{value!r} stands under no column name")
    return cells
