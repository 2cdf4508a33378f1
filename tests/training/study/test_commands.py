"""`cadx-train study` and `cadx-train evaluate` as their user meets them."""

from functools import partial
from pathlib import Path

import pytest

from cadx.bundle import load_bundle
from tests.training.study.conftest import STUDY_SETTINGS, Ran
from training.cli import main
from training.features.store import FeatureStore
from training.fitting.bundle_place import check_bundle
from training.fitting.fit import FitSettings
from training.outputs import check_folder
from training.study.output import STUDY

SMALL = ("--backbone", "squeezenet1_1", "--layer", "features.12.cat", "--pooling", "mean", "--weights", "random:0")


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr("sys.argv", ["cadx-train", *map(str, arguments)])
    with pytest.raises(SystemExit) as stopped:
        main()
    return int(stopped.value.code or 0)


@pytest.fixture
def cache(store: FeatureStore) -> Path:
    assert store.cache is not None
    return store.cache.folder


def test_study_writes_its_folder_and_finds_the_layer_comparison_in_it(
    ran: Ran,
    study_manifest: Path,
    cache: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("training.fitting.fit.FitSettings", partial(FitSettings, grid=STUDY_SETTINGS.grid))
    out = tmp_path / "mine"
    out.mkdir()
    (out / "layers.csv").write_text(
        "layer,length,varying_length,auc,auc_sd,standard_error,seconds,fold_aucs\nfc6,9,8,0.8,0.1,0.05,3.5,0.8\n"
    )
    code = run(
        monkeypatch, "study", study_manifest, "--out", out, "--folds", 3, "--synthetic", "--cache", cache, *SMALL,
        "--name", "chosen",
    )  # fmt: skip
    assert code == 0
    printed = capsys.readouterr().out
    assert "30 lesions" in printed
    assert "Ensemble" in printed
    assert "not pretrained, demonstration only" in " ".join(printed.split())
    written = {path.name for path in out.iterdir()}
    assert {"report.html", "report.md", "study.json", "probabilities.csv", "figures", "models"} <= written
    assert (out / "figures/layers.svg").is_file()
    assert load_bundle(out / "models/chosen").manifest.cohort.rois == 30


def test_evaluate_refuses_the_training_cohort_in_one_message(
    ran: Ran, study_manifest: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "evaluate", ran.outcome.bundle, study_manifest, "--cache", cache) == 2
    message = capsys.readouterr().err
    assert "test_set_overlaps" in message
    assert "--overlap drop" in message
    assert "Traceback" not in message


def test_evaluate_prints_its_table_without_a_folder(
    ran: Ran,
    phantom_manifest: Path,
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(monkeypatch, "evaluate", ran.outcome.bundle, phantom_manifest, "--synthetic", "--cache", cache) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "external test set through a frozen bundle" in printed
    assert "tested on synthetic phantoms" in printed
    assert "report:" not in printed


def test_a_study_is_replaced_only_when_asked(
    ran: Ran, study_manifest: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.read_bytes() for path in ran.folder.rglob("*") if path.is_file()}
    assert run(monkeypatch, "study", study_manifest, "--out", ran.folder, "--cache", cache, *SMALL) == 2
    message = capsys.readouterr().err
    assert "output_in_the_way" in message
    assert "--replace" in message
    assert {path: path.read_bytes() for path in ran.folder.rglob("*") if path.is_file()} == before
    check_folder(ran.folder, STUDY, replace=True)
    check_bundle(ran.folder / "models" / "small-study", replace=True)
