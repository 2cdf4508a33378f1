"""What a bundle says of itself: the records of ``bundle.json``."""

import json
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cadx.cnn import SCALES_MM, Backbone
from cadx.errors import BundleFormatUnknown, BundleManifestInvalid

FORMAT: Final = 2
NAME_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
"""Of a model's name, which is its folder's too."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class FileDigest(_Record):
    """Digest and size of one file of the bundle."""

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size_bytes: int = Field(ge=0)


class BackboneFacts(_Record):
    """Which CNN gives Method A's features."""

    architecture: str
    layer: str
    weights: str
    pooling: str
    weights_sha256: str
    feature_count: int
    pretrained: bool
    turns: int = 1
    scales_mm: tuple[float, ...] = SCALES_MM[:1]


class MethodFacts(_Record):
    """Whether the paper's way was taken, and what the search chose where another was.

    Attributes
    ----------
    preset
        ``paper``, or ``best``: what measured best on real masses.
    cnn_part
        Which of the CNN's features Method A sees; ``all``, or a choice that the search made on all cases.
    lesion_marks
        Method B's features are means over outlines from so many marks; the reader's alone in the paper.
    cnn_weight
        Weight of Method A's probability in the average; the paper's is one half.
    svm
        ``polynomial`` as in the paper, or ``linear``.
    """

    preset: Literal["paper", "best"] = "paper"
    cnn_part: str = "all"
    lesion_marks: int = Field(1, ge=1, le=99)
    cnn_weight: float = Field(0.5, ge=0, le=1)
    svm: Literal["polynomial", "linear"] = "polynomial"


class CohortFacts(_Record):
    """What the classifiers were fitted on."""

    source: str
    lesions: int
    rois: int
    benign_rois: int
    malignant_rois: int
    patients: int | None
    synthetic: bool


class AucInterval(_Record):
    """Limits about the mean of the fold AUCs, and how they were found."""

    low: float = Field(ge=0, le=1)
    high: float = Field(ge=0, le=1)
    confidence: float = Field(gt=0, lt=1)
    method: str


class ProbabilityHistogram(_Record):
    """Out-of-fold probabilities of the training cohort: what to hold the probabilities of a service against.

    Attributes
    ----------
    benign, malignant
        ROIs in equal bins of [0, 1]; the last bin holds 1.
    """

    benign: tuple[int, ...]
    malignant: tuple[int, ...]


class ClassifierFigures(_Record):
    """Cross-validated performance of one classifier: AUC over the folds (SD with ddof = 1).

    Attributes
    ----------
    branch_uninformative
        Whether the classifier, fitted on all cases, ranked its held-out cases no better than chance: a branch's
        probability, or the ensemble's calibrated one, is then the cohort's share of malignant ROIs whatever the image.
    """

    auc_mean: float
    auc_sd: float
    fold_aucs: tuple[float, ...]
    auc_interval: AucInterval | None = None
    probability_histogram: ProbabilityHistogram | None = None
    branch_uninformative: bool = False


class EvaluationFigures(_Record):
    """How the three classifiers did in cross validation that splits no lesion, patient or picture."""

    folds: int
    seed: int
    grouped_by: str
    cnn: ClassifierFigures
    lesion: ClassifierFigures
    ensemble: ClassifierFigures


class CohortDigests(_Record):
    """Who a model was fitted on, as salted digests, so that a test set can be held against it; never identifiers.

    A digest is ``sha256(salt + kind + NUL + identifier)``. Whoever holds the bundle can still try identifiers that they
    guess: manifests should hold study pseudonyms, not hospital numbers.

    Attributes
    ----------
    salt
        Random, hexadecimal, drawn for this bundle alone.
    lesions, patients
        Sorted; patients as far as they are known.
    images
        Of the images' decoded pixels (`cadx.mammogram.content_digest`): finds a mammogram again in any file that was
        made of it without loss.
    """

    salt: str = Field(pattern=r"^[0-9a-f]{32}$")
    lesions: tuple[str, ...]
    patients: tuple[str, ...]
    images: tuple[str, ...]


class BundleManifest(_Record):
    """Everything about a bundle but its numbers.

    Attributes
    ----------
    libraries
        What it was made with, for the record; what may use it is decided by its self-test.
    """

    format: Literal[2]
    name: str = Field(pattern=NAME_PATTERN)
    version: str
    created: str
    intended_use: str
    notices: tuple[str, ...]
    backbone: BackboneFacts
    reading_policy: dict[str, Any]
    segmentation_method: str
    feature_names: tuple[str, ...]
    method: MethodFacts = MethodFacts()
    cohort: CohortFacts
    evaluation: EvaluationFigures
    cohort_digests: CohortDigests | None = None
    libraries: dict[str, str]
    files: dict[str, FileDigest]

    @property
    def demonstration_only(self) -> bool:
        """Whether the numbers of this model mean nothing: phantoms for cases, or a CNN that was not pretrained."""
        return self.cohort.synthetic or not self.backbone.pretrained


def backbone_facts(backbone: Backbone) -> BackboneFacts:
    """Describe a backbone for a manifest."""
    spec = backbone.spec
    source = spec.weights if spec.weights.startswith("random:") or spec.weights == "imagenet" else "file"
    return BackboneFacts(
        architecture=spec.architecture,
        layer=spec.layer,
        weights=source,
        pooling=spec.pooling,
        weights_sha256=backbone.weights_digest,
        feature_count=backbone.feature_count,
        pretrained=backbone.pretrained,
        turns=spec.turns,
        scales_mm=spec.scales_mm,
    )


def parse_manifest(name: str, raw: bytes) -> BundleManifest:
    """Read ``bundle.json``: first its format number, then, if that is known, the rest."""
    try:
        content = json.loads(raw)
    except ValueError:
        raise BundleManifestInvalid(name, "not JSON") from None
    found = content.get("format") if isinstance(content, dict) else None
    if found != FORMAT:
        raise BundleFormatUnknown(name, str(found), FORMAT)
    try:
        return BundleManifest.model_validate(content)
    except ValidationError as error:
        raise BundleManifestInvalid(name, first_problems(error)) from None


def first_problems(error: ValidationError) -> str:
    """Name the first three fields that are wrong, and why."""
    return "; ".join(".".join(map(str, item["loc"])) + ": " + item["msg"] for item in error.errors()[:3])
