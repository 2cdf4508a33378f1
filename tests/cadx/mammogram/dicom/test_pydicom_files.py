"""pydicom's own test files, with Modality set to MG: every one of a single gray frame, against pydicom's processing."""

import warnings
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.data.data_manager import DATA_ROOT
from pydicom.pixels.processing import apply_modality_lut, apply_voi_lut

from cadx.errors import MammogramError, OneGrayImage
from cadx.mammogram import ReadingPolicy, read_mammogram
from cadx.mammogram.gray.pixels import GrayPixels

RAW_TOO = ReadingPolicy(allow_for_processing=True)
FILES = sorted(path for path in Path(DATA_ROOT).rglob("*") if path.is_file() and path.suffix in {".dcm", ""})
NOT_READ = {
    "no_pixel_data": "no pixels: reports, plans, structures, waveforms, directories",
    "frame_needed": "several frames",
    "unsupported_pixels": "color, 1 bit, 32 bits or floating point",
    "unsupported_transfer_syntax": "no transfer syntax, or one that is not read",
    "truncated_image": "cut short",
    "unreadable_image": "no data set",
    "unknown_image_format": "no DICOM file",
    "pixel_data_mismatch": "fewer pixels than declared",
    "invalid_header_value": "no Rows or BitsStored",
}


def as_mammogram(path: Path) -> bytes | None:
    """The file with Modality MG, its pixels and all else untouched; None where pydicom itself cannot."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            dataset = pydicom.dcmread(path)
            dataset.Modality = "MG"
            dataset.PresentationIntentType = "FOR PRESENTATION"
            stream = BytesIO()
            dataset.save_as(stream)
        except Exception:  # noqa: BLE001 - many of these files are broken on purpose
            return None
    return stream.getvalue()


def single_gray(path: Path) -> tuple[Any, Any] | None:
    """pydicom's pixels of a file of one gray frame of up to 16 bits; None for any other."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            dataset = pydicom.dcmread(path)
            whole = dataset.pixel_array
        except Exception:  # noqa: BLE001
            return None
    gray = str(dataset.PhotometricInterpretation).startswith("MONOCHROME")
    fits = dataset.BitsAllocated in {8, 16} and whole.ndim == 2 and "PixelData" in dataset
    return (dataset, whole) if gray and fits else None


GRAY_FILES = [path for path in FILES if single_gray(path) is not None]


def test_there_are_enough() -> None:
    assert len(GRAY_FILES) >= 20


@pytest.mark.parametrize("path", GRAY_FILES, ids=lambda path: path.name)
def test_one_gray_frame_is_shown_as_pydicom_shows_it(path: Path) -> None:
    content = as_mammogram(path)
    assert content is not None
    found = single_gray(path)
    assert found is not None
    dataset, stored = found
    try:
        mammogram = read_mammogram(content, pixel_spacing_mm=caller_mm(path), policy=RAW_TOO)
    except OneGrayImage:
        assert np.unique(apply_voi_lut(apply_modality_lut(stored, dataset), dataset, index=0)).size == 1
        return
    assert isinstance(mammogram.pixels, GrayPixels)
    gray = mammogram.pixels.window(0, mammogram.rows, 0, mammogram.columns).gray.astype(np.float64)
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        gray = 1.0 - gray
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        values = apply_modality_lut(stored, dataset)
        shown = apply_voi_lut(values, dataset, index=0).astype(np.float64)
    low, high = shown_range(dataset)
    valid = mammogram.pixels.valid(stored)
    np.testing.assert_allclose(gray[valid], ((shown - low) / (high - low))[valid], atol=1e-6)


def caller_mm(path: Path) -> float | None:
    """A spacing for files that tell none, or none that a mammogram has."""
    dataset = pydicom.dcmread(path, force=True)
    told = dataset.get("ImagerPixelSpacing") or dataset.get("PixelSpacing") or dataset.get("NominalScannedPixelSpacing")
    return None if told and len(told) == 2 and all(0.02 <= float(size) <= 1 for size in told) else 0.1


def shown_range(dataset: Any) -> tuple[float, float]:
    """What pydicom scales its output to: a LUT's entries, or the modality's output over all stored values."""
    if dataset.get("VOILUTSequence"):
        return 0.0, float(2 ** dataset.VOILUTSequence[0].LUTDescriptor[2] - 1)
    bits, signed = dataset.BitsStored, dataset.PixelRepresentation == 1
    smallest = -(2 ** (bits - 1)) if signed else 0
    largest = smallest + 2**bits - 1
    if dataset.get("ModalityLUTSequence"):
        return 0.0, float(2 ** dataset.ModalityLUTSequence[0].LUTDescriptor[2] - 1)
    slope, intercept = float(dataset.get("RescaleSlope", 1)), float(dataset.get("RescaleIntercept", 0))
    return slope * smallest + intercept, slope * largest + intercept


@pytest.mark.parametrize("path", [path for path in FILES if path not in GRAY_FILES], ids=lambda path: path.name)
def test_all_others_are_refused_for_a_reason_that_is_known(path: Path) -> None:
    content = as_mammogram(path)
    if content is None:
        pytest.skip("pydicom cannot write it again")
    assert code_of(content, caller_mm(path)) in {*NOT_READ, "read"}


def code_of(content: bytes, spacing_mm: float | None) -> str:
    try:
        read_mammogram(content, pixel_spacing_mm=spacing_mm)
    except MammogramError as error:
        return error.code
    return "read"  # pydicom needs a plugin for 12-bit JPEG
