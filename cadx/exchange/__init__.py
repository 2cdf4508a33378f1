"""What a hospital's systems read and write: results as DICOM objects and FHIR, and what a reader drew.

Pure: no network and no clock. `read_source` is the one place of the product that reads an identity; it takes the header
of the image, read anew for writing. `Results` joins it with assessments, and each outlet is one function of it:

    source = read_source(header, frame)
    results = Results((LesionResult((ViewResult(source, assessment),)),), algorithm_of(bundle, version), created)
    file_bytes(structured_report(results))                                   # TID 1500, Comprehensive 3D SR
    file_bytes(structured_report(results, sop_class=ReportClass.COMPREHENSIVE))
    [file_bytes(each) for each in segmentations(results)]                    # one an image
    [file_bytes(each) for each in presentation_states(results)]              # one an image
    file_bytes(cad_report(results))                                          # TID 4000
    fhir_bundle(results)                                                     # a dict that JSON can say

    annotated_centers(dataset, sop_instance_uid, frame)                      # the way back: marks of a viewer
    annotated_contour(read_annotation(content), sop_instance_uid, size)      # an outline of a viewer, or a SEG's
    file_bytes(verdict_report(verdict, source, version, created))            # what a reader made of a result
    read_verdict(read_annotation(content))                                   # and back
"""

from cadx.exchange.annotations import annotated_centers, annotated_contour, read_annotation
from cadx.exchange.codes import Code
from cadx.exchange.dicom.cad_report import cad_report
from cadx.exchange.dicom.composite import file_bytes
from cadx.exchange.dicom.document import document_reference
from cadx.exchange.dicom.presentation_state import presentation_states
from cadx.exchange.dicom.segmentation import segmentations, source_mask
from cadx.exchange.dicom.structured_report import ReportClass, structured_report
from cadx.exchange.dicom.verdict_reading import holds_verdict, read_verdict
from cadx.exchange.dicom.verdict_report import verdict_report
from cadx.exchange.fhir import fhir_bundle
from cadx.exchange.identity import Identity, SourceImage, image_size, instance_uids, read_source
from cadx.exchange.results import (
    Algorithm,
    DocumentReference,
    LesionResult,
    Probabilities,
    Results,
    ViewResult,
    algorithm_of,
    mean_probabilities,
    mixed_sources,
    probabilities_of,
    tracking_uid,
)
from cadx.exchange.verdicts import Category, ReaderAssessment, ReaderVerdict, Verdict
from cadx.findings import FindingKind, OutlinedBy

__all__ = [
    "Algorithm",
    "Category",
    "Code",
    "DocumentReference",
    "FindingKind",
    "Identity",
    "LesionResult",
    "OutlinedBy",
    "Probabilities",
    "ReaderAssessment",
    "ReaderVerdict",
    "ReportClass",
    "Results",
    "SourceImage",
    "Verdict",
    "ViewResult",
    "algorithm_of",
    "annotated_centers",
    "annotated_contour",
    "cad_report",
    "document_reference",
    "fhir_bundle",
    "file_bytes",
    "holds_verdict",
    "image_size",
    "instance_uids",
    "mean_probabilities",
    "mixed_sources",
    "presentation_states",
    "probabilities_of",
    "read_annotation",
    "read_source",
    "read_verdict",
    "segmentations",
    "source_mask",
    "structured_report",
    "tracking_uid",
    "verdict_report",
]
