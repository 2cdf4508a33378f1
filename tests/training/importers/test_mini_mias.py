from collections import Counter
from pathlib import Path

import pytest

from cadx.records import LesionCenter
from training.cohort.cases import Label
from training.errors import ImportEmpty, ImportFileUnreadable, ImportSourceMissing, ImportValueInvalid
from training.importers import mini_mias
from training.importers.centers import OFF_IMAGE
from training.importers.mini_mias import import_mini_mias

HEADER = """              MAMMOGRAPHIC IMAGE ANALYSIS SOCIETY
1st column: MIAS database reference number.

=================================================================

"""
ROWS = """mdb001 G CIRC B 535 425 197
mdb002 G CIRC B 522 280 69
mdb003 D NORM
mdb144 F MISC B 233 994 29
mdb144 F MISC M 313 540 27
mdb145 D SPIC B 669 543 49
mdb216 D CALC M *NOTE 3*
mdb059 F CIRC B
mdb223 D CALC B 523 482 29
mdb999 F CIRC B 100 0 10
"""


def folder_with(folder: Path, rows: str, images: tuple[str, ...] = ("001", "002", "144", "223", "999")) -> Path:
    (folder / "Info.txt").write_text(HEADER + rows)
    for number in images:
        (folder / f"mdb{number}.pgm").write_bytes(b"P5\n1024 1024\n255\n")
    return folder


def test_lesions_become_cases(tmp_path: Path) -> None:
    cases = import_mini_mias(folder_with(tmp_path, ROWS)).cases
    assert [case.lesion_id for case in cases] == ["mdb001-1", "mdb002-1", "mdb144-1", "mdb144-2"]
    first = cases[0]
    assert first.center == LesionCenter(535.0, 1024.0 - 425.0)
    assert first.image == tmp_path / "mdb001.pgm"
    assert (first.pixel_spacing_mm, first.view, first.label) == (0.2, "MLO", Label.BENIGN)
    assert cases[3].label is Label.MALIGNANT


def test_films_of_a_pair_are_one_patient(tmp_path: Path) -> None:
    patients = [case.patient_id for case in import_mini_mias(folder_with(tmp_path, ROWS)).cases]
    assert patients == ["mias-001", "mias-001", "mias-072", "mias-072"]


def test_what_is_left_out_is_told_with_its_reason(tmp_path: Path) -> None:
    skipped = import_mini_mias(folder_with(tmp_path, ROWS)).skipped
    assert Counter(skip.reason for skip in skipped) == {
        mini_mias.NORMAL: 1,
        mini_mias.NO_COORDINATES: 2,
        mini_mias.CALCIFICATION: 1,
        OFF_IMAGE: 1,
        mini_mias.NO_IMAGE: 1,
    }
    assert skipped[0].place == "Info.txt line 8 (mdb003)"


def test_calcifications_are_kept_when_asked_for(tmp_path: Path) -> None:
    imported = import_mini_mias(folder_with(tmp_path, ROWS), include_calcifications=True)
    assert "mdb223-1" in [case.lesion_id for case in imported.cases]


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("mdb001 X CIRC B 535 425 197", "tissue"),
        ("mdb001 G ROUND B 535 425 197", "class"),
        ("mdb001 G CIRC", "severity"),
        ("mdb001 G CIRC Q 535 425 197", "severity"),
        ("mdb001 G CIRC B x 425 197", "x"),
        ("mdb001 G CIRC B 535", "y"),
        ("mdb001 G CIRC B 535 -4 197", "y"),
        ("mdb001 G CIRC B 535 425", "radius"),
    ],
)
def test_malformed_row_is_named_by_line_and_column(tmp_path: Path, row: str, column: str) -> None:
    with pytest.raises(ImportValueInvalid) as caught:
        import_mini_mias(folder_with(tmp_path, f"{row}\n"))
    assert (caught.value.line, caught.value.column) == (6, column)


def test_folder_without_its_table(tmp_path: Path) -> None:
    with pytest.raises(ImportSourceMissing, match=r"Info\.txt"):
        import_mini_mias(tmp_path)


def test_table_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "Info.txt").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(ImportFileUnreadable):
        import_mini_mias(tmp_path)


def test_folder_without_any_image_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImportEmpty, match="image file is not there"):
        import_mini_mias(folder_with(tmp_path, "mdb001 G CIRC B 535 425 197\n", images=()))


@pytest.mark.parametrize("content", [b"P5\n512 512\n255\n", b"not an image"])
def test_image_of_another_size_is_refused(tmp_path: Path, content: bytes) -> None:
    folder = folder_with(tmp_path, "mdb001 G CIRC B 535 425 197\n")
    (folder / "mdb001.pgm").write_bytes(content)
    with pytest.raises(ImportFileUnreadable, match=r"mdb001\.pgm"):
        import_mini_mias(folder)


def test_real_folder(shared: Path) -> None:
    everything = import_mini_mias(shared / "mini-mias", include_calcifications=True)
    assert Counter(case.label for case in everything.cases) == {Label.BENIGN: 19, Label.MALIGNANT: 13}
    assert everything.skipped == ()
    assert len(import_mini_mias(shared / "mini-mias").cases) == 24


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, "")
    (folder / "Info.txt").write_text("mdb001 G CIRC B 535 425 197\n", encoding="utf-8-sig")
    assert [case.lesion_id for case in import_mini_mias(folder).cases] == ["mdb001-1"]


def test_digits_of_another_script_are_no_coordinates(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, "")
    (folder / "Info.txt").write_text("mdb001 G CIRC B \u0665\u0663\u0665 425 197\n", encoding="utf-8")
    with pytest.raises(ImportValueInvalid, match="whole number"):
        import_mini_mias(folder)
