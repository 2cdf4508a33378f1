"""What both kinds of structured report have in common: state, evidence, the forerunner."""

from collections.abc import Sequence
from typing import Protocol

from pydicom.dataset import Dataset

from cadx.exchange.codes import (
    BREAST,
    BREAST_MASS,
    CALCIFICATION,
    LATERALITY,
    SELECTED_REGION,
    Code,
    dcm,
    own,
)
from cadx.exchange.dicom.composite import Kind, Made, new_object, series_references
from cadx.exchange.dicom.content import CONTAINS, HAS_ACQ_CONTEXT, code, container, image
from cadx.exchange.identity import SourceImage
from cadx.exchange.results import DocumentReference, Results
from cadx.findings import FindingKind, OutlinedBy

FINDINGS = {
    FindingKind.SELECTED_REGION: SELECTED_REGION,
    FindingKind.MASS: BREAST_MASS,
    FindingKind.CALCIFICATION: CALCIFICATION,
}
OUTLINED_BY = {
    OutlinedBy.ALGORITHM: own("O01", "Outlined by an algorithm about a reader's mark"),
    OutlinedBy.READER: own("O02", "Outlined by a reader"),
}


class MadeDocument(Made, Protocol):
    """What a structured report is made of."""

    @property
    def predecessor(self) -> DocumentReference | None:
        """The document that this one corrects."""
        ...


def new_document(results: MadeDocument, kind: Kind, root: Dataset) -> Dataset:
    """A structured report about the tree's root: complete, unverified, preliminary."""
    dataset = new_object(results, kind)
    dataset.ReferencedPerformedProcedureStepSequence = []
    dataset.PerformedProcedureCodeSequence = []
    dataset.CompletionFlag = "COMPLETE"
    dataset.PreliminaryFlag = "PRELIMINARY"
    dataset.VerificationFlag = "UNVERIFIED"
    dataset.CurrentRequestedProcedureEvidenceSequence = [_evidence(results)]
    if results.predecessor is not None:
        dataset.PredecessorDocumentsSequence = [_forerunner(results.predecessor)]
    dataset.update(root)
    return dataset


def document_reference(dataset: Dataset) -> DocumentReference:
    """Name a document as the forerunner of another, from its attributes."""
    return DocumentReference(
        str(dataset.SOPClassUID),
        str(dataset.SOPInstanceUID),
        str(dataset.StudyInstanceUID),
        str(dataset.SeriesInstanceUID),
    )


def image_library(sources: Sequence[SourceImage]) -> Dataset:
    """The images that a measurement report is of (TID 1600)."""
    laterality = LATERALITY.get(sources[0].laterality)
    described = [
        code(HAS_ACQ_CONTEXT, dcm("121139", "Modality"), dcm("MG", "Mammography")),
        code(HAS_ACQ_CONTEXT, dcm("123014", "Target Region"), BREAST),
    ]
    if laterality is not None:
        described.append(code(HAS_ACQ_CONTEXT, dcm("111027", "Image Laterality"), laterality))
    images = [image(CONTAINS, source) for source in sources]
    group = container(CONTAINS, dcm("126200", "Image Library Group"), [*described, *images])
    return container(CONTAINS, dcm("111028", "Image Library"), [group])


def lesion_name(results: Results, index: int) -> str:
    """The lesion's name for people: the caller's, or its number."""
    return results.lesions[index].tracking_identifier or f"Lesion {index + 1}"


def region_finding(finding: FindingKind) -> Code:
    """What the caller says that a lesion is."""
    return FINDINGS[finding]


def _evidence(results: Made) -> Dataset:
    item = Dataset()
    item.StudyInstanceUID = results.sources[0].study_uid
    item.ReferencedSeriesSequence = series_references(results.sources, "ReferencedSOPSequence")
    return item


def _forerunner(reference: DocumentReference) -> Dataset:
    instance = Dataset()
    instance.ReferencedSOPClassUID = reference.sop_class_uid
    instance.ReferencedSOPInstanceUID = reference.sop_instance_uid
    series = Dataset()
    series.SeriesInstanceUID = reference.series_uid
    series.ReferencedSOPSequence = [instance]
    study = Dataset()
    study.StudyInstanceUID = reference.study_uid
    study.ReferencedSeriesSequence = [series]
    return study
