"""The JSON documents that the service answers with. Units are in the names; examples are in `app.openapi.examples`."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from app.schemas.base import Answer, Part
from app.schemas.trust import AtPrevalence, ExplanationFacts, MapFacts, ReliabilityFacts, RobustnessFacts, SimilarFacts
from cadx.bundle import BackboneFacts, CohortFacts, EvaluationFigures
from cadx.exchange.dicomweb import StoreState
from cadx.flags import FlagCode
from cadx.mammogram import ReadingPolicy


class ModelReference(Answer):
    """Which model answered."""

    name: str
    version: str
    digest: str = Field(description="SHA-256 of the model's manifest, which covers every file of the model.")


class MethodAnswer(Answer):
    """Whether the model goes the paper's way, and in what it does not."""

    preset: Literal["paper", "best"] = Field(description="`best`: what measured best on real masses (evidence.md).")
    cnn_part: str = Field(description="Which of the CNN's features method A sees.")
    lesion_marks: int = Field(
        ge=1, description="Method B sees means over outlines from so many marks: the reader's, and others about it."
    )
    cnn_weight: float = Field(ge=0, le=1, description="Weight of method A in `probability`; the paper's is one half.")
    svm: Literal["polynomial", "linear"] = Field(description="Of methods A and B; the paper's is polynomial.")
    differs_from_paper: tuple[str, ...] = Field(description="From Huynh, Li & Giger (2016), a sentence each.")


class Center(Answer):
    """The marked center, in pixels of the stored image; (0, 0) is the top-left corner of the top-left pixel."""

    x: float = Field(description="Column.")
    y: float = Field(description="Row.")


class SourceSpacing(Answer):
    """Size of a pixel of the source image."""

    row_mm: float = Field(description="Distance between the middles of pixels one above the other.")
    column_mm: float = Field(description="Distance between the middles of pixels side by side.")
    source: str = Field(description="DICOM attribute it was read from, or `caller`.")
    plane: str = Field(description="`detector`, or `lesion` when divided by the magnification.")
    magnification: float


class ImageOrigin(Answer):
    """The PACS that an image was fetched from, and its UIDs."""

    pacs: str
    study: str
    series: str
    instance: str


class ImageFacts(Answer):
    """The image as it was read."""

    sha256: str = Field(description="Digest of the file.")
    dicomweb: ImageOrigin | None = Field(None, description="Where it was fetched from; left out for one that was sent.")
    file_format: str = Field(description="As found from the content.")
    rows: int
    columns: int
    spacing: SourceSpacing
    reading: dict[str, float | int | str] = Field(description="How it was read: polarity, VOI, bits.")


class RegionFacts(Answer):
    """The region about the lesion that was analyzed."""

    size_px: int = Field(description="Rows and columns of the region.")
    spacing_mm: float = Field(description="Pixel size of the region.")
    center: Center = Field(
        description="The region's own middle in pixels of the stored image: the mark, moved to the nearest corner of "
        "pixels, floor(c + 1/2) on each axis. The contour is drawn from here."
    )
    padded_share: float = Field(ge=0, le=1, description="Share of the region that lies outside the image.")
    tissue_share: float = Field(
        ge=0,
        le=1,
        description="Share of the region that shows tissue: neither padding nor air, collimation, a film's border or "
        "blanked-out text. Nothing else is measured.",
    )
    thumbnail_png: str | None = Field(
        None, description="The region as an 8-bit PNG in base64; only with include=thumbnail."
    )


class SegmentationFacts(Answer):
    """How the lesion was outlined."""

    method: str
    outcome: str


class FeatureValue(Answer):
    """One measured feature of the lesion."""

    name: str
    value: float
    unit: str
    family: str


class StoredKind(StrEnum):
    """What may be stored in a PACS."""

    SR = "sr"
    SEG = "seg"
    GSPS = "gsps"
    CAD_SR = "cad-sr"


class StoredObject(Answer):
    """What became of an object that was to be stored."""

    kind: StoredKind
    series: str = Field(description="Series Instance UID.")
    instance: str = Field(description="SOP Instance UID.")
    state: StoreState
    reason: str = Field(description="What the PACS said, where it said something.")


class StorableAnswer(Answer):
    """Base of the answers that `store` puts into a PACS as well."""

    stored: tuple[StoredObject, ...] | None = Field(
        None, description="What became of what was to be stored; in the outermost object, only where `store` was asked."
    )


class FlagFacts(Answer):
    """Something doubtful about the image, the region or the outline: not a refusal."""

    code: FlagCode = Field(description="Stable name; docs/flags.md lists what each means. New ones may be added.")
    message: str = Field(description="One sentence for a person.")
    facts: dict[str, float | int | str] = Field(description="The numbers behind it; never patient data.")


class Prediction(StorableAnswer):
    """The assessment of one lesion on one view."""

    id: str = Field(description="Derived from the model, the image, how it was read and the center: same in, same id.")
    probability: float = Field(
        ge=0, le=1, description="Probability of malignancy: the mean of the next two, weighed as `method` says."
    )
    cnn_probability: float = Field(ge=0, le=1, description="Method A alone: SVM on the CNN's features.")
    lesion_probability: float = Field(ge=0, le=1, description="Method B alone: SVM on the lesion's features.")
    calibrated_probability: float = Field(
        ge=0,
        le=1,
        description="`probability`, which as an average lies too near one half, brought by a sigmoid to the share of "
        "malignant lesions that stood behind it in the model's cross-validated cohort.",
    )
    model: ModelReference
    method: MethodAnswer
    center: Center
    image: ImageFacts
    region: RegionFacts
    segmentation: SegmentationFacts
    features: tuple[FeatureValue, ...] | None = Field(None, description="Left out unless included.")
    contour: tuple[tuple[float, float], ...] | None = Field(
        None, description="The lesion's outline as x, y in pixels of the stored image. Left out unless included."
    )
    flags: tuple[FlagFacts, ...]
    timings_ms: dict[str, float] | None = Field(None, description="Wall time of each step. Left out unless included.")
    at_prevalence: AtPrevalence | None = Field(None, description="Left out unless `prevalence` is given.")
    explanation: ExplanationFacts | None = Field(None, description="Only with include=explanation.")
    map: MapFacts | None = Field(None, description="Only with include=map.")
    similar: SimilarFacts | None = Field(None, description="Only with include=similar.")
    reliability: ReliabilityFacts | None = Field(None, description="Only with include=reliability.")
    robustness: RobustnessFacts | None = Field(None, description="Only with include=robustness.")
    research_use_only: Literal[True] = True
    demonstration_only: bool = Field(description="True when the numbers mean nothing: phantoms, or an untrained CNN.")
    notices: tuple[str, ...] = Field(description="What a reader must know before using the number.")


class LesionPredictions(StorableAnswer):
    """The assessments of several lesions of one image, in the order of the request."""

    predictions: tuple[Prediction, ...]


class ViewPredictions(StorableAnswer):
    """The assessment of one lesion seen on several views: each view and the mean over views."""

    id: str = Field(description="Derived from the views' ids.")
    probability: float = Field(ge=0, le=1, description="Mean of the views' probabilities.")
    cnn_probability: float = Field(ge=0, le=1, description="Mean of the views' method A.")
    lesion_probability: float = Field(ge=0, le=1, description="Mean of the views' method B.")
    calibrated_probability: float = Field(
        ge=0, le=1, description="Mean of the views' calibrated probabilities; itself calibrated for single views only."
    )
    views: tuple[Prediction, ...] = Field(description="In the order of the request; each has flags of its own.")
    flags: tuple[FlagFacts, ...] = Field(description="About the views together. Empty when there is none.")
    research_use_only: Literal[True] = True
    demonstration_only: bool
    notices: tuple[str, ...]


class FeatureFacts(Answer):
    """What a feature is."""

    name: str
    family: str
    unit: str
    reads_as: str = Field(description="What a higher value means.")
    ibsi: str = Field(description="Code of the Image Biomarker Standardisation Initiative; empty where it has none.")


class ReadableFacts(Answer):
    """Which images the service reads."""

    file_formats: tuple[str, ...]
    transfer_syntaxes: dict[str, str] = Field(description="DICOM transfer syntaxes: UID and name.")
    max_pixels: int
    max_body_mb: int


class ModelFacts(Answer):
    """What a model is, what it was fitted on, how it did, and what it is for."""

    name: str
    version: str
    digest: str
    default: bool = Field(description="Whether requests that name no model are answered by it.")
    created: str
    intended_use: str
    limits: tuple[str, ...]
    research_use_only: Literal[True] = True
    demonstration_only: bool
    notices: tuple[str, ...]
    backbone: BackboneFacts = Field(description="The CNN: architecture, layer, weights and their digest.")
    method: MethodAnswer
    evidence: str = Field(description="What the figures rest on, in one sentence.")
    segmentation_method: str
    reading_policy: ReadingPolicy = Field(description="How images are read: the same in training and in serving.")
    features: tuple[FeatureFacts, ...]
    cohort: CohortFacts = Field(description="What it was fitted on.")
    evaluation: EvaluationFigures = Field(description="Cross-validated figures of the three classifiers.")
    readable: ReadableFacts
    parts: tuple[Part, ...] = Field((), description="What `include` may name for this model.")


class ModelList(Answer):
    """The models in service."""

    models: tuple[ModelFacts, ...]


class Health(Answer):
    """The process is alive."""

    status: Literal["alive"] = "alive"


class Readiness(Answer):
    """The service answers predictions."""

    status: Literal["ready"] = "ready"
    models: tuple[ModelReference, ...]


class ReloadedModel(Answer):
    """What a reload did to one model."""

    name: str
    outcome: Literal["unchanged", "replaced", "added", "refused"] = Field(
        description="`refused`: the new bundle was bad; what served before still serves."
    )
    digest: str = Field(description="Digest of the model that serves now.")
    code: str = Field(description="Code of the problem, when refused.")
    detail: str


class ReloadReport(Answer):
    """What a reload did."""

    models: tuple[ReloadedModel, ...]


class KeptImage(Answer):
    """An image that is kept for a while."""

    image_id: str = Field(description="Names the image in predictions, for this caller, at this replica.")
    sha256: str = Field(description="Digest of the file.")
    size_bytes: int
    minutes: float = Field(description="How long it is kept after it was last asked for; less where memory is short.")


class PacsState(Answer):
    """One PACS."""

    name: str = Field(description="What requests call it.")
    answers: bool
    stores: bool = Field(description="Whether results may be stored in it.")
    problem: str | None = Field(None, description="Code of the problem, where it does not answer.")


class PacsList(Answer):
    """Every PACS that is configured."""

    pacs: tuple[PacsState, ...]
