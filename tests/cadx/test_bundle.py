import hashlib
import json
import pickle
import shutil
from pathlib import Path
from typing import Any

import pytest

from cadx.bundle import CNN_SVM, ENSEMBLE, MANIFEST, load_bundle
from cadx.errors import (
    BundleFileMissing,
    BundleFormatUnknown,
    BundleIncompatible,
    BundleLibraryMismatch,
    BundleManifestInvalid,
    BundleNotFound,
    BundleNotPinned,
    BundleTampered,
    BundleUnreadable,
)


@pytest.fixture
def bundle(tmp_path: Path, bundle_folder: Path) -> Path:
    return Path(shutil.copytree(bundle_folder, tmp_path / "small"))


def rewrite_manifest(folder: Path, **changes: Any) -> None:
    content = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(content | changes))


def test_a_bundle_comes_back_as_it_was_written(bundle: Path) -> None:
    loaded = load_bundle(bundle)
    assert loaded.digest == hashlib.sha256((bundle / MANIFEST).read_bytes()).hexdigest()
    assert loaded.manifest.name == "small"
    assert loaded.manifest.demonstration_only
    assert any("not pretrained, demonstration only" in notice for notice in loaded.manifest.notices)
    assert loaded.backbone.weights_digest == loaded.manifest.backbone.weights_sha256


def test_the_right_pin_is_accepted_and_a_wrong_one_refused(bundle: Path) -> None:
    digest = hashlib.sha256((bundle / MANIFEST).read_bytes()).hexdigest()
    assert load_bundle(bundle, digest).digest == digest
    with pytest.raises(BundleNotPinned):
        load_bundle(bundle, "0" * 64)


def test_what_the_operating_system_does_not_let_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "sealed" / MANIFEST).mkdir(parents=True)
    with pytest.raises(BundleUnreadable, match="sealed cannot be read: Is a directory"):
        load_bundle(tmp_path / "sealed")


@pytest.mark.parametrize(
    "name", ["cnn_svm.joblib", "handcrafted_svm.joblib", "ensemble.joblib", "MODEL_CARD.md", "backbone.onnx"]
)
def test_one_changed_byte_anywhere_is_refused(bundle: Path, name: str) -> None:
    content = bytearray((bundle / name).read_bytes())
    content[len(content) // 2] ^= 1
    (bundle / name).write_bytes(content)
    with pytest.raises(BundleTampered, match=name):
        load_bundle(bundle)


def test_nothing_is_unpickled_before_it_is_verified(bundle: Path, tmp_path: Path) -> None:
    witness = tmp_path / "executed"

    class Malicious:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (witness,))

    (bundle / ENSEMBLE).write_bytes(pickle.dumps(Malicious()))
    with pytest.raises(BundleTampered):
        load_bundle(bundle)
    assert not witness.exists()


@pytest.mark.parametrize("name", ["cnn_svm.joblib", "backbone.onnx", "MODEL_CARD.md"])
def test_a_missing_file_is_named(bundle: Path, name: str) -> None:
    (bundle / name).unlink()
    with pytest.raises(BundleFileMissing, match=name):
        load_bundle(bundle)


def test_a_manifest_that_omits_a_classifier_is_refused(bundle: Path) -> None:
    files = json.loads((bundle / MANIFEST).read_text())["files"]
    del files[CNN_SVM]
    rewrite_manifest(bundle, files=files)
    with pytest.raises(BundleFileMissing, match=CNN_SVM):
        load_bundle(bundle)


def test_a_half_written_bundle_has_no_manifest_and_is_not_found(bundle: Path) -> None:
    (bundle / MANIFEST).unlink()
    with pytest.raises(BundleNotFound):
        load_bundle(bundle)


@pytest.mark.parametrize("number", [0, 2, "1", None])
def test_an_unknown_format_number_is_refused_first(bundle: Path, number: object) -> None:
    rewrite_manifest(bundle, format=number, name=3)
    with pytest.raises(BundleFormatUnknown):
        load_bundle(bundle)


def test_another_library_version_says_which(bundle: Path) -> None:
    libraries = json.loads((bundle / MANIFEST).read_text())["libraries"]
    rewrite_manifest(bundle, libraries=libraries | {"scikit-learn": "1.8.0"})
    with pytest.raises(BundleLibraryMismatch, match=r"scikit-learn 1\.8\.0") as caught:
        load_bundle(bundle)
    assert "constraints" in caught.value.remedy


def test_other_feature_names_or_other_weights_are_refused(bundle: Path) -> None:
    content = json.loads((bundle / MANIFEST).read_text())
    rewrite_manifest(bundle, feature_names=content["feature_names"][1:])
    with pytest.raises(BundleIncompatible, match="features"):
        load_bundle(bundle)
    rewrite_manifest(
        bundle,
        feature_names=content["feature_names"],
        backbone=content["backbone"] | {"weights_sha256": "0" * 64},
    )
    with pytest.raises(BundleIncompatible, match="weights"):
        load_bundle(bundle)


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff\xfe", b'{"format": 1}', b'{"format": 1, "surprise": 2}'])
def test_a_manifest_that_is_no_manifest_is_refused(bundle: Path, raw: bytes) -> None:
    (bundle / MANIFEST).write_bytes(raw)
    with pytest.raises(BundleManifestInvalid):
        load_bundle(bundle)


def test_a_file_name_that_leaves_the_folder_is_refused(bundle: Path) -> None:
    files = json.loads((bundle / MANIFEST).read_text())["files"]
    files["../outside"] = files[CNN_SVM]
    rewrite_manifest(bundle, files=files)
    with pytest.raises(BundleManifestInvalid, match="outside"):
        load_bundle(bundle)
