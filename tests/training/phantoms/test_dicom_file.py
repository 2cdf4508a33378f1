"""Files are read back by pydicom, by the product, and by independent validators where those are installed."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pydicom
import pytest

from cadx.mammogram import read_mammogram
from training.phantoms import PhantomView, View, phantom_view, random_mass
from training.phantoms.dicom_file import ENCODINGS, Encoding, Identity, write_dicom


@pytest.fixture(scope="module")
def view() -> PhantomView:
    rng = np.random.default_rng(0)
    return phantom_view(rng, random_mass(rng, True, 14.0), View.MLO, left=False)


def written(folder: Path, view: PhantomView, encoding: Encoding = ENCODINGS[0], number: int = 1) -> Path:
    path = folder / f"view-{number}.dcm"
    write_dicom(path, view, encoding, Identity("PHANTOM-0001", "study", number))
    return path


@pytest.mark.parametrize("encoding", ENCODINGS, ids=str)
def test_product_reads_the_phantom_gray_and_spacing(tmp_path: Path, view: PhantomView, encoding: Encoding) -> None:
    mammogram = read_mammogram(written(tmp_path, view, encoding))
    rows, columns = view.gray.shape
    gray = mammogram.pixels.window(0, rows, 0, columns).gray
    assert np.abs(gray - view.gray).max() <= 1.01 / (2**encoding.bits_stored - 1)
    assert mammogram.spacing.row_mm == mammogram.spacing.column_mm == 0.1
    assert mammogram.flags == ()


def test_attributes_say_what_the_image_shows(tmp_path: Path, view: PhantomView) -> None:
    dataset = pydicom.dcmread(written(tmp_path, view, Encoding(14, True)))
    assert dataset.SOPClassUID == "1.2.840.10008.5.1.4.1.1.1.2"
    assert dataset.PresentationIntentType == "FOR PRESENTATION"
    assert dataset.Modality == "MG"
    assert dataset.ViewPosition == "MLO"
    assert dataset.ViewCodeSequence[0].CodeValue == "399368009"
    assert dataset.ImageLaterality == "R"
    assert dataset.PatientOrientation == ["P", "FL"]
    assert dataset.ImagerPixelSpacing == [0.1, 0.1]
    assert dataset.PhotometricInterpretation == "MONOCHROME1"
    assert dataset.PresentationLUTShape == "INVERSE"
    assert (dataset.BitsStored, dataset.HighBit, dataset.BitsAllocated) == (14, 13, 16)
    assert str(dataset.PatientName).rstrip("^") == "PHANTOM"
    assert "Never clinical evidence" in dataset.ImageComments


def test_identifiers_follow_from_the_identity(tmp_path: Path, view: PhantomView) -> None:
    first, again, second = (
        pydicom.dcmread(written(tmp_path, view, number=number), stop_before_pixels=True) for number in (1, 1, 2)
    )
    assert first.SOPInstanceUID == again.SOPInstanceUID
    assert first.SOPInstanceUID != second.SOPInstanceUID
    assert first.StudyInstanceUID == second.StudyInstanceUID
    assert first.file_meta.MediaStorageSOPInstanceUID == first.SOPInstanceUID


@pytest.mark.parametrize("kind", list(View))
def test_validator_finds_no_error(tmp_path: Path, kind: View) -> None:
    if shutil.which("dciodvfy") is None:
        pytest.skip("dciodvfy (dicom3tools) is not installed")
    rng = np.random.default_rng(1)
    path = written(tmp_path, phantom_view(rng, random_mass(rng, False, 8.0), kind, spacing_mm=0.5))
    report = subprocess.run(["dciodvfy", path], capture_output=True, text=True, check=False, timeout=30)
    assert "MammographyImageForPresentation" in report.stderr
    # Synthetic Data (0008,001C) is younger than the validator.
    assert [line for line in report.stderr.splitlines() if "Error" in line and "(0x0008,0x001c)" not in line] == []


def test_dcmtk_reads_the_file(tmp_path: Path, view: PhantomView) -> None:
    if shutil.which("dcmdump") is None:
        pytest.skip("dcmdump (dcmtk) is not installed")
    dump = subprocess.run(["dcmdump", written(tmp_path, view)], capture_output=True, text=True, check=True, timeout=30)
    assert "DigitalMammographyXRayImageStorageForPresentation" in dump.stdout
    assert dump.stderr == ""
