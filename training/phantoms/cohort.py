"""A whole cohort of phantoms on disk: image files and the manifest that lists them."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from training.cohort.cases import Case, Label, write_manifest
from training.outputs import FolderOutput
from training.phantoms.dicom_file import ENCODINGS, NOT_CLINICAL, Identity, write_dicom
from training.phantoms.formats import PhantomFormat
from training.phantoms.mass import random_mass
from training.phantoms.plan import PlannedLesion, plan_cohort
from training.phantoms.projection import View
from training.phantoms.view import PhantomView, phantom_view
from training.progress import ReportProgress, no_progress

VIEW_ORDER = (View.CC, View.MLO, View.ML, View.LM)
NOTICE_FILE = "READ-ME-FIRST.txt"


def _is_phantoms(folder: Path) -> bool:
    try:
        return (folder / NOTICE_FILE).read_bytes().startswith(NOT_CLINICAL.encode())
    except OSError:
        return False


PHANTOMS = FolderOutput("phantoms", ("manifest.csv", "images", NOTICE_FILE), _is_phantoms)


def write_phantom_cohort(
    folder: Path,
    n_lesions: int,
    seed: int,
    *,
    file_format: PhantomFormat = PhantomFormat.DICOM,
    on_lesion: ReportProgress = no_progress,
) -> Path:
    """Plan a small cohort with `plan_cohort` and write it with `write_planned_cohort`; return the manifest's path."""
    return write_planned_cohort(folder, plan_cohort(n_lesions, seed), file_format=file_format, on_lesion=on_lesion)


def write_planned_cohort(
    folder: Path,
    plan: Sequence[PlannedLesion],
    *,
    file_format: PhantomFormat = PhantomFormat.DICOM,
    spacing_mm: float = 0.1,
    workers: int = 2,
    on_lesion: ReportProgress = no_progress,
) -> Path:
    """Make every planned phantom and write images and manifest.

    The same plan gives the same files, byte for byte, whatever the number of workers.

    Parameters
    ----------
    folder
        Where to write: ``manifest.csv``, ``images/`` and a notice that these are phantoms.
    plan
        The lesions, see `plan_cohort` and `plan_paper_cohort`.
    file_format
        DICOM (12 and 14 bits, both polarities), or 16-bit PNG with the spacing in the manifest.
    spacing_mm
        Pixel size.
    workers
        Threads; the heavy steps release the interpreter.
    on_lesion
        Told (lesions done, lesions in all) after each lesion.

    Returns
    -------
    Path
        The manifest.
    """
    (folder / "images").mkdir(parents=True, exist_ok=True)
    (folder / NOTICE_FILE).write_text(f"{NOT_CLINICAL}\nMade for demonstrations and tests.\n", encoding="utf-8")
    cases: list[Case] = []
    with ThreadPoolExecutor(workers) as pool:
        made = pool.map(lambda lesion: _write_lesion(folder / "images", lesion, file_format, spacing_mm), plan)
        for done, lesion_cases in enumerate(made, start=1):
            cases += lesion_cases
            on_lesion(done, len(plan))
    manifest = folder / "manifest.csv"
    write_manifest(manifest, cases)
    return manifest


def write_unseen_phantom(
    folder: Path, seed: int, *, malignant: bool = True, file_format: PhantomFormat = PhantomFormat.DICOM
) -> Case:
    """Write one view of one more lesion, which belongs to no cohort, to try a fitted model on.

    Parameters
    ----------
    folder
        Where to write the image.
    seed
        Any; the lesion differs from those of every cohort, also of one with the same seed.
    malignant
        Pathology to draw.
    file_format
        See `write_planned_cohort`.

    Returns
    -------
    Case
        The image, the marked center and the truth.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lesion = PlannedLesion("UNSEEN", "PHANTOM-UNSEEN", Label(malignant), 14.0, 1, (seed, 2, 0))
    return _write_lesion(folder, lesion, file_format, 0.1)[0]


def _write_lesion(folder: Path, lesion: PlannedLesion, file_format: PhantomFormat, spacing_mm: float) -> list[Case]:
    rng = np.random.default_rng(lesion.seed)
    mass = random_mass(rng, lesion.label is Label.MALIGNANT, lesion.diameter_mm)
    left = bool(rng.random() < 0.5)
    depth_mm = float(rng.uniform(24.0, 40.0))
    encoding = ENCODINGS[int(rng.integers(len(ENCODINGS)))]
    cases = []
    for index in range(lesion.n_views):
        kind = VIEW_ORDER[index % len(VIEW_ORDER)]
        view = phantom_view(rng, mass, kind, left=left, depth_mm=depth_mm, spacing_mm=spacing_mm)
        path = folder / f"{lesion.lesion_id}-{index + 1:02d}-{kind.value}"
        if file_format is PhantomFormat.DICOM:
            path = path.with_suffix(".dcm")
            study = f"{lesion.lesion_id} {lesion.seed}"
            write_dicom(path, view, encoding, Identity(lesion.patient_id, study, index + 1))
        else:
            path = path.with_suffix(".png")
            _write_png(path, view)
        cases.append(_case(path, lesion, view, file_format))
    return cases


def _case(path: Path, lesion: PlannedLesion, view: PhantomView, file_format: PhantomFormat) -> Case:
    return Case(
        image=path,
        center=view.center,
        label=lesion.label,
        lesion_id=lesion.lesion_id,
        patient_id=lesion.patient_id,
        pixel_spacing_mm=view.spacing_mm if file_format is PhantomFormat.PNG else None,
        view=view.view.value,
    )


def _write_png(path: Path, view: PhantomView) -> None:
    """Write 16-bit gray; PNG carries no spacing, so the manifest does."""
    Image.fromarray(np.rint(view.gray * np.float32(65535)).astype(np.uint16)).save(path, compress_level=1)
