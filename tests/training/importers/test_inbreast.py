"""Fixture: a table with semicolons, OsiriX property lists, and images of which the importer reads the header."""

import plistlib
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cadx.records import LesionCenter
from tests.training.importers.dicom_files import write_header
from training.cohort.cases import Label
from training.errors import ImportEmpty, ImportFileUnreadable, ImportSourceMissing, ImportValueInvalid
from training.importers import inbreast
from training.importers.centers import OFF_IMAGE, OFF_OUTLINE
from training.importers.inbreast import import_inbreast, lies_in_polygon, polygon_centroid
from training.importers.records import NO_SUCH_FILE_FLOAT

HEADER = "Patient ID;Patient age;Laterality;View;Acquisition date;File Name;ACR;Bi-Rads"
ROWS = """removed;removed;R;CC;201001;20586908;3;5
removed;removed;R;MLO;201001;20586934;3;4a
removed;removed;L;CC;201001;20586960;3;1
removed;removed;L;CC;200802;20587054;2;2
removed;removed;L;CC;200802;20587080;2;0
removed;removed;L;MLO;200802;20587106;2;2
;;;;;;;
"""
SQUARE = ["(100.0, 200.0)", "(140.0, 200.0)", "(140.0, 260.0)", "(100.0, 260.0)"]


def finding(name: str, points: list[str]) -> dict[str, Any]:
    return {"Name": name, "NumberOfPoints": len(points), "Point_px": points, "Area": 0.24}


def outline(folder: Path, file_id: str, findings: list[dict[str, Any]]) -> None:
    document = {"Images": [{"ImageIndex": 0, "NumberOfROIs": len(findings), "ROIs": findings}]}
    (folder / "AllXML" / f"{file_id}.xml").write_bytes(plistlib.dumps(document))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "AllXML").mkdir()
    (tmp_path / "AllDICOMs").mkdir()
    (tmp_path / "INbreast.csv").write_text(f"{HEADER}\n{ROWS}")
    for file_id, patient in (
        ("20586908", "6c61"),
        ("20586934", "6c61"),
        ("20586960", "6c61"),
        ("20587054", "b6a4"),
        ("20587080", "b6a4"),
    ):
        write_header(tmp_path / "AllDICOMs" / f"{file_id}_{patient}_MG_R_CC_ANON.dcm", 4084, 3328)
    outline(tmp_path, "20586908", [finding("Mass", SQUARE), finding("Calcification", ["(5.0, 6.0)"])])
    outline(tmp_path, "20586934", [finding("Mass", SQUARE), finding("Mass", SQUARE[:2])])
    outline(tmp_path, "20587054", [finding("Cluster", SQUARE), finding("Mass", SQUARE)])
    outline(tmp_path, "20587080", [finding("Mass", SQUARE)])
    outline(tmp_path, "20587106", [finding("Mass", SQUARE)])
    return tmp_path


def test_outlines_become_centers_and_views_of_a_breast_one_lesion(folder: Path) -> None:
    cases = import_inbreast(folder).cases
    assert [(case.lesion_id, case.view, case.label) for case in cases] == [
        ("6c61-R-malignant", "CC", Label.MALIGNANT),
        ("6c61-R-malignant", "MLO", Label.MALIGNANT),
        ("b6a4-L-benign", "CC", Label.BENIGN),
    ]
    assert (cases[0].center.x, cases[0].center.y) == pytest.approx((120.0, 230.0))
    assert (cases[0].patient_id, cases[0].pixel_spacing_mm) == ("6c61", 0.07)


def test_what_is_left_out_is_told_with_its_reason(folder: Path) -> None:
    assert Counter(skip.reason for skip in import_inbreast(folder).skipped) == {
        inbreast.NOT_A_MASS: 2,
        inbreast.TOO_FEW_POINTS: 1,
        inbreast.NO_FINDING: 1,
        inbreast.OUTSIDE_RULE: 1,
        inbreast.NO_IMAGE: 1,
    }


def test_clusters_are_kept_when_asked_for(folder: Path) -> None:
    assert len(import_inbreast(folder, include_calcifications=True).cases) == 4


@pytest.mark.parametrize(
    "content",
    [
        b"not xml",
        b"<plist version='1.0'><dict></dict></plist>",
        plistlib.dumps({"Images": [{"ROIs": [finding("Mass", ["(1, 2)", "3; 4"])]}]}),
    ],
)
def test_malformed_outline_is_named(folder: Path, content: bytes) -> None:
    (folder / "AllXML" / "20586908.xml").write_bytes(content)
    with pytest.raises(ImportFileUnreadable, match=r"20586908\.xml"):
        import_inbreast(folder)


def test_malformed_laterality_is_named_by_line_and_column(folder: Path) -> None:
    (folder / "INbreast.csv").write_text(f"{HEADER}\n{ROWS.replace(';R;CC', ';Q;CC')}")
    with pytest.raises(ImportValueInvalid) as caught:
        import_inbreast(folder)
    assert (caught.value.line, caught.value.column) == (2, "Laterality")


def test_missing_parts(folder: Path, tmp_path: Path) -> None:
    for file in (folder / "AllXML").iterdir():
        file.unlink()
    with pytest.raises(ImportEmpty):
        import_inbreast(folder)
    (folder / "AllDICOMs").rename(folder / "elsewhere")
    with pytest.raises(ImportSourceMissing, match="AllDICOMs"):
        import_inbreast(folder)
    (folder / "INbreast.csv").unlink()
    with pytest.raises(ImportSourceMissing, match=r"INbreast\.csv"):
        import_inbreast(folder)


def test_centroid_of_a_triangle_is_the_mean_of_its_corners_whatever_its_direction() -> None:
    corners = np.array([[3000.0, 100.0], [3060.0, 130.0], [3030.0, 220.0]])
    for points in (corners, corners[::-1]):
        center = polygon_centroid(points)
        assert center is not None
        assert (center.x, center.y) == pytest.approx((3030.0, 150.0))


def test_centroid_does_not_follow_crowded_points() -> None:
    square = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 10.0]])
    crowded = np.concatenate([square, np.column_stack([np.zeros(50), np.linspace(9.9, 0.1, 50)])])
    center = polygon_centroid(crowded)
    assert center is not None
    assert (center.x, center.y) == pytest.approx((5.0, 5.0))


CROSSED = ["(100, 200)", "(160, 260)", "(160, 200)", "(100, 262)"]
"""A bow tie whose two wings nearly cancel: its centroid by the signed area lies far off."""
CRESCENT = [
    "(100, 100)",
    "(200, 100)",
    "(200, 110)",
    "(110, 110)",
    "(110, 190)",
    "(200, 190)",
    "(200, 200)",
    "(100, 200)",
]
BEYOND = ["(3300.0, 200.0)", "(3400.0, 200.0)", "(3400.0, 260.0)", "(3300.0, 260.0)"]


@pytest.mark.parametrize(
    ("points", "reasons"), [(CROSSED, {OFF_IMAGE, OFF_OUTLINE}), (CRESCENT, {OFF_OUTLINE}), (BEYOND, {OFF_IMAGE})]
)
def test_a_center_off_the_outline_or_the_image_is_left_out_and_counted(
    folder: Path, points: list[str], reasons: set[str]
) -> None:
    before = import_inbreast(folder)
    outline(folder, "20586908", [finding("Mass", points)])
    after = import_inbreast(folder)
    assert len(after.cases) == len(before.cases) - 1
    (skip,) = [skip for skip in after.skipped if skip.place == "20586908.xml finding 1"]
    assert skip.reason in reasons
    assert skip.detail.startswith("x ")


def test_an_outline_that_crosses_itself_a_little_keeps_its_center(folder: Path) -> None:
    outline(folder, "20586908", [finding("Mass", [*SQUARE, "(100.0, 201.0)", "(101.0, 199.0)"])])
    center = import_inbreast(folder).cases[0].center
    assert (center.x, center.y) == pytest.approx((120.0, 230.0), abs=0.1)


def test_inside_and_outside_of_a_polygon() -> None:
    crescent = np.array([[0, 0], [10, 0], [10, 1], [1, 1], [1, 9], [10, 9], [10, 10], [0, 10]], dtype=np.float64)
    for x, y, inside in ((0.5, 5, True), (5, 5, False), (5, 0.5, True), (11, 5, False), (-1, 5, False), (5, 11, False)):
        assert lies_in_polygon(LesionCenter(x, y), crescent) is inside
        assert lies_in_polygon(LesionCenter(x, y), crescent[::-1]) is inside


def test_file_names_that_a_spreadsheet_turned_into_floats_are_no_such_file(folder: Path) -> None:
    (folder / "INbreast.csv").write_text(f"{HEADER}\n{ROWS.replace('20586908', '20586908.0')}")
    imported = import_inbreast(folder)
    assert [(skip.reason, skip.detail) for skip in imported.skipped if "." in skip.detail] == [
        (NO_SUCH_FILE_FLOAT, "20586908.0")
    ]
    assert Counter(skip.reason for skip in imported.skipped)[inbreast.NO_FINDING] == 1


def test_an_image_that_is_no_dicom_file_is_named(folder: Path) -> None:
    (folder / "AllDICOMs" / "20586908_6c61_MG_R_CC_ANON.dcm").write_bytes(b"cut")
    with pytest.raises(ImportFileUnreadable, match="20586908_6c61"):
        import_inbreast(folder)
