"""Loading a bundle: read the manifest, verify, load, check."""

import hashlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import joblib

from cadx.bundle.files import BACKBONE, CNN_SVM, ENSEMBLE, HANDCRAFTED_SVM, MANIFEST, file_digest
from cadx.bundle.libraries import library_versions
from cadx.bundle.manifest import BundleManifest, FileDigest, parse_manifest
from cadx.bundle.models import Bundle, Classifiers
from cadx.cnn import load_exported
from cadx.errors import (
    BundleFileMissing,
    BundleIncompatible,
    BundleLibraryMismatch,
    BundleManifestInvalid,
    BundleNotFound,
    BundleNotPinned,
    BundleTampered,
    BundleUnreadable,
)
from cadx.lesion import FEATURES, SegmentationMethod
from cadx.mammogram import ReadingPolicy

MAX_MANIFEST_BYTES = 4 * 2**20


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
        A leaf of it: not found, not readable, not pinned, unknown format, missing or changed file, other library
        versions, or a model that this code does not fit.
    """
    try:
        return _load(folder, pinned_digest, threads)
    except OSError as error:
        raise BundleUnreadable(folder.name, error.strerror or type(error).__name__) from error


def _load(folder: Path, pinned_digest: str | None, threads: int) -> Bundle:
    raw = _read_manifest(folder)
    digest = hashlib.sha256(raw).hexdigest()
    if pinned_digest is not None and digest != pinned_digest:
        raise BundleNotPinned(folder.name, digest, pinned_digest)
    manifest = parse_manifest(folder.name, raw)
    _check_libraries(folder.name, manifest.libraries)
    for name, expected in manifest.files.items():
        _verify(folder, name, expected)
    return _assemble(folder, manifest, digest, threads)


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
    if path.stat().st_size != expected.size_bytes or file_digest(path) != expected:
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
