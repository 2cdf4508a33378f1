"""`cadx-train fit` as its user meets it: real bundles from good input, one clear message from bad input."""

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from cadx.assessment import assess
from cadx.bundle import differences_from_paper, load_bundle, load_estimators
from cadx.classify import LinearGrid
from cadx.explain.explanation import explain_decision
from cadx.mammogram import ReadingPolicy, SpacingPlane, VoiPolicy, read_mammogram
from training.cli import main
from training.cohort.cases import Case, Label, read_manifest, write_manifest

SMALL = ("--backbone", "squeezenet1_1", "--layer", "features.12.cat", "--pooling", "mean")
RANDOM = (*SMALL, "--weights", "random:0")


def run_fit(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr("sys.argv", ["cadx-train", "fit", *map(str, arguments)])
    with pytest.raises(SystemExit) as stopped:
        main()
    return int(stopped.value.code or 0)


def refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    code = run_fit(monkeypatch, *arguments)
    message = capsys.readouterr().err
    assert code == 2
    assert "Traceback" not in message
    return message


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "models" / "mine"


def test_a_fit_writes_a_bundle_and_says_what_it_is_worth(
    phantom_manifest: Path, out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_fit(monkeypatch, phantom_manifest, "--out", out, "--folds", 3, "--synthetic", *RANDOM) == 0
    printed = capsys.readouterr().out
    manifest = json.loads((out / "bundle.json").read_text())
    assert manifest["name"] == "mine"
    assert manifest["cohort"]["lesions"] == 12
    assert f"{manifest['evaluation']['ensemble']['auc_mean']:.3f}" in printed
    for place in (printed, (out / "MODEL_CARD.md").read_text(), " ".join(manifest["notices"])):
        assert "not pretrained, demonstration only" in " ".join(place.split())
        assert "Research use only" in place


@pytest.mark.parametrize(
    ("options", "code", "named"),
    [
        (("--backbone", "alexnot", "--weights", "random:0"), "unknown_backbone", "alexnot"),
        (("--layer", "fc9", "--weights", "random:0"), "unknown_layer", "fc6"),
        (("--weights", "nowhere.pth"), "weights_missing", "random:SEED"),
        (("--weights", "random:x"), "invalid_backbone_setting", "random:SEED"),
    ],
)
def test_a_wrong_backbone_is_named(
    options: tuple[str, ...],
    code: str,
    named: str,
    phantom_manifest: Path,
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    message = refused(monkeypatch, capsys, phantom_manifest, "--out", out, "--folds", 3, *options)
    assert code in message
    assert named in message
    assert not out.exists()


def test_weights_of_another_architecture_are_refused(
    shared: Path, phantom_manifest: Path, out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = shared / "weights" / "squeezenet1_1-imagenet.pth"
    message = refused(
        monkeypatch, capsys, phantom_manifest, "--out", out, "--folds", 3, "--backbone", "alexnet", "--weights", weights
    )
    assert "weights_mismatch" in message


def subset(manifest: Path, folder: Path, cases: Iterable[Case]) -> Path:
    path = folder / "subset.csv"
    write_manifest(path, cases)
    return path


def test_one_class_only_is_refused(
    phantom_manifest: Path,
    tmp_path: Path,
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    benign = subset(phantom_manifest, tmp_path, [c for c in read_manifest(phantom_manifest) if c.label is Label.BENIGN])
    assert "one_class_only" in refused(monkeypatch, capsys, benign, "--out", out, *RANDOM)


def test_fewer_lesions_than_folds_is_refused(
    phantom_manifest: Path, out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "too_few_cases" in refused(monkeypatch, capsys, phantom_manifest, "--out", out, "--folds", 13, *RANDOM)


def test_an_unusable_case_stops_the_fit_unless_it_may_be_left_out(
    phantom_manifest: Path,
    tmp_path: Path,
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    broken = tmp_path / "broken.dcm"
    broken.write_bytes(b"not an image")
    cases = read_manifest(phantom_manifest)
    bad = Case(broken, cases[0].center, cases[0].label, cases[0].lesion_id, cases[0].patient_id)
    manifest = subset(phantom_manifest, tmp_path, (*cases, bad))
    options = ("--out", out, "--folds", 3, *RANDOM)
    assert "broken.dcm" in refused(monkeypatch, capsys, manifest, *options)
    assert not out.exists()
    assert run_fit(monkeypatch, manifest, *options, "--skip-unusable") == 0
    assert "broken.dcm" in capsys.readouterr().out.replace("\n", "")
    assert json.loads((out / "bundle.json").read_text())["cohort"]["rois"] == len(cases)


def test_reading_policy_and_class_weights_are_kept_in_the_bundle(
    phantom_manifest: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    choices = ("--voi", "full_range", "--plane", "lesion", "--for-processing", "--class-weight", "balanced")
    assert run_fit(monkeypatch, phantom_manifest, "--out", out, "--folds", 3, *choices, *RANDOM) == 0
    bundle = load_bundle(out)
    assert bundle.policy == ReadingPolicy(VoiPolicy.FULL_RANGE, SpacingPlane.LESION, allow_for_processing=True)
    estimators = load_estimators(out)
    assert estimators.cnn.class_weight == "balanced"
    assert estimators.lesion.class_weight == "balanced"


def test_a_linear_machine_is_served_and_told(
    phantom_manifest: Path, out: Path, unseen_phantom: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run_fit(monkeypatch, phantom_manifest, "--out", out, "--folds", 3, "--svm", "linear", *RANDOM) == 0
    bundle = load_bundle(out)  # its self-test holds the weights against the fit's own answers
    estimators = load_estimators(out)
    for estimator, served in ((estimators.cnn, bundle.classifiers.cnn), (estimators.lesion, bundle.classifiers.lesion)):
        assert len(served.support_vectors) == 1
        assert isinstance(estimator.grid, LinearGrid)
    mammogram = read_mammogram(unseen_phantom.image, policy=bundle.policy)
    assessment = assess(bundle, mammogram, unseen_phantom.center)
    explained = explain_decision(bundle.classifiers.lesion, assessment.lesion_features)
    contributions = sum(feature.contribution for feature in explained.features)
    assert contributions == pytest.approx(explained.decision_value - explained.baseline)
    assert "linear SVM" in (out / "MODEL_CARD.md").read_text()
    manifest = bundle.manifest
    differences = differences_from_paper(manifest.backbone, manifest.segmentation_method, manifest.method)
    assert any("linear" in difference for difference in differences)
