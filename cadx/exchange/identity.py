"""Who and what an image is of, taken from its header: the only place of the product that reads an identity.

Values are normalized here, once: text becomes Unicode, an absent attribute becomes empty, what another object could not
repeat is refused or left empty, and nothing is guessed. The records hide identities from `repr`, so that none reaches a
log. The header is parsed by the parser that reads mammograms, which is written for untrusted files.
"""

import re
from dataclasses import dataclass, field

from pydicom.dataset import Dataset

from cadx.errors import DicomNeeded
from cadx.exchange.codes import Code
from cadx.exchange.display import Display, read_display
from cadx.exchange.identity_tags import WANTED, IdentityTag
from cadx.exchange.text import HeaderText, dataset_bytes
from cadx.mammogram.byte_source import MemoryBytes
from cadx.mammogram.dicom.admission import chosen_frame
from cadx.mammogram.dicom.file import DicomFile, dicom_offset, open_dicom
from cadx.mammogram.parser.header import Header
from cadx.mammogram.parser.tags import Tag
from cadx.mammogram.policy import ReadingLimits

_LATERALITIES = (Tag.ImageLaterality, Tag.FrameLaterality, Tag.Laterality)
_ORIENTATION = re.compile(r"[APRLHF]{1,3}")


@dataclass(frozen=True, slots=True)
class Identity:
    """The patient's and the study's attributes that a DICOM object of the same study must repeat; "" where unknown.

    Dates are ``YYYYMMDD``, times as DICOM writes them, the offset from UTC as ``+0100``. Text is Unicode.
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
    display
        How its values become the grays that a station shows.
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
    display: Display = field(repr=False)
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
    DicomNeeded
        When the bytes are no DICOM file.
    MammogramError
        When the file is broken, or the frame is not in it.
    IdentityUnusable
        When an attribute that tells whose image it is (a UID, Patient ID, Accession Number) is missing or cannot be
        repeated in another object.
    """
    parsed = _opened(header).header
    # A number of frames that makes no sense is one: reading the image has found no more, or refused it.
    frames, number = chosen_frame(parsed, frame, lambda: 1)
    framed = parsed.for_frame(number)
    text = HeaderText(parsed)
    view = next(iter(framed.items(Tag.ViewCodeSequence)), None)
    spacing = framed.decimals(Tag.ImagerPixelSpacing)
    return SourceImage(
        sop_class_uid=text.uid(IdentityTag.SOPClassUID),
        sop_instance_uid=text.uid(IdentityTag.SOPInstanceUID),
        series_uid=text.uid(IdentityTag.SeriesInstanceUID),
        study_uid=text.uid(IdentityTag.StudyInstanceUID),
        frame=number if frames > 1 else None,
        rows=parsed.required_integer(Tag.Rows),
        columns=parsed.required_integer(Tag.Columns),
        laterality=_laterality(framed),
        orientation=_orientation(parsed),
        view=text.code(view) if view else None,
        view_modifiers=tuple(
            code
            for item in (view.items(Tag.ViewModifierCodeSequence) if view else ())
            if (code := text.code(item)) is not None
        ),
        imager_spacing_mm=(spacing[0], spacing[1]) if len(spacing) == 2 and min(spacing) > 0 else None,
        synthetic=text.term(IdentityTag.SyntheticData) == "YES",
        display=read_display(framed),
        identity=_identity(text),
    )


def instance_uids(content: bytes | memoryview) -> tuple[str, str]:
    """Study Instance UID and SOP Instance UID of a file; nothing else of it is judged.

    Raises
    ------
    DicomNeeded, MammogramError, IdentityUnusable
        When the bytes are no DICOM file, or one of the two is missing or no UID.
    """
    text = HeaderText(_opened(content).header)
    return text.uid(IdentityTag.StudyInstanceUID), text.uid(IdentityTag.SOPInstanceUID)


def image_size(content: bytes | memoryview) -> tuple[int, int]:
    """Rows and columns of an image, from its file; nothing else of it is judged.

    Raises
    ------
    DicomNeeded, MammogramError
        When the bytes are no DICOM file, or do not tell.
    """
    header = _opened(content).header
    return header.required_integer(Tag.Rows), header.required_integer(Tag.Columns)


def _opened(header: bytes | bytearray | memoryview | Dataset) -> DicomFile:
    content = dataset_bytes(header, WANTED) if isinstance(header, Dataset) else memoryview(header)
    source = MemoryBytes(content)
    offset = dicom_offset(source)
    if offset is None:
        raise DicomNeeded()
    return open_dicom(source, offset, ReadingLimits(), WANTED)


def _identity(text: HeaderText) -> Identity:
    return Identity(
        patient_id=text.identifier(IdentityTag.PatientID, 64),
        issuer_of_patient_id=text.identifier(IdentityTag.IssuerOfPatientID, 64),
        patient_name=text.person(IdentityTag.PatientName),
        birth_date=text.date(IdentityTag.PatientBirthDate),
        sex=text.one_of(IdentityTag.PatientSex, {"M", "F", "O"}),
        study_date=text.date(IdentityTag.StudyDate),
        study_time=text.time(IdentityTag.StudyTime),
        study_id=text.identifier(IdentityTag.StudyID, 16),
        study_description=text.description(IdentityTag.StudyDescription),
        accession_number=text.identifier(IdentityTag.AccessionNumber, 16),
        referring_physician=text.person(IdentityTag.ReferringPhysicianName),
        utc_offset=text.utc_offset(IdentityTag.TimezoneOffsetFromUTC),
    )


def _laterality(header: Header) -> str:
    told = next((header.term(tag) for tag in _LATERALITIES if header.has(tag)), "")
    return told if told in {"L", "R", "B"} else ""


def _orientation(header: Header) -> tuple[str, ...]:
    terms = header.terms(IdentityTag.PatientOrientation)
    return terms if len(terms) == 2 and all(_ORIENTATION.fullmatch(term) for term in terms) else ()
