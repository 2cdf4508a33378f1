"""A fitted model on disk: read the manifest, verify, load, check.

A bundle is a folder::

    bundle.json                 what the model is (`BundleManifest`), with the digest of every other file
    cnn_svm.joblib              Method A's classifier
    handcrafted_svm.joblib      Method B's classifier
    ensemble.joblib             Method C's soft vote
    MODEL_CARD.md               for people
    backbone.onnx               the CNN with its weights, cut at the layer: nothing else is needed to serve

joblib files are pickles, and unpickling runs code: nothing is unpickled before its digest is that of the manifest, and
the manifest itself can be pinned by its own digest. The ONNX file holds no code. A bundle is written beside its place
and renamed into it, with ``bundle.json`` last, so that a half-written one can never be loaded.
"""

import hashlib
import io
import json
import os
import platform
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, Literal

import joblib
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cadx.classify import PolynomialSvm, SoftVote
from cadx.cnn import Backbone, load_exported
from cadx.errors import (
    BundleFileMissing,
    BundleFormatUnknown,
    BundleIncompatible,
    BundleLibraryMismatch,
    BundleManifestInvalid,
    BundleNotFound,
    BundleNotPinned,
    BundleTampered,
)
from cadx.lesion import FEATURES, SegmentationMethod
from cadx.mammogram import ReadingPolicy

FORMAT: Final = 1
MANIFEST = "bundle.json"
MODEL_CARD = "MODEL_CARD.md"
CNN_SVM = "cnn_svm.joblib"
HANDCRAFTED_SVM = "handcrafted_svm.joblib"
ENSEMBLE = "ensemble.joblib"
BACKBONE = "backbone.onnx"
LIBRARIES = ("mammo-cadx", "joblib", "numpy", "onnxruntime", "scikit-image", "scikit-learn", "scipy")
MAX_MANIFEST_BYTES = 4 * 2**20


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


class CohortFacts(_Record):
    """What the classifiers were fitted on."""

    source: str
    lesions: int
    rois: int
    benign_rois: int
    malignant_rois: int
    patients: int | None
    synthetic: bool


class ClassifierFigures(_Record):
    """Cross-validated performance of one classifier: AUC over the folds (SD with ddof = 1)."""

    auc_mean: float
    auc_sd: float
    fold_aucs: tuple[float, ...]


class EvaluationFigures(_Record):
    """How the three classifiers did in cross validation by lesion (by patient where known)."""

    folds: int
    seed: int
    grouped_by: str
    cnn: ClassifierFigures
    lesion: ClassifierFigures
    ensemble: ClassifierFigures


class BundleManifest(_Record):
    """Everything about a bundle that is not a fitted estimator."""

    format: Literal[1]
    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    version: str
    created: str
    intended_use: str
    notices: tuple[str, ...]
    backbone: BackboneFacts
    reading_policy: dict[str, Any]
    segmentation_method: str
    feature_names: tuple[str, ...]
    cohort: CohortFacts
    evaluation: EvaluationFigures
    libraries: dict[str, str]
    files: dict[str, FileDigest]

    @property
    def demonstration_only(self) -> bool:
        """Whether the numbers of this model mean nothing: phantoms for cases, or a CNN that was not pretrained."""
        return self.cohort.synthetic or not self.backbone.pretrained


@dataclass(frozen=True, slots=True)
class Classifiers:
    """The three fitted models of the paper."""

    cnn: PolynomialSvm
    lesion: PolynomialSvm
    ensemble: SoftVote


@dataclass(frozen=True, slots=True)
class Bundle:
    """A verified, loaded model, ready to assess lesions.

    Attributes
    ----------
    manifest
        What the model is.
    digest
        SHA-256 of ``bundle.json``, which covers every other file through its digests.
    """

    manifest: BundleManifest
    digest: str
    backbone: Backbone
    classifiers: Classifiers
    policy: ReadingPolicy
    segmentation_method: SegmentationMethod


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
    )


def write_bundle(
    folder: Path,
    *,
    version_label: str,
    created: str,
    intended_use: str,
    notices: tuple[str, ...],
    backbone: Backbone,
    policy: ReadingPolicy,
    segmentation_method: SegmentationMethod,
    classifiers: Classifiers,
    cohort: CohortFacts,
    evaluation: EvaluationFigures,
    model_card: str,
) -> BundleManifest:
    """Write a bundle atomically; the folder's name is the model's name.

    An older bundle at the same place is moved aside, replaced, then deleted: a reader finds the old one, for a moment
    none, or the new one, never a mixture.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as scratch:
        draft = Path(scratch) / "bundle"
        draft.mkdir()
        joblib.dump(classifiers.cnn, draft / CNN_SVM)
        joblib.dump(classifiers.lesion, draft / HANDCRAFTED_SVM)
        joblib.dump(classifiers.ensemble, draft / ENSEMBLE)
        (draft / BACKBONE).write_bytes(backbone.export())
        (draft / MODEL_CARD).write_text(model_card, encoding="utf-8")
        manifest = BundleManifest(
            format=FORMAT,
            name=folder.name,
            version=version_label,
            created=created,
            intended_use=intended_use,
            notices=notices,
            backbone=backbone_facts(backbone),
            reading_policy=asdict(policy),
            segmentation_method=segmentation_method.value,
            feature_names=tuple(feature.name for feature in FEATURES),
            cohort=cohort,
            evaluation=evaluation,
            libraries=library_versions(),
            files={path.name: _digest(path) for path in sorted(draft.iterdir())},
        )
        (draft / MANIFEST).write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
        _sync(draft)
        if folder.exists():
            folder.replace(Path(scratch) / "replaced")
        draft.replace(folder)
    return manifest


def library_versions() -> dict[str, str]:
    """Versions of what a bundle's numbers depend on, without local labels such as ``+cpu``."""
    found = {name: version(name).split("+")[0] for name in LIBRARIES}
    return {"python": ".".join(platform.python_version_tuple()[:2]), **found}


def load_bundle(folder: Path, pinned_digest: str | None = None, *, threads: int = 0) -> Bundle:
    """Verify a bundle and load it.

    Parameters
    ----------
    folder
        The bundle's folder.
    pinned_digest
        SHA-256 of ``bundle.json`` as given out by whoever vouches for the model; anything else is refused.
    threads
        Threads that the CNN may use for one batch; 0 for one a physical core.

    Raises
    ------
    BundleError
        A leaf of it: not found, not pinned, unknown format, missing or changed file, other library versions, or a
        model that this code does not fit.
    """
    raw = _read_manifest(folder)
    digest = hashlib.sha256(raw).hexdigest()
    if pinned_digest is not None and digest != pinned_digest:
        raise BundleNotPinned(folder.name, digest, pinned_digest)
    manifest = parse_manifest(folder.name, raw)
    _check_libraries(folder.name, manifest.libraries)
    for name, expected in manifest.files.items():
        _verify(folder, name, expected)
    return _assemble(folder, manifest, digest, threads)


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
        where = "; ".join(".".join(map(str, item["loc"])) + ": " + item["msg"] for item in error.errors()[:3])
        raise BundleManifestInvalid(name, where) from None


def _read_manifest(folder: Path) -> bytes:
    path = folder / MANIFEST
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_MANIFEST_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise BundleNotFound(str(folder)) from None
    if len(raw) > MAX_MANIFEST_BYTES:
        raise BundleManifestInvalid(folder.name, "larger than 4 MiB")
    return raw


def _check_libraries(name: str, wanted: Mapping[str, str]) -> None:
    have = library_versions()
    for library, version_wanted in wanted.items():
        if have.get(library) != version_wanted:
            raise BundleLibraryMismatch(name, library, version_wanted, have.get(library, "none"))


def _verify(folder: Path, name: str, expected: FileDigest) -> None:
    """Compare a file with the manifest, reading it in pieces: the backbone has some 160 MB."""
    if Path(name).name != name:
        raise BundleManifestInvalid(folder.name, f"file name {name!r} leaves the bundle")
    path = folder / name
    if not path.is_file():
        raise BundleFileMissing(folder.name, name)
    if path.stat().st_size != expected.size_bytes or _digest(path) != expected:
        raise BundleTampered(folder.name, name)


def _unpickle(folder: Path, name: str, expected: FileDigest) -> Any:
    """Load a joblib file from the very bytes that were verified, so that no swap in between can matter."""
    content = (folder / name).read_bytes()
    if hashlib.sha256(content).hexdigest() != expected.sha256:
        raise BundleTampered(folder.name, name)
    return joblib.load(io.BytesIO(content))


def _assemble(folder: Path, manifest: BundleManifest, digest: str, threads: int) -> Bundle:
    for name in (CNN_SVM, HANDCRAFTED_SVM, ENSEMBLE, BACKBONE):
        if name not in manifest.files:
            raise BundleFileMissing(manifest.name, name)
    if manifest.feature_names != tuple(feature.name for feature in FEATURES):
        raise BundleIncompatible(manifest.name, "its lesion features are not those of this version")
    backbone = load_exported(folder / BACKBONE, threads)
    if backbone.weights_digest != manifest.backbone.weights_sha256:
        raise BundleIncompatible(manifest.name, "the backbone's weights are not those the model was fitted with")
    classifiers = Classifiers(
        *(_unpickle(folder, name, manifest.files[name]) for name in (CNN_SVM, HANDCRAFTED_SVM, ENSEMBLE))
    )
    return Bundle(
        manifest=manifest,
        digest=digest,
        backbone=backbone,
        classifiers=classifiers,
        policy=ReadingPolicy(**manifest.reading_policy),
        segmentation_method=SegmentationMethod(manifest.segmentation_method),
    )


def _digest(path: Path) -> FileDigest:
    with path.open("rb") as file:
        return FileDigest(sha256=hashlib.file_digest(file, "sha256").hexdigest(), size_bytes=path.stat().st_size)


def _sync(folder: Path) -> None:
    for path in [*folder.iterdir(), folder]:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
