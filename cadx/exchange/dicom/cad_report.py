"""Mammography CAD SR, TID 4000: what mammography workstations read.

The product detects nothing: "detections not attempted". Its analysis of the marked lesions stands as one impression a
lesion. A lesion that was not found keeps its center and its number, without an outline, and is not for presentation.
"""

from collections.abc import Iterator

from pydicom.dataset import Dataset
from pydicom.uid import MammographyCADSRStorage

from cadx.exchange.codes import PERCENT, PROBABILITY_OF_CANCER, SELECTED_REGION, SIDE, UNITS, dcm, sct
from cadx.exchange.dicom.composite import MODEL_NAME, Kind, finished
from cadx.exchange.dicom.content import (
    ALGORITHM_NAME,
    ALGORITHM_PARAMETERS,
    ALGORITHM_VERSION,
    CONTAINS,
    HAS_ACQ_CONTEXT,
    HAS_CONCEPT_MOD,
    HAS_PROPERTIES,
    INFERRED_FROM,
    SELECTED_FROM,
    by_reference,
    code,
    container,
    image,
    language,
    number,
    point,
    polygon,
    text,
    tracking,
)
from cadx.exchange.dicom.document import lesion_name, new_document
from cadx.exchange.identity import SourceImage
from cadx.exchange.results import Algorithm, LesionResult, Results, ViewResult, tracking_uid
from cadx.findings import FindingKind

KIND = Kind("cad-sr", str(MammographyCADSRStorage), "SR", 9304, "CADx results for CAD stations (research)")
_FINDINGS = {
    FindingKind.SELECTED_REGION: SELECTED_REGION,
    # CID 6014 knows a mass by how it looks on one view; 129788004 is for findings on several.
    FindingKind.MASS: sct("129793001", "Mammography breast density"),
    FindingKind.CALCIFICATION: sct("129769006", "Calcification Cluster"),
}
_RENDERING_INTENT = dcm("111056", "Rendering Intent")
_PRESENTED = dcm("111150", "Presentation Required: Rendering device is expected to present")
_NOT_PRESENTED = dcm("111152", "Not for Presentation: Rendering device expected not to present")
_WITHOUT_FINDINGS = dcm("111241", "All algorithms succeeded; without findings")
_WITH_FINDINGS = dcm("111242", "All algorithms succeeded; with findings")
_ANALYSIS = dcm("111233", "Individual Impression / Recommendation Analysis")
_LIBRARY_POSITION = 2


def cad_report(results: Results) -> Dataset:
    """Write results as a Mammography CAD SR."""
    return finished(new_document(results, KIND, _root(results)), results, KIND, results.sources)


def _root(results: Results) -> Dataset:
    outlined = any(view.outlined for lesion in results.lesions for view in lesion.views)
    summary = code(
        CONTAINS,
        dcm("111017", "CAD Processing and Findings Summary"),
        _WITH_FINDINGS if outlined else _WITHOUT_FINDINGS,
        text(HAS_PROPERTIES, dcm("111033", "Impression Description"), " ".join(results.algorithm.notices)),
        *_algorithm(results.algorithm),
        *(_impression(results, index, lesion) for index, lesion in enumerate(results.lesions)),
    )
    return container(
        "",
        dcm("111036", "Mammography CAD Report"),
        [
            language(),
            container(
                CONTAINS,
                dcm("111028", "Image Library"),
                [image(CONTAINS, source, *_acquired(source)) for source in results.sources],
            ),
            summary,
            code(CONTAINS, dcm("111064", "Summary of Detections"), dcm("111225", "Not Attempted")),
            code(CONTAINS, dcm("111065", "Summary of Analyses"), dcm("111222", "Succeeded"), _analyses(results)),
        ],
        template="4000",
    )


def _acquired(source: SourceImage) -> Iterator[Dataset]:
    """How an image was made, as far as its header tells (TID 4020)."""
    if source.laterality in SIDE:
        yield code(HAS_ACQ_CONTEXT, dcm("111027", "Image Laterality"), SIDE[source.laterality])
    if source.view is not None:
        modifiers = (
            code(HAS_CONCEPT_MOD, dcm("111032", "Image View Modifier"), each) for each in source.view_modifiers
        )
        yield code(HAS_ACQ_CONTEXT, dcm("111031", "Image View"), source.view, *modifiers)
    if source.orientation:
        yield text(HAS_ACQ_CONTEXT, dcm("111044", "Patient Orientation Row"), source.orientation[0])
        yield text(HAS_ACQ_CONTEXT, dcm("111043", "Patient Orientation Column"), source.orientation[1])
    if source.imager_spacing_mm is not None:
        row_mm, column_mm = source.imager_spacing_mm
        yield number(HAS_ACQ_CONTEXT, dcm("111026", "Horizontal Pixel Spacing"), column_mm, UNITS["mm"])
        yield number(HAS_ACQ_CONTEXT, dcm("111066", "Vertical Pixel Spacing"), row_mm, UNITS["mm"])


def _impression(results: Results, index: int, lesion: LesionResult) -> Dataset:
    """TID 4003: one lesion, with a single image finding a view."""
    shown = any(view.outlined for view in lesion.views)
    return container(
        INFERRED_FROM,
        dcm("111034", "Individual Impression/Recommendation"),
        [
            code(HAS_CONCEPT_MOD, _RENDERING_INTENT, _PRESENTED if shown else _NOT_PRESENTED),
            *(_finding(results, lesion_name(results, index), lesion, view) for view in lesion.views),
        ],
    )


def _finding(results: Results, name: str, lesion: LesionResult, view: ViewResult) -> Dataset:
    """TID 4006: what one view shows of a lesion."""
    assessment = view.assessment
    mark = assessment.roi.mark
    seen_on = by_reference(SELECTED_FROM, _image_path(results, view.source))
    outline = [polygon(HAS_PROPERTIES, dcm("111041", "Outline"), assessment.contour, seen_on)] if view.outlined else []
    return code(
        CONTAINS,
        dcm("111059", "Single Image Finding"),
        _FINDINGS[lesion.finding],
        code(HAS_CONCEPT_MOD, _RENDERING_INTENT, _PRESENTED if view.outlined else _NOT_PRESENTED),
        *tracking(name, tracking_uid(lesion)),
        *_algorithm(results.algorithm),
        _answer(lesion, 100 * assessment.probability),
        point(HAS_PROPERTIES, dcm("111010", "Center"), mark.x, mark.y, seen_on),
        *outline,
    )


def _answer(lesion: LesionResult, percent: float) -> Dataset:
    """The probability; TID 4006 forbids it as the number of a region that nobody named, and describes such in words."""
    if lesion.finding is FindingKind.SELECTED_REGION:
        description = f"Region selected by a reader. Probability of cancer: {percent!r} %."
        return text(HAS_PROPERTIES, dcm("111058", "Selected Region Description"), description)
    return number(HAS_PROPERTIES, PROBABILITY_OF_CANCER, percent, PERCENT)


def _analyses(results: Results) -> Dataset:
    """TID 4016 and 4018: which analysis was made of which images."""
    images = (by_reference(HAS_PROPERTIES, _image_path(results, source)) for source in results.sources)
    performed = code(CONTAINS, dcm("111004", "Analysis Performed"), _ANALYSIS, *_algorithm(results.algorithm), *images)
    return container(INFERRED_FROM, dcm("111062", "Successful Analyses"), [performed])


def _image_path(results: Results, source: SourceImage) -> tuple[int, int, int]:
    """Where an image stands in the tree: its number in the image library."""
    return (1, _LIBRARY_POSITION, results.sources.index(source) + 1)


def _algorithm(algorithm: Algorithm) -> Iterator[Dataset]:
    """TID 4019."""
    yield text(HAS_PROPERTIES, ALGORITHM_NAME, f"{MODEL_NAME}: {algorithm.model_name} {algorithm.model_version}")
    yield text(HAS_PROPERTIES, ALGORITHM_VERSION, algorithm.software_version)
    yield text(HAS_PROPERTIES, ALGORITHM_PARAMETERS, f"bundle sha256 {algorithm.model_digest}")
