"""What all our DICOM objects have in common: whose they are, what made them, what they are not fit for, their UIDs."""

import copy
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Protocol

from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from cadx.exchange.codes import OWN_SCHEME, OWN_SCHEME_NAME, OWN_SCHEME_UID, Code, dcm
from cadx.exchange.identity import SourceImage
from cadx.exchange.results import MANUFACTURER, Algorithm
from cadx.exchange.uids import named_uid

RESEARCH_USE_SHORT = "Research use only. Not a medical device."
MODEL_NAME = "mammo-cadx"
IMPLEMENTATION_CLASS_UID = named_uid("implementation class")
IMPLEMENTATION_VERSION_NAME = "MAMMO_CADX"
_PROCESSING_EQUIPMENT = dcm("109102", "Processing Equipment")


class Made(Protocol):
    """What every object is made of: images, an algorithm, a date."""

    @property
    def sources(self) -> tuple[SourceImage, ...]:
        """Every image once."""
        ...

    @property
    def algorithm(self) -> Algorithm:
        """What made the numbers."""
        ...

    @property
    def created(self) -> datetime:
        """When, with its time zone. Decides no UID."""
        ...


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of object: what decides its series.

    Attributes
    ----------
    name
        For the UID of its series.
    sop_class_uid, modality
        Of the standard.
    series_number
        Of its series.
    description
        Of its series, for people.
    """

    name: str
    sop_class_uid: str
    modality: str
    series_number: int
    description: str


def new_object(results: Made, kind: Kind) -> Dataset:
    """Start an object: patient, study, series, equipment, SOP common; everything but UIDs of its own and dates.

    Parameters
    ----------
    results
        What the object will say.
    kind
        Which object it is.
    """
    source = results.sources[0]
    identity = source.identity
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID = UID(kind.sop_class_uid)
    dataset.StudyDate = identity.study_date
    dataset.StudyTime = identity.study_time
    dataset.AccessionNumber = identity.accession_number
    dataset.Modality = kind.modality
    dataset.Manufacturer = MANUFACTURER
    dataset.ReferringPhysicianName = identity.referring_physician
    dataset.SeriesDescription = kind.description
    dataset.ManufacturerModelName = MODEL_NAME
    dataset.DeviceSerialNumber = results.algorithm.model_digest[:64]
    dataset.SoftwareVersions = [results.algorithm.software_version, _model(results)]
    dataset.ContentQualification = "RESEARCH"
    dataset.PatientName = identity.patient_name
    dataset.PatientID = identity.patient_id
    dataset.PatientBirthDate = identity.birth_date
    dataset.PatientSex = identity.sex
    dataset.StudyInstanceUID = source.study_uid
    dataset.StudyID = identity.study_id
    dataset.SeriesNumber = kind.series_number
    _set_where_told(dataset, "IssuerOfPatientID", identity.issuer_of_patient_id)
    _set_where_told(dataset, "StudyDescription", identity.study_description)
    _set_where_told(dataset, "TimezoneOffsetFromUTC", identity.utc_offset)
    if any(source.synthetic for source in results.sources):
        dataset.SyntheticData = "YES"
    dataset.ContributingEquipmentSequence = [_contribution(results)]
    dataset.CodingSchemeIdentificationSequence = [_own_scheme()]
    return dataset


def finished(dataset: Dataset, results: Made, kind: Kind, sources: Sequence[SourceImage]) -> Dataset:
    """Give an object its UIDs, which its content decides, then its dates, which decide nothing."""
    sources_parts = [part for source in sources for part in (source.sop_instance_uid, str(source.frame))]
    instance_uid = named_uid(
        "instance",
        kind.sop_class_uid,
        sources[0].study_uid,
        results.algorithm.software_version,
        *sources_parts,
        hashlib.sha256(_encoded(dataset)).hexdigest(),
    )
    dataset.SOPInstanceUID = instance_uid
    dataset.SeriesInstanceUID = named_uid(
        "series",
        kind.name,
        kind.sop_class_uid,
        sources[0].study_uid,
        dataset.get("Laterality", ""),
        results.algorithm.model_digest,
        results.algorithm.software_version,
    )
    # 1 to 2 ** 31 - 1, as an integer string must be.
    dataset.InstanceNumber = int(instance_uid.rsplit(".", 1)[1]) % (2**31 - 2) + 1
    _date(dataset, results.created)
    return dataset


def file_bytes(dataset: Dataset) -> bytes:
    """An object as a DICOM file (PS3.10), Explicit VR Little Endian."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(dataset.SOPClassUID)
    meta.MediaStorageSOPInstanceUID = UID(dataset.SOPInstanceUID)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
    meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME
    written = copy.copy(dataset)
    written.file_meta = meta
    written.preamble = bytes(128)
    buffer = io.BytesIO()
    dcmwrite(buffer, written, enforce_file_format=True)
    return buffer.getvalue()


def code_item(code: Code) -> Dataset:
    """A code sequence's item (PS3.3 8.8); a value of more than 16 characters is a long code value."""
    item = Dataset()
    if len(code.value) > 16:
        item.LongCodeValue = code.value
    else:
        item.CodeValue = code.value
    item.CodingSchemeDesignator = code.scheme
    if code.version:
        item.CodingSchemeVersion = code.version
    item.CodeMeaning = code.meaning
    return item


def sop_reference(source: SourceImage, *, frame: bool = True) -> Dataset:
    """Reference to an image, with its frame where it has several."""
    item = Dataset()
    item.ReferencedSOPClassUID = source.sop_class_uid
    item.ReferencedSOPInstanceUID = source.sop_instance_uid
    if frame and source.frame is not None:
        item.ReferencedFrameNumber = source.frame
    return item


def series_references(sources: Sequence[SourceImage], attribute: str, *, frame: bool = False) -> list[Dataset]:
    """References to images, an item a series; `attribute` names the sequence of instances in it."""
    by_series: dict[str, list[Dataset]] = {}
    for source in _unique(sources, frame=frame):
        by_series.setdefault(source.series_uid, []).append(sop_reference(source, frame=frame))
    items = []
    for series_uid, references in by_series.items():
        item = Dataset()
        item.SeriesInstanceUID = series_uid
        setattr(item, attribute, references)
        items.append(item)
    return items


def _unique(sources: Sequence[SourceImage], *, frame: bool) -> list[SourceImage]:
    found = {(source.sop_instance_uid, source.frame if frame else None): source for source in sources}
    return list(found.values())


def _contribution(results: Made) -> Dataset:
    item = Dataset()
    item.PurposeOfReferenceCodeSequence = [code_item(_PROCESSING_EQUIPMENT)]
    item.Manufacturer = MANUFACTURER
    item.ManufacturerModelName = MODEL_NAME
    item.SoftwareVersions = [results.algorithm.software_version, _model(results)]
    item.ContributionDescription = " ".join(results.algorithm.notices)[:1024]
    return item


def _own_scheme() -> Dataset:
    item = Dataset()
    item.CodingSchemeDesignator = OWN_SCHEME
    item.CodingSchemeUID = OWN_SCHEME_UID
    item.CodingSchemeName = OWN_SCHEME_NAME
    item.CodingSchemeResponsibleOrganization = MANUFACTURER
    return item


def _model(results: Made) -> str:
    return f"{results.algorithm.model_name} {results.algorithm.model_version}".replace("\\", " ")[:64]


def _set_where_told(dataset: Dataset, keyword: str, value: str) -> None:
    if value:
        setattr(dataset, keyword, value)


def _encoded(dataset: Dataset) -> bytes:
    """The content in one encoding."""
    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, False
    write_dataset(buffer, dataset)
    return bytes(buffer.getvalue())


def _date(dataset: Dataset, created: datetime) -> None:
    """Write when the object was made, in the time zone of the study's own times."""
    local = created
    if offset := str(dataset.get("TimezoneOffsetFromUTC", "")):
        minutes = int(offset[1:3]) * 60 + int(offset[3:5])
        local = created.astimezone(timezone(timedelta(minutes=-minutes if offset[0] == "-" else minutes)))
    date, time = local.strftime("%Y%m%d"), local.strftime("%H%M%S")
    dataset.InstanceCreationDate, dataset.InstanceCreationTime = date, time
    if dataset.Modality == "PR":
        dataset.PresentationCreationDate, dataset.PresentationCreationTime = date, time
    else:
        dataset.ContentDate, dataset.ContentTime = date, time
    for item in dataset.ContributingEquipmentSequence:
        item.ContributionDateTime = date + time
