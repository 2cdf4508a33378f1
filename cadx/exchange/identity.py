"""Who and what an image is of, taken from its header: the only place of the product that reads an identity.

Values are normalized here, once: text becomes Unicode, an absent attribute becomes empty, what no viewer could read is
refused or left empty, and nothing is guessed. The records hide identities from `repr`, so that none reaches a log.
"""

from dataclasses import dataclass, field

from pydicom.dataset import Dataset


@dataclass(frozen=True, slots=True)
class Identity:
    """The patient's and the study's attributes that a DICOM object of the same study must repeat; "" where unknown.

    Dates are ``YYYYMMDD``, times as DICOM writes them. Text is Unicode.
    """

    patient_id: str = field(repr=False)
    issuer_of_patient_id: str = field(repr=False)
    patient_name: str = field(repr=False)
    birth_date: str = field(repr=False)
    sex: str = field(repr=False)
    study_date: str = field(repr=False)
    study_time: str = field(repr=False)
    study_id: str = field(repr=False)
    study_description: str = field(repr=False)
    accession_number: str = field(repr=False)
    referring_physician: str = field(repr=False)
    utc_offset: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Code:
    """A coded concept (PS3.3 8.8)."""

    value: str
    scheme: str
    meaning: str


@dataclass(frozen=True, slots=True)
class SourceImage:
    """An image, or one frame of it, that a result was made on.

    Attributes
    ----------
    sop_class_uid, sop_instance_uid, series_uid, study_uid
        As in the header.
    frame
        From 1; None for an image of one frame.
    rows, columns
        Of the stored image, in pixels.
    laterality
        ``L``, ``R``, ``B`` or "" where the header does not tell.
    orientation
        Patient orientation of rows and columns, such as ("A", "R"); empty where the header does not tell.
    view, view_modifiers
        As the header codes them; None and empty where it does not.
    imager_spacing_mm
        Row and column spacing at the detector; None where the header does not tell.
    synthetic
        Whether the header says that the image is of no patient (Synthetic Data).
    identity
        Patient and study.
    """

    sop_class_uid: str
    sop_instance_uid: str
    series_uid: str
    study_uid: str
    frame: int | None
    rows: int
    columns: int
    laterality: str
    orientation: tuple[str, ...]
    view: Code | None
    view_modifiers: tuple[Code, ...]
    imager_spacing_mm: tuple[float, float] | None
    synthetic: bool
    identity: Identity = field(repr=False)


def read_source(header: bytes | bytearray | memoryview | Dataset, frame: int | None = None) -> SourceImage:
    """Read who and what an image is of.

    Parameters
    ----------
    header
        A DICOM file's bytes (pixels may be there, and are not touched), or a data set without pixels.
    frame
        Which frame the result was made on, from 1; needed only where there are several.

    Raises
    ------
    MammogramError
        When the bytes are no DICOM file, or the frame is not in it.
    IdentityUnusable
        When an attribute that tells whose image it is (a UID, Patient ID, Accession Number) is missing or cannot be
        repeated in another object.
    """
    raise NotImplementedError
