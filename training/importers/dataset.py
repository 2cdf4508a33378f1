"""Whose tables importers read: errors that name the data set and its file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from training.errors import (
    CohortError,
    ImportColumnMissing,
    ImportFileUnreadable,
    ImportSourceMissing,
    ImportValueInvalid,
)
from training.table import Row, read_table


@dataclass(frozen=True, slots=True)
class DataSet:
    """A data set by its name."""

    name: str

    def missing(self, path: Path) -> CohortError:
        """There is no such file."""
        return ImportSourceMissing(self.name, str(path))

    def unreadable(self, path: Path, reason: str) -> CohortError:
        """It is no text."""
        return ImportFileUnreadable(self.name, path.name, reason)

    def column_missing(self, path: Path, columns: str, found: str) -> CohortError:
        """It lacks columns."""
        return ImportColumnMissing(self.name, path.name, columns, found)

    def value_invalid(self, path: Path, line: int, column: str, value: str, expected: str) -> CohortError:
        """A cell cannot be understood."""
        return ImportValueInvalid(self.name, path.name, line, column, value, expected)

    def table(self, path: Path, columns: Sequence[str], separator: str = ",") -> list[Row]:
        """Read one of its tables with `training.table.read_table`; it may have more columns than those asked for."""
        return read_table(self, path, columns, separator=separator)
