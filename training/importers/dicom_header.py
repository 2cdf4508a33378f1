"""What an importer asks of a DICOM file without decoding its pixels."""

from dataclasses import dataclass
from pathlib import Path

import pydicom
from pydicom.errors import InvalidDicomError

from training.errors import ImportFileUnreadable


@dataclass(frozen=True, slots=True)
class DicomHeader:
    """Size and name of an image.

    Attributes
    ----------
    rows, columns
        In pixels.
    patient_id
        As the file says; empty where it does not.
    """

    rows: int
    columns: int
    patient_id: str


def read_dicom_header(dataset: str, path: Path) -> DicomHeader:
    """Read the header of an image.

    Raises
    ------
    ImportFileUnreadable
        When the file is no DICOM image.
    """
    try:
        found = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=["Rows", "Columns", "PatientID"])
        return DicomHeader(int(found.Rows), int(found.Columns), str(found.get("PatientID") or "").strip())
    except (InvalidDicomError, AttributeError, ValueError, TypeError, EOFError) as error:
        raise ImportFileUnreadable(dataset, path.name, str(error) or type(error).__name__) from None
