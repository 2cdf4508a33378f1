from pathlib import Path

import pytest

from training.errors import ImportColumnMissing, ImportFileUnreadable, ImportSourceMissing, ImportValueInvalid
from training.importers.table import read_table


def test_rows_know_their_line_and_strip_their_cells(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('\ufeffname, size\n"a\n", 3\n\nb,4\n', encoding="utf-8")
    first, second = read_table("Set", path, ("name", "size"))
    assert first.text("name") == "a"
    assert first.number("size") == 3.0
    assert (second.line, second.place) == (5, "t.csv line 5")


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ImportSourceMissing, match=r"t\.csv"):
        read_table("Set", tmp_path / "t.csv", ())


def test_missing_column_is_named(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("name\na\n")
    with pytest.raises(ImportColumnMissing, match="size"):
        read_table("Set", path, ("name", "size"))


def test_binary_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(ImportFileUnreadable):
        read_table("Set", path, ())


@pytest.mark.parametrize("cell", ["", "big", "nan", "inf"])
def test_cell_that_is_no_number_is_named_by_line_and_column(tmp_path: Path, cell: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f"name,size\na,1\nb,{cell}\n")
    with pytest.raises(ImportValueInvalid) as caught:
        read_table("Set", path, ("size",))[1].number("size")
    assert (caught.value.line, caught.value.column) == (3, "size")


def test_short_line_reads_as_empty_cells(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("name,size\na\n")
    assert read_table("Set", path, ("size",))[0].cells["size"] == ""
