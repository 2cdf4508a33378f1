"""TID 1500 Measurement Report: what OHIF and other viewers of measurements show.

One measurement group a view of a lesion (TID 1410) and, for a lesion on several views, one group of means without a
region (TID 1501), all under the lesion's tracking UID. The answer is the first number of each group and the only one
with the standard's code for a probability of cancer, so that no reader picks another.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum

from pydicom.dataset import Dataset
from pydicom.uid import Comprehensive3DSRStorage, ComprehensiveSRStorage

from cadx.branches import CNN, LESION
from cadx.exchange.codes import (
    BRANCH_PROBABILITIES,
    BREAST,
    CALIBRATED_PROBABILITY,
    DOUBT,
    LATERALITY,
    MARK,
    MOVED_OVERLAP,
    MOVED_PROBABILITY,
    MOVED_SD,
    NOTICE,
    PERCENT,
    PROBABILITY_OF_CANCER,
    UNITS,
    Code,
    dcm,
    feature_code,
    flag_code,
    sct,
)
from cadx.exchange.dicom.composite import MODEL_NAME, Kind, finished
from cadx.exchange.dicom.content import (
    ALGORITHM_MANUFACTURER,
    ALGORITHM_NAME,
    ALGORITHM_PARAMETERS,
    ALGORITHM_VERSION,
    CONTAINS,
    HAS_CONCEPT_MOD,
    HAS_OBS_CONTEXT,
    INFERRED_FROM,
    SELECTED_FROM,
    code,
    container,
    image,
    language,
    number,
    point,
    polygon,
    text,
    tracking,
    uid,
)
from cadx.exchange.dicom.document import OUTLINED_BY, image_library, lesion_name, new_document, region_finding
from cadx.exchange.results import (
    MANUFACTURER,
    Algorithm,
    LesionResult,
    Probabilities,
    Results,
    ViewResult,
    mean_probabilities,
    probabilities_of,
    tracking_uid,
)
from cadx.exchange.uids import named_uid
from cadx.robustness import DiscRobustness

_TITLE = dcm("126000", "Imaging Measurement Report")
_GROUP = dcm("125007", "Measurement Group")
_FINDING_SITE = sct("363698007", "Finding Site")
_DERIVATION = dcm("121401", "Derivation")
_MINIMUM = sct("255605001", "Minimum")
_MAXIMUM = sct("56851009", "Maximum")
_STANDARD_DEVIATION = sct("386136009", "Standard Deviation")
_MEAN = sct("373098007", "Mean")
_METHOD = sct("370129005", "Measurement Method")


class ReportClass(StrEnum):
    """The two SOP classes that a TID 1500 report is written as."""

    COMPREHENSIVE_3D = str(Comprehensive3DSRStorage)
    COMPREHENSIVE = str(ComprehensiveSRStorage)


def structured_report(results: Results, *, sop_class: ReportClass = ReportClass.COMPREHENSIVE_3D) -> Dataset:
    """Write results as a TID 1500 measurement report.

    Parameters
    ----------
    results
        What was found.
    sop_class
        Comprehensive 3D SR, as IHE's AI Results profile asks, or Comprehensive SR for archives and viewers that know
        only that; the content is the same.
    """
    kind = Kind("tid-1500", sop_class.value, "SR", 9301, "CADx results (research)")
    return finished(new_document(results, kind, _root(results)), results, kind, results.sources)


def _root(results: Results) -> Dataset:
    algorithm = results.algorithm
    device = named_uid("device", algorithm.software_version, algorithm.model_digest)
    return container(
        "",
        _TITLE,
        [
            language(),
            code(HAS_OBS_CONTEXT, dcm("121005", "Observer Type"), dcm("121007", "Device")),
            uid(HAS_OBS_CONTEXT, dcm("121012", "Device Observer UID"), device),
            text(HAS_OBS_CONTEXT, dcm("121013", "Device Observer Name"), MODEL_NAME),
            text(HAS_OBS_CONTEXT, dcm("121014", "Device Observer Manufacturer"), MANUFACTURER),
            text(HAS_OBS_CONTEXT, dcm("121015", "Device Observer Model Name"), _model(algorithm)),
            code(HAS_CONCEPT_MOD, dcm("121058", "Procedure reported"), sct("363679005", "Imaging procedure")),
            image_library(results.sources),
            container(CONTAINS, dcm("126010", "Imaging Measurements"), _groups(results)),
            container(
                CONTAINS,
                Code("C0034375", "UMLS", "Qualitative Evaluations"),
                [text(CONTAINS, NOTICE, notice) for notice in algorithm.notices],
            ),
        ],
        template="1500",
    )


def _groups(results: Results) -> Iterator[Dataset]:
    for index, lesion in enumerate(results.lesions):
        name = lesion_name(results, index)
        for view in lesion.views:
            yield _view_group(results.algorithm, lesion, name, view)
        if len(lesion.views) > 1:
            yield _mean_group(results.algorithm, lesion, name)


def _view_group(algorithm: Algorithm, lesion: LesionResult, name: str, view: ViewResult) -> Dataset:
    """TID 1410: one view of a lesion. Where no lesion was found its region is the mark and nothing is measured."""
    assessment = view.assessment
    seen_on = image(SELECTED_FROM, view.source)
    mark = assessment.roi.mark
    region_name = dcm("111030", "Image Region")
    if view.outlined:
        region = polygon(CONTAINS, region_name, assessment.contour, seen_on)
        features = assessment.features
    else:
        region = point(CONTAINS, region_name, mark.x, mark.y, seen_on)
        features = ()
    return container(
        CONTAINS,
        _GROUP,
        [
            *_group_head(algorithm, lesion, name, view.source.laterality),
            *([code(HAS_CONCEPT_MOD, _METHOD, OUTLINED_BY[lesion.drawn_by(view)])] if view.outlined else []),
            region,
            number(
                CONTAINS,
                PROBABILITY_OF_CANCER,
                100 * assessment.probability,
                PERCENT,
                point(INFERRED_FROM, MARK, mark.x, mark.y, seen_on),
            ),
            *_other_probabilities(probabilities_of(assessment)),
            *_robustness(view.robustness),
            *(
                number(CONTAINS, feature_code(each.definition.name), each.value, UNITS[each.definition.unit])
                for each in features
            ),
            *(code(CONTAINS, DOUBT, flag_code(flag.code)) for flag in assessment.flags),
        ],
        template="1410",
    )


def _robustness(discs: Sequence[DiscRobustness]) -> Iterator[Dataset]:
    """What the probability and the outline did while the mark was moved, each by how it was derived."""
    for disc in discs:
        radius, spread = disc.radius_mm, disc.probability
        for name, value, unit, derivation in (
            (MOVED_PROBABILITY[radius], 100 * spread.lowest, PERCENT, _MINIMUM),
            (MOVED_PROBABILITY[radius], 100 * spread.highest, PERCENT, _MAXIMUM),
            (MOVED_SD[radius], 100 * spread.sd, PERCENT, _STANDARD_DEVIATION),
            (MOVED_OVERLAP[radius], disc.mean_overlap, UNITS["1"], _MEAN),
        ):
            yield number(CONTAINS, name, value, unit, code(HAS_CONCEPT_MOD, _DERIVATION, derivation))


def _mean_group(algorithm: Algorithm, lesion: LesionResult, name: str) -> Dataset:
    """TID 1501: the mean over a lesion's views, which is of no one region."""
    means = mean_probabilities(lesion)
    mean = code(HAS_CONCEPT_MOD, _DERIVATION, _MEAN)
    return container(
        CONTAINS,
        _GROUP,
        [
            *_group_head(algorithm, lesion, name, lesion.views[0].source.laterality),
            number(CONTAINS, PROBABILITY_OF_CANCER, 100 * means.probability, PERCENT, mean),
            *_other_probabilities(means, mean),
        ],
        template="1501",
    )


def _group_head(algorithm: Algorithm, lesion: LesionResult, name: str, laterality: str) -> Iterator[Dataset]:
    """Which lesion, what and where it is, and what measured it."""
    yield from tracking(name, tracking_uid(lesion))
    yield code(CONTAINS, dcm("121071", "Finding"), region_finding(lesion.finding))
    yield text(HAS_CONCEPT_MOD, ALGORITHM_NAME, f"{MODEL_NAME}: {_model(algorithm)}")
    yield text(HAS_CONCEPT_MOD, ALGORITHM_VERSION, algorithm.software_version)
    yield text(HAS_CONCEPT_MOD, ALGORITHM_MANUFACTURER, MANUFACTURER)
    yield text(HAS_CONCEPT_MOD, ALGORITHM_PARAMETERS, f"bundle sha256 {algorithm.model_digest}")
    side = LATERALITY.get(laterality)
    sides = () if side is None else (code(HAS_CONCEPT_MOD, sct("272741003", "Laterality"), side),)
    yield code(HAS_CONCEPT_MOD, _FINDING_SITE, BREAST, *sides)


def _other_probabilities(found: Probabilities, *modifiers: Dataset) -> Iterator[Dataset]:
    yield number(CONTAINS, BRANCH_PROBABILITIES[CNN], 100 * found.cnn_probability, PERCENT, *modifiers)
    yield number(CONTAINS, BRANCH_PROBABILITIES[LESION], 100 * found.lesion_probability, PERCENT, *modifiers)
    yield number(CONTAINS, CALIBRATED_PROBABILITY, 100 * found.calibrated_probability, PERCENT, *modifiers)


def _model(algorithm: Algorithm) -> str:
    return f"{algorithm.model_name} {algorithm.model_version}"
