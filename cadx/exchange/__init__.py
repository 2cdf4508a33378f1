"""What a hospital's systems read and write: results as DICOM objects and FHIR, and a reader's marks as centers.

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

Signatures:

    read_source(header: bytes | bytearray | memoryview | Dataset, frame: int | None = None) -> SourceImage
    structured_report(results: Results, *, sop_class: ReportClass = ReportClass.COMPREHENSIVE_3D) -> Dataset
    segmentations(results: Results) -> tuple[Dataset, ...]
    presentation_states(results: Results) -> tuple[Dataset, ...]
    cad_report(results: Results) -> Dataset
    fhir_bundle(results: Results) -> dict[str, object]
    file_bytes(dataset: Dataset) -> bytes
    document_reference(dataset: Dataset) -> DocumentReference                # of a forerunner, from its metadata
    annotated_centers(dataset: Dataset, sop_instance_uid: str, frame: int | None = None) -> tuple[LesionCenter, ...]
"""

from cadx.exchange.codes import Code
from cadx.exchange.identity import Identity, SourceImage, read_source
from cadx.exchange.results import (
    Algorithm,
    DocumentReference,
    FindingKind,
    LesionResult,
    OutlinedBy,
    Probabilities,
    Results,
    ViewResult,
    algorithm_of,
    mean_probabilities,
    mixed_sources,
    probabilities_of,
)

__all__ = [
    "Algorithm",
    "Code",
    "DocumentReference",
    "FindingKind",
    "Identity",
    "LesionResult",
    "OutlinedBy",
    "Probabilities",
    "Results",
    "SourceImage",
    "ViewResult",
    "algorithm_of",
    "mean_probabilities",
    "mixed_sources",
    "probabilities_of",
    "read_source",
]
