"""Builds DICOM mammograms in memory, with pydicom and the encoders of several independent libraries."""

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID, DigitalMammographyXRayImageStorageForPresentation, ExplicitVRLittleEndian

Stored = NDArray[np.integer]
MakeDataset = Callable[..., Dataset]
MakeDicom = Callable[..., bytes]


def mammogram_dataset(stored: Stored, bits: int, **attributes: Any) -> Dataset:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = DigitalMammographyXRayImageStorageForPresentation
    dataset.file_meta.MediaStorageSOPInstanceUID = UID("2.25.1")
    dataset.SOPClassUID = DigitalMammographyXRayImageStorageForPresentation
    dataset.SOPInstanceUID = "2.25.1"
    dataset.Modality = "MG"
    dataset.PresentationIntentType = "FOR PRESENTATION"
    dataset.StudyInstanceUID = "2.25.2"
    dataset.SeriesInstanceUID = "2.25.3"
    dataset.PatientID = "TEST"
    dataset.PatientName = "Test"
    dataset.Rows, dataset.Columns = stored.shape[-2:]
    if stored.ndim == 3:
        dataset.NumberOfFrames = stored.shape[0]
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated = 8 * stored.dtype.itemsize
    dataset.BitsStored = bits
    dataset.HighBit = bits - 1
    dataset.PixelRepresentation = int(stored.dtype.kind == "i")
    dataset.ImagerPixelSpacing = [0.1, 0.1]
    dataset.PixelData = stored.tobytes() + b"\0" * (stored.nbytes % 2)
    dataset["PixelData"].VR = "OB" if stored.dtype.itemsize == 1 else "OW"
    for keyword, value in attributes.items():
        if value is None:
            delattr(dataset, keyword)
        else:
            setattr(dataset, keyword, value)
    return dataset


def file_bytes(dataset: Dataset) -> bytes:
    stream = io.BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def encapsulated(dataset: Dataset, transfer_syntax: str, frames: list[bytes], **options: Any) -> Dataset:
    dataset.file_meta.TransferSyntaxUID = UID(transfer_syntax)
    dataset.PixelData = encapsulate(frames, **options)
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    return dataset


@pytest.fixture(scope="session")
def make_dataset() -> MakeDataset:
    """`make_dataset(stored, bits, **attributes) -> Dataset`: a mammogram; an attribute of None is left out."""
    return mammogram_dataset


@pytest.fixture(scope="session")
def make_dicom() -> MakeDicom:
    """`make_dicom(stored, bits, **attributes) -> bytes`: the same as a file."""

    def make(stored: Stored, bits: int, transfer_syntax: str = ExplicitVRLittleEndian, **attributes: Any) -> bytes:
        dataset = mammogram_dataset(stored, bits, **attributes)
        dataset.file_meta.TransferSyntaxUID = UID(transfer_syntax)
        return file_bytes(dataset)

    return make


@pytest.fixture(scope="session")
def save() -> Callable[[Dataset], bytes]:
    """Write a data set to bytes."""
    return file_bytes


@pytest.fixture(scope="session")
def encapsulate_frames() -> Callable[..., Dataset]:
    """`encapsulate_frames(dataset, transfer_syntax, frames) -> Dataset`."""
    return encapsulated


@pytest.fixture(scope="session")
def textured() -> Callable[..., Stored]:
    """`textured(bits, signed=False) -> ndarray`: a smooth picture with noise over nearly all of the range."""

    def make(bits: int, signed: bool = False, shape: tuple[int, int] = (64, 50)) -> Stored:
        rng = np.random.default_rng(bits)
        y, x = np.mgrid[: shape[0], : shape[1]]
        smooth = (np.sin(x / 9) + np.cos(y / 13) + 2) / 4
        values = smooth * 0.9 * (2**bits - 1) + rng.normal(0, 1.5, shape)
        values = np.clip(np.rint(values), 0, 2**bits - 1).astype(np.int64)
        values[0, 0], values[0, 1] = 0, 2**bits - 1
        if signed:
            values -= 2 ** (bits - 1)
        stored: Stored = values.astype(f"{'i' if signed else 'u'}{1 if bits <= 8 else 2}")
        return stored

    return make
