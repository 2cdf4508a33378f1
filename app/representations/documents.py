"""From assessments to the objects of a hospital's systems: DICOM as bytes with their names, FHIR as JSON."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version

from pydicom.dataset import Dataset

from app.schemas.documents import DocumentKind, DocumentOptions, SrClass
from cadx.bundle import Bundle
from cadx.exchange import (
    DocumentReference,
    LesionResult,
    ReportClass,
    Results,
    ViewResult,
    algorithm_of,
    cad_report,
    fhir_bundle,
    file_bytes,
    presentation_states,
    segmentations,
    structured_report,
)
from cadx.exchange.dicomweb import InstanceName
from cadx.exchange.dicomweb.related import DICOM, related_body

FHIR_JSON = "application/fhir+json"
DICOM_MEDIA_TYPE = DICOM
RELATED = f'multipart/related; type="{DICOM}"'
_REPORT_CLASSES = {
    SrClass.COMPREHENSIVE_3D: ReportClass.COMPREHENSIVE_3D,
    SrClass.COMPREHENSIVE: ReportClass.COMPREHENSIVE,
}


@dataclass(frozen=True, slots=True)
class DicomObject:
    """One object, as it is answered or stored."""

    kind: DocumentKind
    name: InstanceName
    content: bytes


def results_of(
    bundle: Bundle,
    lesions: Sequence[Sequence[ViewResult]],
    options: DocumentOptions,
    created: datetime,
    predecessor: DocumentReference | None,
) -> Results:
    """Join assessments with the images they were made on: one lesion after the other, each on its views.

    Raises
    ------
    SourcesMixed
        When the images are not of one patient, one study and one side.
    """
    several = len(lesions) > 1
    return Results(
        lesions=tuple(
            LesionResult(
                views=tuple(views),
                finding=options.finding,
                tracking_identifier="" if several else options.tracking_identifier,
                tracking_uid="" if several else options.tracking_uid or "",
            )
            for views in lesions
        ),
        algorithm=algorithm_of(bundle, version("mammo-cadx")),
        created=created,
        predecessor=predecessor,
    )


def dicom_objects(
    results: Results, kinds: Iterable[DocumentKind], sr_class: SrClass = SrClass.COMPREHENSIVE_3D
) -> tuple[DicomObject, ...]:
    """Write results as DICOM objects, in the order of the kinds; SEG and GSPS are one an image."""
    written: list[DicomObject] = []
    for kind in kinds:
        if kind is DocumentKind.SR:
            datasets: Iterable[Dataset] = (structured_report(results, sop_class=_REPORT_CLASSES[sr_class]),)
        elif kind is DocumentKind.SEG:
            datasets = segmentations(results)
        elif kind is DocumentKind.GSPS:
            datasets = presentation_states(results)
        else:
            datasets = (cad_report(results),)
        written.extend(
            DicomObject(
                kind,
                InstanceName(dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.SOPInstanceUID),
                file_bytes(dataset),
            )
            for dataset in datasets
        )
    return tuple(written)


def dicom_body(objects: Sequence[DicomObject], *, always_related: bool = False) -> tuple[bytes, str]:
    """The body of an answer and its Content-Type: one object as it is, several as multipart/related."""
    if len(objects) == 1 and not always_related:
        return objects[0].content, DICOM
    return related_body([each.content for each in objects])


def fhir_body(results: Results) -> tuple[bytes, str]:
    """The body of an answer in FHIR R4, and its Content-Type."""
    return json.dumps(fhir_bundle(results), ensure_ascii=False).encode(), FHIR_JSON
