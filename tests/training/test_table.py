"""The one reader of CSV: what it takes, and what it refuses by line and column."""

import logging
from pathlib import Path

import pytest

from training.errors import (
    ColumnMisspelled,
    ImportColumnMissing,
    ImportFileUnreadable,
    ImportSourceMissing,
    ImportValueInvalid,
    SeparatorWrong,
    TableMalformed,
)
from training.importers.dataset import DataSet
from training.table import Row, became_a_float, read_table

SET = DataSet("Set")


def table(folder: Path, text: str | bytes) -> Path:
    path = folder / "t.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def rows(folder: Path, text: str, *columns: str, separator: str = ",") -> list[Row]:
    return read_table(SET, table(folder, text), columns or ("name", "size"), separator=separator)


def test_rows_know_their_line_and_strip_their_cells(tmp_path: Path) -> None:
    first, second = rows(tmp_path, '\ufeffname, size\n"a\n", 3\n\nb,4\n')
    assert first.text("name") == "a"
    assert first.number("size") == 3.0
    assert (second.line, second.place) == (5, "t.csv line 5")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_of_blanks_are_passed_over_whatever_ends_a_line(tmp_path: Path, end: str) -> None:
    read = rows(tmp_path, end.join(["", "name ,size", " , ", "a, 1", "   ", "b,2"]))
    assert [(row.line, row.text("name"), row.number("size")) for row in read] == [(4, "a", 1.0), (6, "b", 2.0)]


def test_quoted_cells_hold_separators_and_quotes(tmp_path: Path) -> None:
    (row,) = rows(tmp_path, 'name,size\n"a, ""b""" , 5\n')
    assert (row.text("name"), row.number("size")) == ('a, "b"', 5.0)
    (row,) = rows(tmp_path, 'name,size\nfive 5" wide,5\n')
    assert row.text("name") == 'five 5" wide'


def test_short_line_reads_as_empty_cells(tmp_path: Path) -> None:
    assert rows(tmp_path, "name,size\na\n")[0].cells["size"] == ""


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ImportSourceMissing, match=r"t\.csv"):
        read_table(SET, tmp_path / "t.csv", ())


def test_missing_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImportColumnMissing, match="size"):
        rows(tmp_path, "name\na\n")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\xff\xd8\xff", "line 1 is not UTF-8"),
        (b"name,size\n\xe9,1\n", "line 2 is not UTF-8"),
        (b"\xff\xfen\0a\0", "UTF-16"),
        (b"name,size\n\0,1", "line 2 holds a NUL byte"),
    ],
)
def test_what_is_no_text_is_told(tmp_path: Path, content: bytes, reason: str) -> None:
    with pytest.raises(ImportFileUnreadable, match=reason):
        read_table(SET, table(tmp_path, content), ("name",))


@pytest.mark.parametrize("cell", ["", "big", "nan", "inf", "1e999", "3_18", "0x10", "1 000", "\u0663", "1d5"])
def test_cell_that_is_no_number_is_named_by_line_and_column(tmp_path: Path, cell: str) -> None:
    with pytest.raises(ImportValueInvalid) as caught:
        rows(tmp_path, f"name,size\na,1\nb,{cell}\n")[1].number("size")
    assert (caught.value.line, caught.value.column) == (3, "size")


@pytest.mark.parametrize("cell", ["1", "-1.5", "+2.", ".5", "1e3", "2.5E-1"])
def test_numbers_as_people_and_programs_write_them(tmp_path: Path, cell: str) -> None:
    assert rows(tmp_path, f"name,size\na,{cell}\n")[0].number("size") == float(cell)


def test_a_decimal_comma_is_told_for_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(ImportValueInvalid, match="decimal comma"):
        rows(tmp_path, 'name,size\na,"3,5"\n')[0].number("size")
    with pytest.raises(TableMalformed, match="decimal comma") as caught:
        rows(tmp_path, "name,size\na,3,5\n")
    assert (caught.value.line, caught.value.column) == (2, "3")


@pytest.mark.parametrize(
    ("text", "line", "column", "problem"),
    [
        ('name,size\na,1\n"b,2\nc,3\nd,4\n', 3, "1", "never closed"),
        ('name,size\na,"1\nb,2\n"c",3\n', 2, "2", "follows the quote"),
        ('name,size\na,"1\nb,2"\nc,3\n', 2, "2", "runs on into the next line"),
        ('name,size\n"a"b,1\n', 2, "1", "follows the quote"),
        ("name,size,name\na,1,b\n", 1, "3", "'name' is there twice"),
        ("name,size,other,other\na,1,b,c\n", 1, "4", "'other' is there twice"),
        ("name,size,Name\na,1,b\n", 1, "3", "'Name' is there twice"),
        ("name,size\na,380,5\n", 2, "3", "3 cells and the header names 2"),
        ("name,size,\na,1,lost\n", 2, "3", "'lost' stands under no column name"),
    ],
)
def test_what_cannot_be_read_without_guessing_is_refused(
    tmp_path: Path, text: str, line: int, column: str, problem: str
) -> None:
    with pytest.raises(TableMalformed, match=problem) as caught:
        rows(tmp_path, text)
    assert (caught.value.line, caught.value.column) == (line, column)


def test_columns_without_a_name_may_stay_empty(tmp_path: Path) -> None:
    assert rows(tmp_path, "name,size,,\na,1,,\n")[0].cells == {"name": "a", "size": "1"}


@pytest.mark.parametrize(
    ("separator", "words"), [(";", "separated by semicolons, not by commas"), ("\t", "separated by tabs")]
)
def test_another_separator_is_told_for_what_it_is(tmp_path: Path, separator: str, words: str) -> None:
    with pytest.raises(SeparatorWrong, match=words):
        rows(tmp_path, f"name{separator}size\na{separator}3,5\n")


def test_a_table_that_should_have_semicolons_and_was_saved_with_commas_is_told(tmp_path: Path) -> None:
    with pytest.raises(SeparatorWrong, match="separated by commas, not by semicolons"):
        rows(tmp_path, "name,size\na,3\n", separator=";")


@pytest.mark.parametrize("name", ["Patient_ID", "patientid", "PatientID", "patient id", "patient", "patien_id"])
def test_a_near_miss_of_an_optional_column_is_refused(tmp_path: Path, name: str) -> None:
    path = table(tmp_path, f"name,{name}\na,1\n")
    with pytest.raises(ColumnMisspelled, match=rf"'{name}'; did you mean patient_id\?"):
        read_table(SET, path, ("name",), optional=("patient_id",))


def test_a_near_miss_of_a_required_column_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ColumnMisspelled, match="did you mean size"):
        rows(tmp_path, "name,Size\na,1\n")


def test_unknown_columns_are_told_where_the_table_is_the_users_own(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = table(tmp_path, "name,patient_age,comment\na,61,\n")
    with caplog.at_level(logging.WARNING):
        read_table(SET, path, ("name",))
        assert caplog.text == ""
        read_table(SET, path, ("name",), optional=("patient_id",))
    assert "columns that are not used: patient_age, comment" in caplog.text


@pytest.mark.parametrize(
    ("identifier", "became"),
    [("20586908.0", True), ("2.0586908E+07", True), ("20586908", False), ("12.1", False), ("6c61", False)],
)
def test_identifiers_that_a_spreadsheet_turned_into_numbers(identifier: str, became: bool) -> None:
    assert became_a_float(identifier) is became
