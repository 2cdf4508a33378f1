from pathlib import Path

import pytest

from cadx.records import LesionCenter
from training.cohort.cases import Case, Label, read_manifest, write_manifest
from training.cohort.grouping import group_cases
from training.errors import (
    ColumnMisspelled,
    ManifestColumnMissing,
    ManifestEmpty,
    ManifestImageMissing,
    ManifestLesionInconsistent,
    ManifestNotFound,
    ManifestUnreadable,
    ManifestValueInvalid,
    SeparatorWrong,
    TableMalformed,
)

HEADER = "image,x,y,label,lesion_id,patient_id,pixel_spacing_mm,view"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(b"not decoded here")
    return tmp_path


def manifest(folder: Path, *lines: str, header: str = HEADER) -> Path:
    path = folder / "manifest.csv"
    path.write_text("\n".join((header, *lines)) + "\n", encoding="utf-8")
    return path


def test_cases_survive_a_round_trip(folder: Path) -> None:
    cases = (
        Case(folder / "a.png", LesionCenter(10.25, 20.5), Label.MALIGNANT, "L1", "P1", 0.07, "CC"),
        Case(folder / "b.png", LesionCenter(1.0, 2.0), Label.BENIGN, "L2"),
    )
    path = folder / "manifest.csv"
    write_manifest(path, cases)
    assert read_manifest(path) == cases


def test_images_are_found_beside_the_manifest_whatever_the_working_directory(folder: Path) -> None:
    (case,) = read_manifest(manifest(folder, "a.png,1,2,benign,L1,,,"))
    assert case.image == folder / "a.png"


def test_images_elsewhere_are_written_with_their_whole_path(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "c.png"
    elsewhere.write_bytes(b"")
    path = folder / "manifest.csv"
    write_manifest(path, [Case(elsewhere, LesionCenter(0, 0), Label.BENIGN, "L1")])
    assert read_manifest(path)[0].image == elsewhere


def test_a_byte_order_mark_and_blank_lines_do_no_harm(folder: Path) -> None:
    path = folder / "manifest.csv"
    path.write_text(f"{HEADER}\na.png,1,2,Benign,L1,,,\n,,,,,,,\n", encoding="utf-8-sig")
    assert read_manifest(path)[0].label is Label.BENIGN


def test_folds_group_by_patient_where_known_else_by_lesion(folder: Path) -> None:
    by_patient, by_lesion = read_manifest(manifest(folder, "a.png,1,2,benign,L1,P1,,", "b.png,1,2,benign,P1,,,"))
    assert len(set(group_cases([by_patient, by_lesion]).numbers)) == 2


@pytest.mark.parametrize(
    ("line", "column", "value"),
    [
        ("a.png,one,2,benign,L1,,,", "x", "one"),
        ("a.png,1,nan,benign,L1,,,", "y", "nan"),
        ("a.png,1,,benign,L1,,,", "y", ""),
        ("a.png,1,2,cancer,L1,,,", "label", "cancer"),
        ("a.png,1,2,benign,,,,", "lesion_id", ""),
        ("a.png,1,2,benign,L1,,-0.1,", "pixel_spacing_mm", "-0.1"),
        ("a.png,1,2,benign,L1,,inf,", "pixel_spacing_mm", "inf"),
        (",1,2,benign,L1,,,", "image", ""),
    ],
)
def test_a_bad_cell_is_named_by_line_and_column(folder: Path, line: str, column: str, value: str) -> None:
    path = manifest(folder, "b.png,1,2,benign,L0,,,", line)
    with pytest.raises(ManifestValueInvalid) as caught:
        read_manifest(path)
    assert (caught.value.line, caught.value.column, caught.value.value) == (3, column, value)


def test_a_missing_image_is_named_by_line_and_column(folder: Path) -> None:
    with pytest.raises(ManifestImageMissing) as caught:
        read_manifest(manifest(folder, "gone.png,1,2,benign,L1,,,"))
    assert (caught.value.line, caught.value.column) == (2, "image")
    assert "gone.png" in str(caught.value)


@pytest.mark.parametrize(
    ("second", "column"), [("b.png,1,2,malignant,L1,P1,,", "label"), ("b.png,1,2,benign,L1,P2,,", "patient_id")]
)
def test_a_lesion_that_contradicts_itself_is_refused(folder: Path, second: str, column: str) -> None:
    with pytest.raises(ManifestLesionInconsistent) as caught:
        read_manifest(manifest(folder, "a.png,1,2,benign,L1,P1,,", second))
    assert (caught.value.line, caught.value.first_line, caught.value.column) == (3, 2, column)


def test_a_missing_column_is_named(folder: Path) -> None:
    with pytest.raises(ManifestColumnMissing, match="lesion_id"):
        read_manifest(manifest(folder, "a.png,1,2,benign", header="image,x,y,label"))


def test_no_file_no_text_and_no_case_are_told_apart(folder: Path) -> None:
    with pytest.raises(ManifestNotFound):
        read_manifest(folder / "none.csv")
    with pytest.raises(ManifestEmpty):
        read_manifest(manifest(folder))
    (folder / "binary.csv").write_bytes(b"\xff\xfe\x00image")
    with pytest.raises(ManifestUnreadable):
        read_manifest(folder / "binary.csv")


def test_the_header_as_help_prints_it_is_read(folder: Path) -> None:
    (case,) = read_manifest(manifest(folder, "a.png, 1, 2, benign, L1", header="image, x, y, label, lesion_id"))
    assert (case.image.name, case.lesion_id, case.center) == ("a.png", "L1", LesionCenter(1, 2))


def test_an_unclosed_quote_swallows_no_case(folder: Path) -> None:
    lines = ('"a.png,1,2,benign,L1,,,', "b.png,1,2,benign,L2,,,", "a.png,9,9,malignant,L3,,,", "b.png,9,9,benign,L4,,,")
    with pytest.raises(TableMalformed, match="never closed") as caught:
        read_manifest(manifest(folder, *lines))
    assert (caught.value.line, caught.value.column) == (2, "1")


def test_more_cells_than_columns_shift_no_value(folder: Path) -> None:
    with pytest.raises(TableMalformed, match="decimal comma"):
        read_manifest(manifest(folder, "a.png,benign,L1,380,5,200", header="image,label,lesion_id,x,y"))


@pytest.mark.parametrize("name", ["Patient_ID", "patientid"])
def test_a_misspelled_patient_column_does_not_split_patients(folder: Path, name: str) -> None:
    with pytest.raises(ColumnMisspelled, match=r"did you mean patient_id\?"):
        read_manifest(manifest(folder, "a.png,1,2,benign,L1,P1", header=f"image,x,y,label,lesion_id,{name}"))


def test_semicolons_are_told_for_what_they_are(folder: Path) -> None:
    with pytest.raises(SeparatorWrong, match="semicolons"):
        read_manifest(manifest(folder, "a.png;1,5;2,5;benign;L1", header="image;x;y;label;lesion_id"))


@pytest.mark.parametrize("column", ["patient_id", "lesion_id"])
def test_identifiers_that_a_spreadsheet_turned_into_floats_are_refused(folder: Path, column: str) -> None:
    ids = {"patient_id": ("L1,101.0", "L2,102.0"), "lesion_id": ("1.0,P1", "2.0,P2")}[column]
    lines = (f"a.png,1,2,benign,{ids[0]},,", f"b.png,1,2,benign,{ids[1]},,")
    with pytest.raises(ManifestValueInvalid, match="decimal number") as caught:
        read_manifest(manifest(folder, *lines))
    assert (caught.value.line, caught.value.column) == (2, column)


def test_identifiers_with_points_of_their_own_are_kept(folder: Path) -> None:
    cases = read_manifest(manifest(folder, "a.png,1,2,benign,12.0,,,", "b.png,1,2,benign,12.1,,,"))
    assert [case.lesion_id for case in cases] == ["12.0", "12.1"]
