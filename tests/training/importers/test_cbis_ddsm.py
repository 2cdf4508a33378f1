"""Fixture: tables as published and small DICOM files in the folders that the archive's downloader makes."""

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from cadx.mammogram import read_mammogram
from tests.training.importers.dicom_files import write_image
from training.cohort.cases import Label
from training.errors import (
    ImportColumnMissing,
    ImportEmpty,
    ImportFileUnreadable,
    ImportSettingInvalid,
    ImportSourceMissing,
    ImportValueInvalid,
)
from training.importers import cbis_ddsm, cbis_ddsm_files
from training.importers.cbis_ddsm import import_cbis_ddsm
from training.importers.centers import OFF_OUTLINE
from training.importers.digitizers import Digitizer, Digitizers, read_digitizers
from training.importers.records import LESION_CONTRADICTS_ITSELF
from training.importers.split import Split

COLUMNS = (
    "patient_id",
    "breast_density",
    "left or right breast",
    "image view",
    "abnormality id",
    "abnormality type",
    "mass shape",
    "mass margins",
    "assessment",
    "pathology",
    "subtlety",
    "image file path",
    "cropped image file path",
    "ROI mask file path",
)
LUMISYS = Digitizers({}, Digitizer.LUMISYS)


def mask(shape: tuple[int, int], rows: slice, columns: slice) -> np.ndarray:
    pixels = np.zeros(shape, dtype=np.uint8)
    pixels[rows, columns] = 255
    return pixels


class Collection:
    """A CBIS-DDSM folder that grows by one abnormality at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows: list[dict[str, str]] = []

    def add(
        self, patient: str = "P_00001", view: str = "CC", pathology: str = "MALIGNANT", split: str = "Training"
    ) -> str:
        """Add a row without files; give the name of its case."""
        case = f"Mass-{split}_{patient}_LEFT_{view}"
        self.rows.append(
            dict.fromkeys(COLUMNS, "3")
            | {
                "patient_id": patient,
                "left or right breast": "LEFT",
                "image view": view,
                "abnormality id": "1",
                "abnormality type": "mass",
                "pathology": pathology,
                "image file path": f"{case}/1.3.6.1.4.1.9590.1/1.3.6.1.4.1.9590.2/000000.dcm",
                "cropped image file path": f"{case}_1/1.3.6.1.4.1.9590.3/1.3.6.1.4.1.9590.4/000000.dcm",
                "ROI mask file path": f"{case}_1/1.3.6.1.4.1.9590.3/1.3.6.1.4.1.9590.4/000001.dcm\n",
            }
        )
        return case

    def files(self, case: str, image: tuple[int, int], mask_pixels: np.ndarray, mask_name: str = "1-2.dcm") -> None:
        """Write the image, and beside the mask a crop that must not be taken for it."""
        root = self.folder / "CBIS-DDSM"
        write_image(root / case / "07-20-2016-DDSM-1" / "1.0-full" / "1-1.dcm", np.zeros(image, dtype=np.uint16))
        masks = root / f"{case}_1" / "07-20-2016-DDSM-2" / "1.0-ROI mask images"
        write_image(masks / mask_name, mask_pixels)
        crop_name = "1-1.dcm" if mask_name == "1-2.dcm" else "1-2.dcm"
        write_image(masks / crop_name, np.full((8, 6), 40000, dtype=np.uint16))

    def write(self, split: str = "train") -> Path:
        with (self.folder / f"mass_case_description_{split}_set.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(self.rows)
        return self.folder


@pytest.fixture
def collection(tmp_path: Path) -> Collection:
    return Collection(tmp_path)


@pytest.mark.parametrize("mask_name", ["1-1.dcm", "1-2.dcm"])
def test_center_is_the_centroid_of_the_mask_wherever_the_crop_lies(collection: Collection, mask_name: str) -> None:
    case = collection.add()
    collection.files(case, (60, 40), mask((60, 40), slice(10, 20), slice(4, 8)), mask_name)
    (imported,) = import_cbis_ddsm(collection.write(), LUMISYS).cases
    assert (imported.center.x, imported.center.y) == (6.0, 15.0)
    assert imported.image.name == "1-1.dcm"
    assert case in str(imported.image)
    assert imported.lesion_id == "P_00001-LEFT-mass-1"
    assert (imported.patient_id, imported.view, imported.pixel_spacing_mm) == ("P_00001", "CC", 0.05)
    assert imported.label is Label.MALIGNANT
    mammogram = read_mammogram(imported.image, pixel_spacing_mm=imported.pixel_spacing_mm)
    assert (mammogram.rows, mammogram.columns, mammogram.spacing.row_mm) == (60, 40, 0.05)


def test_files_sorted_by_series_are_found_too(collection: Collection) -> None:
    collection.add()
    root = collection.folder / "CBIS-DDSM"
    write_image(root / "1.3.6.1.4.1.9590.2" / "1-1.dcm", np.zeros((60, 40), dtype=np.uint16))
    write_image(root / "1.3.6.1.4.1.9590.4" / "1-1.dcm", mask((60, 40), slice(10, 20), slice(4, 8)))
    write_image(root / "1.3.6.1.4.1.9590.4" / "1-2.dcm", np.full((8, 6), 40000, dtype=np.uint16))
    (imported,) = import_cbis_ddsm(collection.write(), LUMISYS).cases
    assert (imported.center.x, imported.center.y) == (6.0, 15.0)


def test_path_without_folders_finds_nothing(collection: Collection) -> None:
    collection.add()
    collection.rows[0]["image file path"] = "000000.dcm"
    with pytest.raises(ImportEmpty, match="image file is not there"):
        import_cbis_ddsm(collection.write(), LUMISYS)


def test_mask_of_another_size_is_carried_over_and_of_another_shape_refused(collection: Collection) -> None:
    collection.files(collection.add(), (120, 80), mask((60, 40), slice(10, 20), slice(4, 8)))
    collection.files(collection.add("P_00002"), (120, 80), mask((60, 60), slice(10, 20), slice(4, 8)))
    imported = import_cbis_ddsm(collection.write(), LUMISYS)
    (case,) = imported.cases
    assert (case.center.x, case.center.y) == (12.0, 30.0)
    assert [(skip.reason, skip.detail) for skip in imported.skipped] == [
        (cbis_ddsm_files.MASK_SHAPE, "mask 60 x 60, image 80 x 120")
    ]
    assert imported.notes[0].startswith("1 mask(s)")


def test_both_benign_classes_are_benign(collection: Collection) -> None:
    for number, pathology in enumerate(("BENIGN", "BENIGN_WITHOUT_CALLBACK"), start=1):
        case = collection.add(f"P_0000{number}", pathology=pathology)
        collection.files(case, (60, 40), mask((60, 40), slice(10, 20), slice(4, 8)))
    assert [case.label for case in import_cbis_ddsm(collection.write(), LUMISYS).cases] == [Label.BENIGN] * 2


def test_what_is_left_out_is_told_with_its_reason(collection: Collection) -> None:
    good = mask((60, 40), slice(10, 20), slice(4, 8))
    collection.files(collection.add(), (60, 40), good)
    collection.files(collection.add("P_00002"), (60, 40), np.zeros((60, 40), dtype=np.uint8))
    collection.files(collection.add("P_00003"), (60, 40), np.arange(2400, dtype=np.uint16).reshape(60, 40))
    collection.add("P_00004")
    only_image = collection.add("P_00005")
    write_image(collection.folder / only_image / "a" / "b" / "1-1.dcm", np.zeros((60, 40), dtype=np.uint16))
    collection.files(collection.add("P_00006", "CC"), (60, 40), good)
    collection.files(collection.add("P_00006", "MLO", "BENIGN"), (60, 40), good)
    imported = import_cbis_ddsm(collection.write(), LUMISYS)
    assert [case.patient_id for case in imported.cases] == ["P_00001"]
    assert Counter(skip.reason for skip in imported.skipped) == {
        cbis_ddsm_files.MASK_EMPTY: 1,
        cbis_ddsm_files.MASK_NOT_BINARY: 1,
        cbis_ddsm.NO_IMAGE: 1,
        cbis_ddsm.NO_MASK: 1,
        LESION_CONTRADICTS_ITSELF: 2,
    }


def test_spacing_follows_from_the_digitizer_and_is_never_guessed(collection: Collection, tmp_path: Path) -> None:
    for number in (1, 2, 3):
        collection.files(collection.add(f"P_0000{number}"), (60, 40), mask((60, 40), slice(0, 9), slice(0, 9)))
    table = tmp_path / "digitizers.csv"
    table.write_text("patient_id,digitizer\nP_00001,dba\nP_00002,howtek\n")
    imported = import_cbis_ddsm(collection.write(), read_digitizers(table, None))
    assert [case.pixel_spacing_mm for case in imported.cases] == [0.042, 0.0435]
    assert [skip.reason for skip in imported.skipped] == [cbis_ddsm.NO_DIGITIZER]


def test_digitizers_have_to_be_given(tmp_path: Path) -> None:
    with pytest.raises(ImportSettingInvalid, match="lumisys"):
        read_digitizers(None, None)
    table = tmp_path / "digitizers.csv"
    table.write_text("patient_id,digitizer\nP_00001,flatbed\n")
    with pytest.raises(ImportValueInvalid, match="flatbed"):
        read_digitizers(table, None)


def test_official_test_split_is_kept_apart(collection: Collection) -> None:
    collection.files(collection.add(split="Test"), (60, 40), mask((60, 40), slice(10, 20), slice(4, 8)))
    collection.write("test")
    with pytest.raises(ImportSourceMissing, match="train"):
        import_cbis_ddsm(collection.folder, LUMISYS)
    told: list[tuple[int, int]] = []
    imported = import_cbis_ddsm(
        collection.folder, LUMISYS, split=Split.TEST, progress=lambda done, total: told.append((done, total))
    )
    assert len(imported.cases) == 1
    assert told == [(1, 1)]


def test_malformed_tables_and_files_are_named(collection: Collection) -> None:
    case = collection.add()
    collection.files(case, (60, 40), mask((60, 40), slice(10, 20), slice(4, 8)))
    collection.rows[0]["pathology"] = "UNPROVEN"
    with pytest.raises(ImportValueInvalid) as caught:
        import_cbis_ddsm(collection.write(), LUMISYS)
    assert (caught.value.line, caught.value.column) == (2, "pathology")
    collection.rows[0]["pathology"] = "BENIGN"
    for path in (collection.folder / "CBIS-DDSM" / case).rglob("*.dcm"):
        path.write_bytes(b"not DICOM at all, but long enough" * 8)
    with pytest.raises(ImportFileUnreadable, match=r"1-1\.dcm"):
        import_cbis_ddsm(collection.write(), LUMISYS)
    (collection.folder / "mass_case_description_train_set.csv").write_text("patient_id\nP_00001\n")
    with pytest.raises(ImportColumnMissing, match="pathology"):
        import_cbis_ddsm(collection.folder, LUMISYS)


def test_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(ImportSourceMissing, match="nowhere"):
        import_cbis_ddsm(tmp_path / "nowhere", LUMISYS)


GOOD = mask((60, 40), slice(10, 20), slice(4, 8))


def test_tables_that_do_not_fit_the_folders_give_no_file_of_another_lesion(collection: Collection) -> None:
    first, second = collection.add(), collection.add("P_00002", pathology="BENIGN")
    collection.files(first, (60, 40), GOOD)
    collection.files(second, (60, 40), GOOD)
    collection.rows[1]["ROI mask file path"] = collection.rows[0]["ROI mask file path"]
    imported = import_cbis_ddsm(collection.write(), LUMISYS)
    assert [case.patient_id for case in imported.cases] == ["P_00001"]
    assert [(skip.reason, skip.detail) for skip in imported.skipped] == [
        (cbis_ddsm_files.PATH_OF_ANOTHER, f"{first}_1, not {second}_1")
    ]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("left or right breast", "RIGHT"),
        ("image view", "MLO"),
        ("patient_id", "P_00009"),
        ("abnormality type", "calcification"),
        ("abnormality id", "2"),
    ],
)
def test_a_row_whose_paths_are_of_another_case_is_left_out(collection: Collection, column: str, value: str) -> None:
    collection.files(collection.add(), (60, 40), GOOD)
    collection.files(collection.add("P_00002"), (60, 40), GOOD)
    collection.rows[1][column] = value
    imported = import_cbis_ddsm(collection.write(), LUMISYS)
    assert [case.patient_id for case in imported.cases] == ["P_00001"]
    assert [skip.reason for skip in imported.skipped] == [cbis_ddsm_files.PATH_OF_ANOTHER]


@pytest.mark.parametrize("path", ["CBIS-DDSM/jpeg/1.3.6.1.4.1.9590.9/1-249.jpg", "CBIS-DDSM/1-1.dcm"])
def test_a_path_without_the_case_never_searches_the_whole_collection(collection: Collection, path: str) -> None:
    collection.files(collection.add(), (60, 40), GOOD)
    collection.add("P_00002", pathology="BENIGN")
    collection.rows[1]["image file path"] = collection.rows[1]["ROI mask file path"] = path
    imported = import_cbis_ddsm(collection.write(), LUMISYS)
    assert [case.patient_id for case in imported.cases] == ["P_00001"]
    assert [skip.reason for skip in imported.skipped] == [cbis_ddsm_files.PATH_OF_ANOTHER]


@pytest.mark.parametrize("up", ["", "../"])
def test_a_path_out_of_the_data_set_is_not_followed(
    collection: Collection, tmp_path_factory: pytest.TempPathFactory, up: str
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    collection.files(collection.add(), (60, 40), GOOD)
    case = collection.add("P_00002")
    collection.files(case, (60, 40), GOOD)
    write_image(elsewhere / "1.2" / "1-1.dcm", np.zeros((60, 40), dtype=np.uint16))
    path = f"{elsewhere}/1.2/1-1.dcm" if not up else f"../{elsewhere.name}/1.2/1-1.dcm"
    collection.rows[1]["image file path"] = path
    imported = import_cbis_ddsm(collection.write(), LUMISYS)
    assert [skip.reason for skip in imported.skipped] == [cbis_ddsm_files.PATH_OUTSIDE]


def test_a_file_that_says_that_it_is_of_another_case_is_left_out(collection: Collection) -> None:
    first, second = collection.add(), collection.add("P_00002")
    collection.files(first, (60, 40), GOOD)
    collection.files(second, (60, 40), GOOD)
    for case, name in ((first, first), (second, first)):
        (image,) = (collection.folder / "CBIS-DDSM" / case).rglob("*.dcm")
        write_image(image, np.zeros((60, 40), dtype=np.uint16), patient_id=name)
    imported = import_cbis_ddsm(collection.write(), LUMISYS)
    assert [case.patient_id for case in imported.cases] == ["P_00001"]
    assert [(skip.reason, skip.detail) for skip in imported.skipped] == [
        (cbis_ddsm_files.FILE_OF_ANOTHER, f"{first}, not {second}")
    ]


def test_a_centroid_that_the_mask_does_not_mark_is_left_out(collection: Collection) -> None:
    collection.files(collection.add(), (60, 40), GOOD)
    ring = mask((60, 40), slice(10, 40), slice(5, 35))
    ring[15:35, 10:30] = 0
    collection.files(collection.add("P_00002"), (60, 40), ring)
    imported = import_cbis_ddsm(collection.write(), LUMISYS)
    assert [(skip.reason, skip.detail) for skip in imported.skipped] == [(OFF_OUTLINE, "x 20.0, y 25.0")]


def test_an_abnormality_that_became_a_float_is_named_by_line_and_column(collection: Collection) -> None:
    collection.files(collection.add(), (60, 40), GOOD)
    collection.rows[0]["abnormality id"] = "1.0"
    with pytest.raises(ImportValueInvalid, match="a whole number"):
        import_cbis_ddsm(collection.write(), LUMISYS)
