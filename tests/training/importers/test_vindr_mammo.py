"""Fixture: the table as published, and images of which the importer reads the header."""

from collections import Counter
from pathlib import Path

import pytest

from cadx.records import LesionCenter
from tests.training.importers.dicom_files import write_header
from training.cohort.cases import Label
from training.errors import ImportColumnMissing, ImportEmpty, ImportSourceMissing, ImportValueInvalid
from training.importers import vindr_mammo
from training.importers.birads import birads_rule
from training.importers.records import NO_SUCH_FILE_FLOAT
from training.importers.split import Split
from training.importers.vindr_mammo import import_vindr_mammo

HEADER = (
    "study_id,series_id,laterality,view_position,image_id,height,width,breast_birads,breast_density,"
    "finding_categories,finding_birads,xmin,ymin,xmax,ymax,split"
)
MASS = """s1,r1,L,CC,i1,3518,2800,BI-RADS 4,DENSITY C,['Mass'],BI-RADS 4,1000.5,2000.0,1200.5,2300.0,training"""
ROWS = f"""{MASS}
s1,r1,L,MLO,i2,3518,2800,BI-RADS 4,DENSITY C,"['Mass', 'Skin Thickening']",BI-RADS 4,10,20,30,40,training
s2,r2,R,CC,i3,3518,2800,BI-RADS 3,DENSITY B,['Mass'],BI-RADS 3,10,20,30,40,training
s3,r3,R,CC,i4,3518,2800,BI-RADS 1,DENSITY B,['No Finding'],,,,,,training
s4,r4,R,CC,i5,3518,2800,BI-RADS 4,DENSITY B,['Suspicious Calcification'],BI-RADS 4,10,20,30,40,training
s5,r5,R,CC,i6,3518,2800,BI-RADS 5,DENSITY B,['Mass'],BI-RADS 5,10,20,30,40,test
s6,r6,R,CC,i7,3518,2800,BI-RADS 4,DENSITY B,['Mass'],BI-RADS 4,10,20,30,4000,training
s7,r7,R,CC,gone,3518,2800,BI-RADS 4,DENSITY B,['Mass'],BI-RADS 4,10,20,30,40,training
s8,r8,R,CC,i8,3518,2800,BI-RADS 4,DENSITY B,['Mass'],,10,20,30,40,training
"""


def folder_with(folder: Path, rows: str, header: str = HEADER) -> Path:
    (folder / "finding_annotations.csv").write_text(f"{header}\n{rows}")
    for row in rows.splitlines():
        study, image = row.split(",")[0], row.split(",")[4]
        if image != "gone":
            (folder / "images" / study).mkdir(parents=True, exist_ok=True)
            write_header(folder / "images" / study / f"{image}.dicom", 3518, 2800)
    return folder


def test_boxes_become_centers_and_views_of_a_breast_one_lesion(tmp_path: Path) -> None:
    cases = import_vindr_mammo(folder_with(tmp_path, ROWS)).cases
    assert [(case.lesion_id, case.view) for case in cases] == [
        ("s1-L-malignant", "CC"),
        ("s1-L-malignant", "MLO"),
        ("s2-R-benign", "CC"),
    ]
    assert cases[0].center == LesionCenter(1100.5, 2150.0)
    assert cases[0].image == tmp_path / "images" / "s1" / "i1.dicom"
    assert (cases[0].patient_id, cases[0].pixel_spacing_mm) == ("s1", None)
    assert cases[2].label is Label.BENIGN


def test_what_is_left_out_is_told_with_its_reason(tmp_path: Path) -> None:
    imported = import_vindr_mammo(folder_with(tmp_path, ROWS), rule=birads_rule("1,2", "4,5,6"))
    assert Counter(skip.reason for skip in imported.skipped) == {
        vindr_mammo.OUTSIDE_RULE: 1,
        vindr_mammo.NOT_A_MASS: 2,
        vindr_mammo.OTHER_SPLIT: 1,
        vindr_mammo.BOX_INVALID: 1,
        vindr_mammo.NO_IMAGE: 1,
        vindr_mammo.NO_BIRADS: 1,
    }
    assert any("not pathology" in note for note in imported.notes)


def test_official_test_split_is_kept_apart(tmp_path: Path) -> None:
    cases = import_vindr_mammo(folder_with(tmp_path, ROWS), split=Split.TEST).cases
    assert [case.lesion_id for case in cases] == ["s5-R-malignant"]


def test_calcifications_are_kept_when_asked_for(tmp_path: Path) -> None:
    imported = import_vindr_mammo(folder_with(tmp_path, ROWS), include_calcifications=True)
    assert "s4" in [case.patient_id for case in imported.cases]


@pytest.mark.parametrize(
    ("old", "new", "column"),
    [
        ("1000.5", "left", "xmin"),
        ("['Mass']", "Mass", "finding_categories"),
        ("['Mass']", "5", "finding_categories"),
        (",L,CC", ",X,CC", "laterality"),
        ("training", "validation", "split"),
        ("2800", "", "width"),
    ],
)
def test_malformed_cell_is_named_by_line_and_column(tmp_path: Path, old: str, new: str, column: str) -> None:
    with pytest.raises(ImportValueInvalid) as caught:
        import_vindr_mammo(folder_with(tmp_path, MASS.replace(old, new)))
    assert (caught.value.line, caught.value.column) == (2, column)


def test_missing_table_missing_column_and_nothing_left(tmp_path: Path) -> None:
    with pytest.raises(ImportSourceMissing):
        import_vindr_mammo(tmp_path)
    with pytest.raises(ImportColumnMissing, match="split"):
        import_vindr_mammo(folder_with(tmp_path, MASS, HEADER.replace(",split", "")))
    with pytest.raises(ImportEmpty):
        import_vindr_mammo(folder_with(tmp_path, MASS), split=Split.TEST)


def test_an_image_of_another_size_than_the_table_says_is_left_out(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, ROWS)
    write_header(folder / "images" / "s1" / "i1.dicom", 1518, 2800)
    imported = import_vindr_mammo(folder)
    assert [(skip.reason, skip.detail) for skip in imported.skipped if skip.place.endswith("line 2")] == [
        (vindr_mammo.OTHER_SIZE, "2800 x 1518, not 2800 x 3518")
    ]


def test_identifiers_that_a_spreadsheet_turned_into_floats_are_no_such_file(tmp_path: Path) -> None:
    imported = import_vindr_mammo(folder_with(tmp_path, ROWS.replace("gone", "1234.0")))
    assert (NO_SUCH_FILE_FLOAT, "s7/1234.0") in [(skip.reason, skip.detail) for skip in imported.skipped]
