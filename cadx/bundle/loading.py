"""Loading a bundle: read the manifest, verify, load, test."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from cadx.branches import CNN, LESION
from cadx.bundle.classifiers import parse_classifiers
from cadx.bundle.cohort_files import parse_cohort
from cadx.bundle.files import (
    BACKBONE,
    CLASSIFIER_ARRAYS,
    CLASSIFIER_FACTS,
    COHORT_ARRAYS,
    COHORT_FACTS,
    KNOWN_CASES,
    MANIFEST,
    REFERENCE_FACTS,
    REFERENCE_IMAGE,
    SERVED,
    file_digest,
)
from cadx.bundle.known_cases_file import parse_known_cases
from cadx.bundle.manifest import BundleManifest, FileDigest, parse_manifest
from cadx.bundle.models import Bundle
from cadx.bundle.reference import parse_reference
from cadx.classify import FrozenSvm
from cadx.classify.gram import Standardization
from cadx.cnn import load_exported
from cadx.errors import (
    BundleFileMissing,
    BundleIncompatible,
    BundleManifestInvalid,
    BundleNotFound,
    BundleNotPinned,
    BundleTampered,
    BundleUnreadable,
)
from cadx.explain import CohortReference, KnownCases, Novelty
from cadx.explain.similar import Axes
from cadx.lesion import FEATURES, SegmentationMethod
from cadx.mammogram import ReadingPolicy
from cadx.model import Classifiers
from cadx.self_test import self_test

MAX_MANIFEST_BYTES = 4 * 2**20
Whitened = TypeVar("Whitened", Novelty, Axes)


def load_bundle(folder: Path, pinned_digest: str | None = None, *, threads: int = 0) -> Bundle:
    """Verify a bundle, load it, and let it assess its reference image. Nothing in it is unpickled.

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
        A leaf of it: not found, not readable, not pinned, unknown format, missing, changed or invalid file, a model
        that this code does not fit, or a definition that has changed since it was fitted.
    """
    try:
        return _load(folder, pinned_digest, threads)
    except OSError as error:
        raise BundleUnreadable(folder.name, error.strerror or type(error).__name__) from error


def read_manifest(folder: Path, pinned_digest: str | None = None) -> tuple[BundleManifest, str]:
    """Read ``bundle.json`` and return it with its digest; of the other files nothing is looked at."""
    raw = _manifest_bytes(folder)
    digest = hashlib.sha256(raw).hexdigest()
    if pinned_digest is not None and digest != pinned_digest:
        raise BundleNotPinned(folder.name, digest, pinned_digest)
    return parse_manifest(folder.name, raw), digest


def read_file(folder: Path, manifest: BundleManifest, name: str) -> bytes:
    """Read a file and return the very bytes that were verified, so that no swap in between can matter."""
    if name not in manifest.files or not (folder / name).is_file():
        raise BundleFileMissing(folder.name, name)
    content = (folder / name).read_bytes()
    if hashlib.sha256(content).hexdigest() != manifest.files[name].sha256:
        raise BundleTampered(folder.name, name)
    return content


def _load(folder: Path, pinned_digest: str | None, threads: int) -> Bundle:
    manifest, digest = read_manifest(folder, pinned_digest)
    for name in SERVED:
        if name not in manifest.files:
            raise BundleFileMissing(manifest.name, name)
    for name, expected in manifest.files.items():
        _verify(folder, name, expected)
    bundle = _assemble(folder, manifest, digest, threads)
    picture, facts = (read_file(folder, manifest, name) for name in (REFERENCE_IMAGE, REFERENCE_FACTS))
    self_test(manifest.name, bundle, parse_reference(manifest.name, picture, facts, bundle.policy))
    return bundle


def _manifest_bytes(folder: Path) -> bytes:
    path = folder / MANIFEST
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_MANIFEST_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise BundleNotFound(str(folder)) from None
    if len(raw) > MAX_MANIFEST_BYTES:
        raise BundleManifestInvalid(folder.name, "larger than 4 MiB")
    return raw


def _verify(folder: Path, name: str, expected: FileDigest) -> None:
    """Compare a file with the manifest, reading it in pieces: the backbone has some 160 MB."""
    if Path(name).name != name:
        raise BundleManifestInvalid(folder.name, f"file name {name!r} leaves the bundle")
    path = folder / name
    if not path.is_file():
        raise BundleFileMissing(folder.name, name)
    if path.stat().st_size != expected.size_bytes or file_digest(path) != expected:
        raise BundleTampered(folder.name, name)


def _assemble(folder: Path, manifest: BundleManifest, digest: str, threads: int) -> Bundle:
    backbone = load_exported(folder / BACKBONE, threads)
    if backbone.weights_digest != manifest.backbone.weights_sha256:
        raise BundleIncompatible(manifest.name, "the backbone's weights are not those the model was fitted with")
    facts, arrays = (read_file(folder, manifest, name) for name in (CLASSIFIER_FACTS, CLASSIFIER_ARRAYS))
    kept = parse_classifiers(manifest.name, facts, arrays)
    if kept.cnn.n_features_in != backbone.feature_count or kept.lesion.n_features_in != len(manifest.feature_names):
        raise BundleIncompatible(manifest.name, "its classifiers expect other numbers of features than it has")
    try:
        policy, method = ReadingPolicy(**manifest.reading_policy), SegmentationMethod(manifest.segmentation_method)
    except (TypeError, ValueError) as error:
        raise BundleIncompatible(manifest.name, f"this version does not know its choices: {error}") from None
    reference, known_cases = _of_cohort(folder, manifest)
    return Bundle(
        manifest=manifest,
        digest=digest,
        backbone=backbone,
        classifiers=Classifiers(kept.cnn, _by_name(manifest, kept.lesion), kept.ensemble),
        policy=policy,
        segmentation_method=method,
        reference=reference,
        known_cases=known_cases,
        marks=manifest.method.lesion_marks,
    )


def _of_cohort(folder: Path, manifest: BundleManifest) -> tuple[CohortReference | None, KnownCases | None]:
    """Read what is kept of the cohort, where it is."""
    reference, known = None, None
    if COHORT_FACTS in manifest.files or COHORT_ARRAYS in manifest.files:
        facts, arrays = (read_file(folder, manifest, name) for name in (COHORT_FACTS, COHORT_ARRAYS))
        reference = parse_cohort(manifest.name, facts, arrays)
        novelty = {
            CNN: _fitting(manifest, CNN, reference.novelty[CNN]),
            LESION: _fitting(manifest, LESION, reference.novelty[LESION]),
        }
        reference = replace(reference, novelty=novelty)
    if KNOWN_CASES in manifest.files:
        known = parse_known_cases(manifest.name, read_file(folder, manifest, KNOWN_CASES))
        axes = tuple(_fitting(manifest, part.branch, part) for part in known.space.axes)
        known = replace(known, space=replace(known.space, axes=axes))
    return reference, known


def _fitting(manifest: BundleManifest, branch: str, part: Whitened) -> Whitened:
    """Let a whitening find its columns among those that this version and this backbone give."""
    learnt = part.whitening.standardization
    if branch == LESION:
        learnt = _columns_by_name(manifest, learnt)
    elif learnt.columns.max() >= manifest.backbone.feature_count:
        raise BundleIncompatible(manifest.name, "what it keeps of its cohort has more CNN features than its backbone")
    return replace(part, whitening=replace(part.whitening, standardization=learnt))


def _by_name(manifest: BundleManifest, svm: FrozenSvm) -> FrozenSvm:
    """Let Method B's classifier find its features by name, among those that this version computes."""
    return replace(svm, n_features_in=len(FEATURES), standardization=_columns_by_name(manifest, svm.standardization))


def _columns_by_name(manifest: BundleManifest, learnt: Standardization) -> Standardization:
    if learnt.columns.max() >= len(manifest.feature_names):
        raise BundleIncompatible(manifest.name, "it measures more lesion features than it names")
    here = {feature.name: column for column, feature in enumerate(FEATURES)}
    wanted = [manifest.feature_names[column] for column in learnt.columns]
    missing = [name for name in wanted if name not in here]
    if missing:
        raise BundleIncompatible(manifest.name, f"this version has no lesion features {', '.join(missing)}")
    return replace(learnt, columns=np.array([here[name] for name in wanted], dtype=np.intp))
