"""A frozen bundle on other cases: the serving path's own numbers, nothing refitted, no training case unnoticed."""

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from rich.console import Console

from cadx.assessment import assess
from cadx.bundle import MANIFEST, load_bundle
from cadx.errors import OneClassOnly
from cadx.mammogram import read_mammogram
from cadx.records import LesionCenter
from tests.training.study.conftest import Ran
from training.cohort.cases import Case, Label, read_manifest, write_manifest
from training.cohort.grouping import Picture
from training.cohort.leakage import digest_cohort, find_overlap
from training.cohort.overlap_policy import OverlapPolicy
from training.errors import TestSetOverlaps
from training.features.store import FeatureStore
from training.study.external import NOT_CHECKED, EvaluationSettings, evaluate_bundle

QUIET = Console(quiet=True)


@pytest.fixture(scope="module")
def bundle(ran: Ran) -> Path:
    assert ran.outcome.bundle is not None
    return ran.outcome.bundle


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def renamed(cases: tuple[Case, ...]) -> tuple[Case, ...]:
    return tuple(replace(case, lesion_id=f"x{case.lesion_id}", patient_id=f"y{case.patient_id}") for case in cases)


def test_the_numbers_are_the_services_and_nothing_is_refitted(
    bundle: Path, phantom_manifest: Path, store: FeatureStore, tmp_path: Path
) -> None:
    before = digests(bundle)
    study = evaluate_bundle(bundle, phantom_manifest, tmp_path / "test", EvaluationSettings(), QUIET, store=store)
    assert digests(bundle) == before
    loaded = load_bundle(bundle)
    lines = (tmp_path / "test/probabilities.csv").read_text().splitlines()
    header = lines[0].split(",")
    for row in (0, 7):
        case = read_manifest(phantom_manifest)[row]
        answer = assess(loaded, read_mammogram(case.image, policy=loaded.policy), case.center)
        written = dict(zip(header, lines[row + 1].split(","), strict=True))
        assert float(written["p_ensemble"]) == pytest.approx(answer.probability, abs=1e-6)
        assert float(written["p_cnn"]) == pytest.approx(answer.cnn_probability, abs=1e-6)
        assert float(written["p_lesion"]) == pytest.approx(answer.lesion_probability, abs=1e-12)
        assert written["fold"] == ""
    assert study.provenance.bundle is not None
    assert study.provenance.bundle["digest"] == loaded.digest
    assert study.reference is not None
    assert study.reference["ensemble"].auc == loaded.manifest.evaluation.ensemble.auc_mean
    report = (tmp_path / "test/report.md").read_text()
    assert "nothing was fitted or chosen on these" in report
    assert "Cross-validated AUC when fitted" in report
    assert not (tmp_path / "test/models").exists()


def test_the_training_cohort_itself_is_refused(bundle: Path, study_manifest: Path, store: FeatureStore) -> None:
    with pytest.raises(TestSetOverlaps) as refused:
        evaluate_bundle(bundle, study_manifest, None, EvaluationSettings(), QUIET, store=store)
    assert (refused.value.rows, refused.value.same_image, refused.value.same_patient) == (30, 30, 30)
    assert "--overlap drop" in refused.value.remedy
    with pytest.raises(TestSetOverlaps):
        evaluate_bundle(bundle, study_manifest, None, EvaluationSettings(OverlapPolicy.DROP), QUIET, store=store)


def test_training_images_that_were_renamed_and_exported_again_are_found_by_their_pixels(
    bundle: Path, study_manifest: Path, store: FeatureStore, tmp_path: Path
) -> None:
    cases = []
    for case in renamed(read_manifest(study_manifest)):
        again = tmp_path / f"export-{case.image.name}"
        with Image.open(case.image) as image:
            image.save(again, compress_level=9)
        assert again.read_bytes() != case.image.read_bytes()
        cases.append(replace(case, image=again))
    manifest = tmp_path / "again.csv"
    write_manifest(manifest, cases)
    with pytest.raises(TestSetOverlaps) as refused:
        evaluate_bundle(bundle, manifest, None, EvaluationSettings(), QUIET, store=store)
    found = refused.value
    assert (found.rows, found.same_image, found.same_patient, found.same_lesion) == (30, 30, 0, 0)


def test_overlap_can_be_dropped_or_allowed_and_is_told(
    bundle: Path, study_manifest: Path, phantom_manifest: Path, store: FeatureStore, tmp_path: Path
) -> None:
    mixed = tmp_path / "mixed.csv"
    others = read_manifest(phantom_manifest)
    write_manifest(mixed, (*others, *read_manifest(study_manifest)[:2]))
    dropped = evaluate_bundle(bundle, mixed, None, EvaluationSettings(OverlapPolicy.DROP), QUIET, store=store)
    assert dropped.analysis.cohort.rois == len(others)
    assert any("2 test rows left out" in notice for notice in dropped.notices)
    allowed = evaluate_bundle(bundle, mixed, None, EvaluationSettings(OverlapPolicy.ALLOW), QUIET, store=store)
    assert allowed.analysis.cohort.rois == len(others) + 2
    assert any("may be flattering" in notice for notice in allowed.notices)


def test_a_bundle_that_does_not_say_whom_it_saw_is_said_to(
    bundle: Path, phantom_manifest: Path, store: FeatureStore, tmp_path: Path
) -> None:
    silent = Path(shutil.copytree(bundle, tmp_path / "small-study"))
    content = json.loads((silent / MANIFEST).read_text())
    (silent / MANIFEST).write_text(json.dumps(content | {"cohort_digests": None}))
    study = evaluate_bundle(silent, phantom_manifest, None, EvaluationSettings(), QUIET, store=store)
    assert NOT_CHECKED in study.notices


def test_one_truth_alone_is_refused_before_any_image_is_read(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "no-image.png").write_bytes(b"not an image")
    manifest = tmp_path / "benign.csv"
    write_manifest(manifest, [Case(tmp_path / "no-image.png", LesionCenter(1, 1), Label.BENIGN, "only")])
    with pytest.raises(OneClassOnly, match="benign"):
        evaluate_bundle(bundle, manifest, None, EvaluationSettings(), QUIET)


def test_digests_hold_no_identifier_and_differ_from_bundle_to_bundle(study_manifest: Path) -> None:
    cases = read_manifest(study_manifest)
    pictures = [Picture(f"{row:064x}", 0.1, 0.1) for row in range(len(cases))]
    first, second = digest_cohort(cases, pictures), digest_cohort(cases, pictures)
    assert first.salt != second.salt
    assert not set(first.lesions) & set(second.lesions)
    assert "SECRET" not in first.model_dump_json()
    every = tuple(range(30))
    assert find_overlap(first, cases, pictures).images == find_overlap(second, cases, pictures).images == every
    assert find_overlap(first, cases, pictures).rows == every
