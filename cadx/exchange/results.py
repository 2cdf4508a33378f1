"""What every document of a result is made from: neutral frozen records, the same for DICOM and FHIR.

A `Results` says what one algorithm found of one or more lesions, each seen on one or more images of one study. The
functions of this package turn it into objects:

    structured_report(results)      TID 1500, one data set
    segmentations(results)          SEG, one data set an image
    presentation_states(results)    GSPS, one data set an image
    cad_report(results)             Mammography CAD SR, TID 4000, one data set
    fhir_bundle(results)            FHIR R4, a dict that JSON can say
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean

from cadx.assessment import Assessment
from cadx.bundle import Bundle, shown_notices
from cadx.errors import SourcesMixed, TrackingUnusable
from cadx.exchange.identity import SourceImage
from cadx.exchange.uids import is_uid, named_uid
from cadx.findings import FindingKind, OutlinedBy
from cadx.lesion import DrawnBy, SegmentationOutcome
from cadx.records import LesionCenter
from cadx.robustness import DiscRobustness

MANUFACTURER = "mammo-cadx"
_LONGEST_NAME = 64


@dataclass(frozen=True, slots=True)
class Algorithm:
    """What made the numbers.

    Attributes
    ----------
    software_version
        Of mammo-cadx.
    model_name, model_version, model_digest
        Of the bundle.
    notices
        What must stand beside every number.
    demonstration_only
        Whether the numbers mean nothing: phantoms for cases, or a CNN that was not pretrained.
    """

    software_version: str
    model_name: str
    model_version: str
    model_digest: str
    notices: tuple[str, ...]
    demonstration_only: bool


@dataclass(frozen=True, slots=True)
class ViewResult:
    """One assessment and the image, or frame, it was made on.

    Attributes
    ----------
    source, assessment
        The two.
    robustness
        What became of the mark when it was moved; empty where that was not asked for.
    """

    source: SourceImage
    assessment: Assessment
    robustness: tuple[DiscRobustness, ...] = ()

    @property
    def outlined(self) -> bool:
        """Whether the outline is the lesion's; false where a disc stands in for a lesion that was not found."""
        segmentation = self.assessment.segmentation
        return (
            segmentation.outcome is SegmentationOutcome.FOUND
            or segmentation.trace.chosen >= 0
            or segmentation.method is DrawnBy.READER
        )


@dataclass(frozen=True, slots=True)
class LesionResult:
    """One lesion, seen on one or more views.

    Attributes
    ----------
    views
        At least one; each image of a lesion once.
    finding
        What the caller says it is.
    outlined_by
        Who drew the outlines that do not tell themselves (`drawn_by`).
    tracking_identifier
        The lesion's name for people, 1 to 64 characters; "" for "Lesion N".
    tracking_uid
        The lesion's UID over time; "" for one that is derived from the marks.
    """

    views: tuple[ViewResult, ...]
    finding: FindingKind = FindingKind.SELECTED_REGION
    outlined_by: OutlinedBy = OutlinedBy.ALGORITHM
    tracking_identifier: str = ""
    tracking_uid: str = ""

    def drawn_by(self, view: ViewResult) -> OutlinedBy:
        """Who drew the outline on one of the views."""
        return OutlinedBy.READER if view.assessment.segmentation.method is DrawnBy.READER else self.outlined_by


@dataclass(frozen=True, slots=True)
class DocumentReference:
    """An SR document in an archive, by its UIDs: what a correction names as its forerunner."""

    sop_class_uid: str
    sop_instance_uid: str
    study_uid: str
    series_uid: str


@dataclass(frozen=True, slots=True)
class Results:
    """Everything that one set of objects says.

    Attributes
    ----------
    lesions
        At least one. All images are of one patient, one study and one side.
    algorithm
        What made the numbers.
    created
        When, with its time zone. Decides no UID.
    predecessor
        The document that this one corrects.

    Raises
    ------
    SourcesMixed
        When the images are not of one patient, one study and one side.
    TrackingUnusable
        When the name or UID that the caller gave a lesion cannot be written.
    """

    lesions: tuple[LesionResult, ...]
    algorithm: Algorithm
    created: datetime
    predecessor: DocumentReference | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot stand in one document."""
        for lesion in self.lesions:
            _check_tracking(lesion)
        if mixed := mixed_sources(tuple(view.source for lesion in self.lesions for view in lesion.views)):
            raise SourcesMixed(mixed)

    @property
    def sources(self) -> tuple[SourceImage, ...]:
        """Every image once, in order of appearance."""
        found = {
            (view.source.sop_instance_uid, view.source.frame): view.source
            for lesion in self.lesions
            for view in lesion.views
        }
        return tuple(found.values())


@dataclass(frozen=True, slots=True)
class Probabilities:
    """The four probabilities of a lesion, 0 to 1."""

    probability: float
    cnn_probability: float
    lesion_probability: float
    calibrated_probability: float


def algorithm_of(bundle: Bundle, software_version: str) -> Algorithm:
    """What a bundle must be called beside its numbers."""
    manifest = bundle.manifest
    return Algorithm(
        software_version,
        manifest.name,
        manifest.version,
        bundle.digest,
        shown_notices(manifest),
        manifest.demonstration_only,
    )


def mixed_sources(sources: tuple[SourceImage, ...], *, among_known: bool = False) -> tuple[str, ...]:
    """Which of patient, study and side differ between images; empty when they belong together.

    Parameters
    ----------
    sources
        The images.
    among_known
        Leave out what a header does not tell, instead of taking it for something else.
    """
    kinds: dict[str, set[tuple[str, ...]]] = {
        "patient": {(source.identity.patient_id, source.identity.issuer_of_patient_id) for source in sources},
        "study": {(source.study_uid,) for source in sources},
        "side": {(source.laterality,) for source in sources},
    }
    if among_known:
        kinds = {name: {value for value in values if value[0]} for name, values in kinds.items()}
    return tuple(name for name, values in kinds.items() if len(values) > 1)


def probabilities_of(assessment: Assessment) -> Probabilities:
    """The probabilities of one view."""
    return Probabilities(
        assessment.probability,
        assessment.cnn_probability,
        assessment.lesion_probability,
        assessment.calibrated_probability,
    )


def mean_probabilities(lesion: LesionResult) -> Probabilities:
    """The mean over the views of a lesion."""
    views = [probabilities_of(view.assessment) for view in lesion.views]
    return Probabilities(
        fmean(view.probability for view in views),
        fmean(view.cnn_probability for view in views),
        fmean(view.lesion_probability for view in views),
        fmean(view.calibrated_probability for view in views),
    )


def tracking_uid(lesion: LesionResult) -> str:
    """The lesion's UID: the caller's, or one derived from where it was marked, whatever the algorithm found there."""
    if lesion.tracking_uid:
        return lesion.tracking_uid
    return lesion_uid([(view.source, view.assessment.roi.mark) for view in lesion.views])


def lesion_uid(marks: Sequence[tuple[SourceImage, LesionCenter]]) -> str:
    """The UID of a lesion that was marked on images."""
    parts = (
        part
        for source, mark in marks
        for part in (source.sop_instance_uid, str(source.frame), mark.x.hex(), mark.y.hex())
    )
    return named_uid("lesion", *parts)


def views_on(results: Results, source: SourceImage) -> tuple[tuple[int, LesionResult, ViewResult], ...]:
    """What was found on one image: the lesion's index, the lesion and the view, in the lesions' order."""
    return tuple(
        (index, lesion, view)
        for index, lesion in enumerate(results.lesions)
        for view in lesion.views
        if (view.source.sop_instance_uid, view.source.frame) == (source.sop_instance_uid, source.frame)
    )


def _check_tracking(lesion: LesionResult) -> None:
    name = lesion.tracking_identifier
    if len(name) > _LONGEST_NAME or "\\" in name or not (name.isprintable() and name == name.strip()):
        raise TrackingUnusable("tracking identifier", "is too long, or holds characters that DICOM does not allow")
    if lesion.tracking_uid and not is_uid(lesion.tracking_uid):
        raise TrackingUnusable("tracking UID", "is no valid UID")
