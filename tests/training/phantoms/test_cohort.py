import hashlib
from pathlib import Path

import numpy as np
import pytest

from cadx.mammogram import read_mammogram
from training.cohort.cases import Case, Label, read_manifest
from training.phantoms import (
    PhantomFormat,
    plan_cohort,
    write_phantom_cohort,
    write_planned_cohort,
    write_unseen_phantom,
)


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cohort")
    write_phantom_cohort(folder, 2, seed=1)
    return folder


def gray(case: Case) -> np.ndarray:
    mammogram = read_mammogram(case.image, pixel_spacing_mm=case.pixel_spacing_mm)
    return mammogram.pixels.window(0, mammogram.rows, 0, mammogram.columns).gray


def test_manifest_lists_what_was_planned(cohort: Path) -> None:
    cases = read_manifest(cohort / "manifest.csv")
    plan = plan_cohort(2, seed=1)
    assert len(cases) == sum(lesion.n_views for lesion in plan)
    assert {(case.lesion_id, case.label, case.patient_id) for case in cases} == {
        (lesion.lesion_id, lesion.label, lesion.patient_id) for lesion in plan
    }
    assert [case.view for case in cases if case.lesion_id == "L0001"][:2] == ["CC", "MLO"]
    assert all(case.pixel_spacing_mm is None for case in cases)


def test_same_plan_gives_the_same_bytes_whatever_the_workers_and_tells_its_progress(
    cohort: Path, tmp_path: Path
) -> None:
    told: list[tuple[int, int]] = []
    write_planned_cohort(
        tmp_path, plan_cohort(2, seed=1), workers=1, on_lesion=lambda done, total: told.append((done, total))
    )
    assert digests(tmp_path) == digests(cohort)
    assert told == [(1, 2), (2, 2)]


def test_png_carries_its_spacing_in_the_manifest_and_shows_the_same_image(cohort: Path, tmp_path: Path) -> None:
    manifest = write_phantom_cohort(tmp_path, 2, seed=1, file_format=PhantomFormat.PNG)
    png, dicom = read_manifest(manifest)[0], read_manifest(cohort / "manifest.csv")[0]
    assert png.pixel_spacing_mm == 0.1
    assert png.center == dicom.center
    assert np.abs(gray(png) - gray(dicom)).max() <= 0.6 / 4095


def test_everything_says_that_it_is_synthetic(cohort: Path) -> None:
    assert "Never clinical evidence" in (cohort / "READ-ME-FIRST.txt").read_text()


def test_unseen_phantom_is_in_no_cohort(cohort: Path, tmp_path: Path) -> None:
    unseen = write_unseen_phantom(tmp_path, seed=1, malignant=False)
    assert unseen.label is Label.BENIGN
    assert unseen.image.is_file()
    assert hashlib.sha256(unseen.image.read_bytes()).hexdigest() not in digests(cohort).values()
