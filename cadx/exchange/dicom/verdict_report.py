"""A reader's verdict as a TID 1500 measurement report beside ours: its observer is a person.

One measurement group (TID 1410) of the lesion: the reader's outline or the mark, the probability that the reader was
shown, the verdict, the assessments before and after. What the reader saw is named by its id and, where our report was
stored, by a reference to it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from pydicom.dataset import Dataset
from pydicom.uid import Comprehensive3DSRStorage

from cadx.exchange.codes import (
    ASSESSMENT,
    ASSESSMENT_UNAIDED,
    BREAST,
    CATEGORIES,
    LATERALITY,
    MARK,
    NOTICE,
    PERCENT,
    PREDICTION,
    PROBABILITY_OF_CANCER,
    READER_PROBABILITY_UNAIDED,
    SELECTED_REGION,
    SHOWN_PROBABILITY,
    VERDICT,
    VERDICTS,
    Code,
    dcm,
    sct,
)
from cadx.exchange.dicom.composite import MODEL_NAME, RESEARCH_USE_SHORT, Kind, finished
from cadx.exchange.dicom.content import (
    ALGORITHM_NAME,
    ALGORITHM_PARAMETERS,
    ALGORITHM_VERSION,
    CONTAINS,
    HAS_CONCEPT_MOD,
    HAS_OBS_CONTEXT,
    INFERRED_FROM,
    SELECTED_FROM,
    code,
    composite,
    container,
    image,
    language,
    number,
    person,
    point,
    polygon,
    text,
    tracking,
)
from cadx.exchange.dicom.document import OUTLINED_BY, image_library, new_document
from cadx.exchange.identity import SourceImage
from cadx.exchange.results import Algorithm, DocumentReference, lesion_uid
from cadx.exchange.verdicts import ReaderAssessment, ReaderVerdict
from cadx.findings import OutlinedBy

KIND = Kind("verdict", str(Comprehensive3DSRStorage), "SR", 9305, "CADx reader's verdicts (research)")
BUNDLE = "bundle sha256 "


@dataclass(frozen=True, slots=True)
class _Written:
    sources: tuple[SourceImage, ...]
    algorithm: Algorithm
    created: datetime
    predecessor: DocumentReference | None


def verdict_report(
    verdict: ReaderVerdict,
    source: SourceImage,
    software_version: str,
    created: datetime,
    *,
    report: DocumentReference | None = None,
    predecessor: DocumentReference | None = None,
) -> Dataset:
    """Write a verdict as a TID 1500 measurement report.

    Parameters
    ----------
    verdict
        What the reader made of a result.
    source
        The image that the result is of.
    software_version
        Of mammo-cadx.
    created
        When, with its time zone. Decides no UID.
    report
        Our own report of the result, where it was stored.
    predecessor
        The verdict that this one corrects.
    """
    algorithm = Algorithm(
        software_version,
        verdict.model_name,
        verdict.model_version,
        verdict.model_digest,
        (RESEARCH_USE_SHORT,),
        demonstration_only=False,
    )
    written = _Written((source,), algorithm, created, predecessor)
    dataset = new_document(written, KIND, _root(verdict, source, algorithm, report))
    if report is not None:
        dataset.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence.append(_evidence(report))
    return finished(dataset, written, KIND, written.sources)


def _root(
    verdict: ReaderVerdict, source: SourceImage, algorithm: Algorithm, report: DocumentReference | None
) -> Dataset:
    return container(
        "",
        dcm("126000", "Imaging Measurement Report"),
        [
            language(),
            code(HAS_OBS_CONTEXT, dcm("121005", "Observer Type"), dcm("121006", "Person")),
            person(HAS_OBS_CONTEXT, dcm("121008", "Person Observer Name"), verdict.reader),
            code(HAS_CONCEPT_MOD, dcm("121058", "Procedure reported"), sct("363679005", "Imaging procedure")),
            image_library((source,)),
            container(
                CONTAINS,
                dcm("126010", "Imaging Measurements"),
                [container(CONTAINS, dcm("125007", "Measurement Group"), _group(verdict, source, report), "1410")],
            ),
            container(
                CONTAINS,
                Code("C0034375", "UMLS", "Qualitative Evaluations"),
                [text(CONTAINS, NOTICE, notice) for notice in algorithm.notices],
            ),
        ],
        template="1500",
    )


def _group(verdict: ReaderVerdict, source: SourceImage, report: DocumentReference | None) -> Iterator[Dataset]:
    center, seen_on = verdict.center, image(SELECTED_FROM, source)
    yield from tracking("Lesion 1", verdict.tracking_uid or lesion_uid([(source, center)]))
    yield code(CONTAINS, dcm("121071", "Finding"), SELECTED_REGION)
    # What the numbers that the reader judged were made with.
    yield text(HAS_CONCEPT_MOD, ALGORITHM_NAME, f"{MODEL_NAME}: {verdict.model_name}")
    yield text(HAS_CONCEPT_MOD, ALGORITHM_VERSION, verdict.model_version)
    yield text(HAS_CONCEPT_MOD, ALGORITHM_PARAMETERS, BUNDLE + verdict.model_digest)
    side = LATERALITY.get(source.laterality)
    sides = () if side is None else (code(HAS_CONCEPT_MOD, sct("272741003", "Laterality"), side),)
    yield code(HAS_CONCEPT_MOD, sct("363698007", "Finding Site"), BREAST, *sides)
    region = dcm("111030", "Image Region")
    if verdict.contour is None:
        yield point(CONTAINS, region, center.x, center.y, seen_on)
    else:
        yield code(HAS_CONCEPT_MOD, sct("370129005", "Measurement Method"), OUTLINED_BY[OutlinedBy.READER])
        yield polygon(CONTAINS, region, verdict.contour, seen_on)
    shown = [point(INFERRED_FROM, MARK, center.x, center.y, seen_on)]
    if report is not None:
        shown.append(composite(INFERRED_FROM, report))
    yield number(CONTAINS, SHOWN_PROBABILITY, 100 * verdict.probability, PERCENT, *shown)
    yield from _assessment(verdict.unaided, ASSESSMENT_UNAIDED, READER_PROBABILITY_UNAIDED)
    yield from _assessment(verdict.final, ASSESSMENT, PROBABILITY_OF_CANCER)
    yield text(CONTAINS, PREDICTION, verdict.prediction_id)
    yield code(CONTAINS, VERDICT, VERDICTS[verdict.verdict])


def _assessment(found: ReaderAssessment, category: Code, probability: Code) -> Iterator[Dataset]:
    if found.probability is not None:
        yield number(CONTAINS, probability, 100 * found.probability, PERCENT)
    if found.category is not None:
        yield code(CONTAINS, category, CATEGORIES[found.category])


def _evidence(report: DocumentReference) -> Dataset:
    instance, series = Dataset(), Dataset()
    instance.ReferencedSOPClassUID = report.sop_class_uid
    instance.ReferencedSOPInstanceUID = report.sop_instance_uid
    series.SeriesInstanceUID = report.series_uid
    series.ReferencedSOPSequence = [instance]
    return series
