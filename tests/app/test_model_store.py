import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from app.errors import ModelChoiceNeeded, ModelUnknown, NoModelBundle, NotReady
from app.model_store import ModelStore
from app.settings import Settings
from cadx.bundle import load_bundle
from cadx.errors import BundleDefinitionChanged, BundleNotPinned, BundleTampered


@pytest.fixture
def models(tmp_path: Path, bundle_folder: Path) -> Path:
    shutil.copytree(bundle_folder, tmp_path / "models" / "small")
    return tmp_path / "models"


def store(folder: Path, **changes: Any) -> ModelStore:
    return ModelStore(Settings(models_dir=folder, **changes))


def touch_manifest(folder: Path) -> None:
    """Change a bundle into another good one: its version."""
    path = folder / "bundle.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps({**manifest, "version": manifest["version"] + ".1"}))


def test_nothing_to_serve(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(NoModelBundle):
            store(folder).load()
    with pytest.raises(NotReady):
        store(tmp_path).get(None)


def test_one_bundle_is_the_default(models: Path) -> None:
    loaded = store(models)
    loaded.load()
    assert loaded.get(None) is loaded.get("small")
    with pytest.raises(ModelUnknown):
        loaded.get("other")


def test_several_bundles_need_a_choice(models: Path) -> None:
    shutil.copytree(models / "small", models / "other")
    with pytest.raises(ModelChoiceNeeded):
        store(models).load()


def test_a_pin_is_kept(models: Path) -> None:
    digest = load_bundle(models / "small").digest
    store(models, model_digests=(f"small={digest}",)).load()
    with pytest.raises(BundleNotPinned):
        store(models, model_digests=(f"small={'0' * 64}",)).load()


def test_a_changed_byte_is_refused_at_the_start(models: Path) -> None:
    path = models / "small" / "classifiers.npz"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(BundleTampered):
        store(models).load()


def test_a_model_that_answers_otherwise_than_when_it_was_fitted_is_not_served(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cadx.self_test.TOLERANCE", -1.0)
    with pytest.raises(BundleDefinitionChanged):
        store(models).load()


def test_reload_takes_up_what_changed_and_only_that(models: Path) -> None:
    loaded = store(models)
    loaded.load()
    before = loaded.get(None)
    assert [outcome.outcome for outcome in loaded.reload()] == ["unchanged"]
    assert loaded.get(None) is before
    touch_manifest(models / "small")
    assert [outcome.outcome for outcome in loaded.reload()] == ["replaced"]
    assert loaded.get(None).manifest.version == before.manifest.version + ".1"


@pytest.mark.parametrize("damage", ["garbage", "tampered", "gone", "half"])
def test_a_bad_new_bundle_leaves_the_old_serving(models: Path, damage: str) -> None:
    loaded = store(models)
    loaded.load()
    before = loaded.get(None)
    folder = models / "small"
    if damage == "garbage":
        (folder / "bundle.json").write_bytes(b"\0garbage")
    elif damage == "tampered":
        touch_manifest(folder)
        (folder / "ensemble.joblib").write_bytes(b"garbage")
    elif damage == "half":
        touch_manifest(folder)
        (folder / "cnn_svm.joblib").unlink()
    else:
        shutil.rmtree(folder)
    outcomes = loaded.reload()
    assert [outcome.outcome for outcome in outcomes] == ["refused"]
    assert outcomes[0].code.startswith("bundle_")
    assert loaded.get(None) is before


def test_a_new_bundle_beside_the_first_is_added(models: Path) -> None:
    loaded = store(models)
    loaded.load()
    other = models / "other"
    shutil.copytree(models / "small", other)
    manifest = json.loads((other / "bundle.json").read_text())
    (other / "bundle.json").write_text(json.dumps({**manifest, "name": "other"}))
    outcomes = {outcome.name: outcome.outcome for outcome in loaded.reload()}
    assert outcomes == {"other": "added", "small": "unchanged"}
    assert loaded.default_name == "small"
