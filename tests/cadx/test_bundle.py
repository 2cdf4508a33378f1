import hashlib
import io
import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest

from cadx.bundle import (
    CLASSIFIER_ARRAYS,
    CLASSIFIER_FACTS,
    CNN_SVM,
    ENSEMBLE,
    MANIFEST,
    REFERENCE_FACTS,
    REFERENCE_IMAGE,
    load_bundle,
    load_estimators,
)
from cadx.bundle.files import COHORT_ARRAYS, COHORT_FACTS, ESTIMATORS, KNOWN_CASES, SERVED
from cadx.errors import (
    BundleDefinitionChanged,
    BundleFileInvalid,
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
from cadx.lesion import FEATURES, lesion_features
from cadx.records import source_step

Arrays = dict[str, np.ndarray]


@pytest.fixture
def bundle(tmp_path: Path, bundle_folder: Path) -> Path:
    return Path(shutil.copytree(bundle_folder, tmp_path / "small"))


def rewrite_manifest(folder: Path, **changes: Any) -> None:
    content = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(content | changes))


def replace_file(folder: Path, name: str, content: bytes) -> None:
    """Put another file in, as who holds the whole folder can: with its digest."""
    (folder / name).write_bytes(content)
    digest = {"sha256": hashlib.sha256(content).hexdigest(), "size_bytes": len(content)}
    rewrite_manifest(folder, files=json.loads((folder / MANIFEST).read_text())["files"] | {name: digest})


def edit_json(folder: Path, name: str, edit: Callable[[dict[str, Any]], Any]) -> None:
    content = json.loads((folder / name).read_text())
    edit(content)
    replace_file(folder, name, json.dumps(content).encode())


def edit_arrays(folder: Path, edit: Callable[[Arrays], Any]) -> None:
    with np.load(folder / CLASSIFIER_ARRAYS) as file:
        arrays = dict(file)
    edit(arrays)
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    replace_file(folder, CLASSIFIER_ARRAYS, stream.getvalue())


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


def test_its_files_are_these(bundle: Path) -> None:
    optional = {COHORT_FACTS, COHORT_ARRAYS, KNOWN_CASES}
    assert {path.name for path in bundle.iterdir()} == {MANIFEST, "MODEL_CARD.md", *SERVED, *ESTIMATORS, *optional}


@pytest.mark.parametrize("name", [*SERVED, *ESTIMATORS, COHORT_FACTS, COHORT_ARRAYS, KNOWN_CASES, "MODEL_CARD.md"])
def test_one_changed_byte_anywhere_is_refused(bundle: Path, name: str) -> None:
    content = bytearray((bundle / name).read_bytes())
    content[len(content) // 2] ^= 1
    (bundle / name).write_bytes(content)
    with pytest.raises(BundleTampered, match=name):
        load_bundle(bundle)


class Malicious:
    def __init__(self, witness: Path) -> None:
        self.witness = witness

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.witness,))


@pytest.mark.parametrize("load", [load_bundle, load_estimators])
def test_nothing_is_unpickled_before_it_is_verified(bundle: Path, tmp_path: Path, load: Callable[[Path], Any]) -> None:
    witness = tmp_path / "executed"
    (bundle / ENSEMBLE).write_bytes(pickle.dumps(Malicious(witness)))
    with pytest.raises(BundleTampered):
        load(bundle)
    assert not witness.exists()


def test_loading_a_model_unpickles_nothing_even_with_the_right_digest(bundle: Path, tmp_path: Path) -> None:
    witness = tmp_path / "executed"
    for name in ESTIMATORS:
        replace_file(bundle, name, pickle.dumps(Malicious(witness)))
    load_bundle(bundle)
    assert not witness.exists()


def test_arrays_that_hide_a_pickle_are_refused(bundle: Path, tmp_path: Path) -> None:
    witness = tmp_path / "executed"
    hidden = np.empty(1, dtype=object)
    hidden[0] = Malicious(witness)
    edit_arrays(bundle, lambda arrays: arrays.update({"cnn.dual_coef": hidden}))
    with pytest.raises(BundleFileInvalid, match=CLASSIFIER_ARRAYS):
        load_bundle(bundle)
    assert not witness.exists()


@pytest.mark.parametrize("name", [*SERVED, CNN_SVM, "MODEL_CARD.md"])
def test_a_missing_file_is_named(bundle: Path, name: str) -> None:
    (bundle / name).unlink()
    with pytest.raises(BundleFileMissing, match=name):
        load_bundle(bundle)


@pytest.mark.parametrize("name", SERVED)
def test_a_manifest_that_omits_what_serving_needs_is_refused(bundle: Path, name: str) -> None:
    files = json.loads((bundle / MANIFEST).read_text())["files"]
    del files[name]
    rewrite_manifest(bundle, files=files)
    with pytest.raises(BundleFileMissing, match=name):
        load_bundle(bundle)


def test_a_bundle_without_estimators_serves(bundle: Path) -> None:
    files = json.loads((bundle / MANIFEST).read_text())["files"]
    rewrite_manifest(bundle, files={name: digest for name, digest in files.items() if name not in ESTIMATORS})
    for name in ESTIMATORS:
        (bundle / name).unlink()
    load_bundle(bundle)
    with pytest.raises(BundleFileMissing, match=CNN_SVM):
        load_estimators(bundle)


def test_a_half_written_bundle_has_no_manifest_and_is_not_found(bundle: Path) -> None:
    (bundle / MANIFEST).unlink()
    with pytest.raises(BundleNotFound):
        load_bundle(bundle)


@pytest.mark.parametrize("number", [0, 1, 3, "2", None])
def test_an_unknown_format_number_is_refused_first(bundle: Path, number: object) -> None:
    rewrite_manifest(bundle, format=number, name=3)
    with pytest.raises(BundleFormatUnknown):
        load_bundle(bundle)


def test_format_1_is_refused_with_the_remedy(bundle: Path) -> None:
    rewrite_manifest(bundle, format=1)
    with pytest.raises(BundleFormatUnknown, match="has format 1; this version reads format 2") as caught:
        load_bundle(bundle)
    assert "fit the model again" in caught.value.remedy


def test_versions_are_recorded_and_not_compared(bundle: Path) -> None:
    libraries = json.loads((bundle / MANIFEST).read_text())["libraries"]
    assert {"python", "mammo-cadx", "numpy", "onnxruntime", "scikit-learn"} <= libraries.keys()
    rewrite_manifest(bundle, libraries=dict.fromkeys(libraries, "0.0") | {"something": "new"})
    load_bundle(bundle)


# --- the self-test: definitions, not versions -----------------------------------------------------------------------


def test_a_feature_that_is_defined_otherwise_is_refused_by_its_name(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    position = [feature.name for feature in FEATURES].index("sharpness_gray_per_mm")

    def redefined(*arguments: Any) -> np.ndarray:
        features = lesion_features(*arguments)
        features[position] *= 1.0001
        return features

    monkeypatch.setattr("cadx.lesion.description.lesion_features", redefined)
    with pytest.raises(BundleDefinitionChanged) as caught:
        load_bundle(bundle)
    expected = json.loads((bundle / REFERENCE_FACTS).read_text())["features"]["sharpness_gray_per_mm"]
    assert caught.value.quantity == "sharpness_gray_per_mm"
    assert caught.value.expected == expected
    assert caught.value.found == pytest.approx(1.0001 * expected)
    assert caught.value.compared == len(FEATURES) + 4


def test_a_region_that_is_cropped_otherwise_is_refused(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cadx.roi.source_step", lambda spacing_mm: 1.001 * source_step(spacing_mm))
    with pytest.raises(BundleDefinitionChanged, match="numbers differ"):
        load_bundle(bundle)


@pytest.mark.parametrize("name", ["cnn_probability", "lesion_probability", "probability", "calibrated_probability"])
def test_another_probability_is_refused(bundle: Path, name: str) -> None:
    edit_json(bundle, REFERENCE_FACTS, lambda facts: facts.update({name: abs(facts[name] - 2e-5)}))
    with pytest.raises(BundleDefinitionChanged, match=f"{name} is "):
        load_bundle(bundle)


def test_what_libraries_and_processors_differ_by_is_allowed(bundle: Path) -> None:
    def nudge(facts: dict[str, Any]) -> None:
        facts["features"] = {name: value * (1 + 5e-6) for name, value in facts["features"].items()}
        facts["probability"] += -5e-6 if facts["probability"] > 0.5 else 5e-6

    edit_json(bundle, REFERENCE_FACTS, nudge)
    load_bundle(bundle)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (REFERENCE_IMAGE, b"no picture"),
        (REFERENCE_FACTS, b"{}"),
        (CLASSIFIER_FACTS, b"{}"),
        (CLASSIFIER_FACTS, b"\xff"),
        (CLASSIFIER_ARRAYS, b""),
        (CLASSIFIER_ARRAYS, b"PK no archive"),
    ],
)
def test_a_file_that_is_none_is_named(bundle: Path, name: str, content: bytes) -> None:
    replace_file(bundle, name, content)
    with pytest.raises(BundleFileInvalid, match=name):
        load_bundle(bundle)


# --- the classifiers as arrays --------------------------------------------------------------------------------------


def test_arrays_and_estimators_give_the_same_probabilities(bundle: Path) -> None:
    served, estimators = load_bundle(bundle).classifiers, load_estimators(bundle)
    random = np.random.default_rng(5)
    for frozen, estimator in ((served.cnn, estimators.cnn), (served.lesion, estimators.lesion)):
        learnt = estimator.standardization_
        rows = random.normal(size=(500, estimator.n_features_in_))
        rows[:, learnt.columns] = learnt.mean + learnt.scale * rows[:, learnt.columns]
        assert np.abs(frozen.predict_proba(rows) - estimator.predict_proba(rows)).max() < 1e-12
    assert served.ensemble(0.2, 0.4) == estimators.ensemble(0.2, 0.4)


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda arrays: arrays.pop("lesion.mean"), "lacks lesion.mean"),
        (lambda arrays: arrays.update({"cnn.mean": arrays["cnn.mean"].astype(np.float32)}), "cnn.mean is float32"),
        (lambda arrays: arrays.update({"cnn.dual_coef": arrays["cnn.dual_coef"][1:]}), "shapes of cnn"),
        (lambda arrays: arrays["lesion.columns"].__setitem__(0, 999), "lesion.columns are not"),
        (lambda arrays: arrays["lesion.scale"].__setitem__(0, 0.0), "no scale"),
        (lambda arrays: arrays["cnn.support_vectors"].__setitem__((0, 0), np.nan), "not finite"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(bundle: Path, edit: Callable[[Arrays], Any], said: str) -> None:
    edit_arrays(bundle, edit)
    with pytest.raises(BundleFileInvalid, match=said):
        load_bundle(bundle)


def test_lesion_features_are_found_by_name(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = load_bundle(bundle)
    order = list(reversed(range(len(FEATURES))))

    def reordered(facts: dict[str, Any]) -> None:
        facts["feature_names"] = [facts["feature_names"][column] for column in order]

    content = json.loads((bundle / MANIFEST).read_text())
    reordered(content)
    (bundle / MANIFEST).write_text(json.dumps(content))
    edit_arrays(bundle, lambda a: a.update({"lesion.columns": len(FEATURES) - 1 - a["lesion.columns"]}))
    after = load_bundle(bundle)
    rows = np.random.default_rng(6).normal(size=(5, len(FEATURES)))
    assert np.array_equal(before.classifiers.lesion.predict_proba(rows), after.classifiers.lesion.predict_proba(rows))


# --- the estimators -------------------------------------------------------------------------------------------------


def test_estimators_of_another_library_version_say_which(bundle: Path) -> None:
    libraries = json.loads((bundle / MANIFEST).read_text())["libraries"]
    rewrite_manifest(bundle, libraries=libraries | {"scikit-learn": "1.8.0"})
    with pytest.raises(BundleLibraryMismatch, match=r"scikit-learn 1\.8\.0") as caught:
        load_estimators(bundle)
    assert "load_bundle" in caught.value.remedy


def test_estimators_come_back_as_they_were_fitted(bundle: Path) -> None:
    estimators = load_estimators(bundle)
    assert np.array_equal(joblib.load(bundle / CNN_SVM).dual_coef_, estimators.cnn.dual_coef_)
    assert estimators.lesion.search_scores_.shape == (54, 3)
    with pytest.raises(BundleNotPinned):
        load_estimators(bundle, "0" * 64)


def test_other_feature_names_or_other_weights_are_refused(bundle: Path) -> None:
    content = json.loads((bundle / MANIFEST).read_text())
    rewrite_manifest(bundle, feature_names=content["feature_names"][1:])
    with pytest.raises(BundleIncompatible, match="numbers of features"):
        load_bundle(bundle)
    rewrite_manifest(bundle, feature_names=["roundness", *content["feature_names"][1:]])
    with pytest.raises(BundleIncompatible, match="no lesion features roundness"):
        load_bundle(bundle)
    rewrite_manifest(
        bundle,
        feature_names=content["feature_names"],
        backbone=content["backbone"] | {"weights_sha256": "0" * 64},
    )
    with pytest.raises(BundleIncompatible, match="weights"):
        load_bundle(bundle)


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff\xfe", b'{"format": 2}', b'{"format": 2, "surprise": 2}'])
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
