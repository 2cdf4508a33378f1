"""A real study of phantoms: its folder, its numbers again, its bundle, its negative control."""

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from cadx.bundle import load_bundle
from tests.training.study.conftest import STUDY_SETTINGS, Ran
from training.cohort.cases import read_manifest
from training.cohort.grouping import Picture
from training.features.store import FeatureStore
from training.fitting.fit import fit_models
from training.report.files import plain, write_probabilities
from training.report.study_record import array_sha256
from training.study.negative_control import shuffle_labels


def facts(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "study.json").read_text())
    return found


def test_every_auc_can_be_had_again_from_the_folder(ran: Ran) -> None:
    with (ran.folder / "probabilities.csv").open() as file:
        rows = list(csv.DictReader(file))
    labels = np.array([int(row["malignant"]) for row in rows])
    folds = np.array([int(row["fold"]) for row in rows])
    for found in facts(ran.folder)["analysis"]["performances"]:
        p = np.array([float(row[f"p_{found['name']}"]) for row in rows])
        aucs = [roc_auc_score(labels[folds == k], p[folds == k]) for k in range(3)]
        assert found["fold_aucs"] == pytest.approx(aucs, abs=1e-12)
        assert found["auc"]["auc"] == pytest.approx(np.mean(aucs), abs=1e-12)


def test_the_same_seed_gives_the_same_numbers_and_a_second_run_extracts_nothing(
    ran: Ran, study_manifest: Path, store: FeatureStore, tmp_path: Path
) -> None:
    again = fit_models(read_manifest(study_manifest), STUDY_SETTINGS, store=store)
    assert again.tables.extracted == 0
    first = facts(ran.folder)
    assert first["analysis"] == plain(again.analysis)
    write_probabilities(tmp_path / "again.csv", again.scored)
    assert (ran.folder / "probabilities.csv").read_bytes() == (tmp_path / "again.csv").read_bytes()
    assert first["provenance"]["cnn_features_sha256"] == array_sha256(again.tables.cnn)
    assert first["provenance"]["settings"]["seed"] == STUDY_SETTINGS.seed


def test_the_folder_names_no_patient_and_no_path(ran: Ran, study_manifest: Path) -> None:
    for path in ran.folder.rglob("*"):
        if path.suffix in {".html", ".md", ".json", ".csv", ".svg"}:
            text = path.read_text()
            assert "SECRET" not in text, path
            assert str(study_manifest.parent) not in text, path


def test_the_bundle_carries_what_the_study_found(ran: Ran) -> None:
    assert ran.outcome.bundle is not None
    manifest = load_bundle(ran.outcome.bundle).manifest
    ensemble = ran.outcome.fit.analysis.performances[-1]
    figures = manifest.evaluation.ensemble
    assert figures.auc_mean == ensemble.auc.auc
    assert figures.auc_interval is not None
    assert (figures.auc_interval.low, figures.auc_interval.high) == (ensemble.auc.low, ensemble.auc.high)
    assert figures.probability_histogram is not None
    p, labels = ran.outcome.fit.scored.probabilities["ensemble"], ran.outcome.fit.scored.labels
    assert list(figures.probability_histogram.malignant) == np.histogram(p[labels], 20, (0, 1))[0].tolist()
    assert sum(figures.probability_histogram.benign) == (~labels).sum()
    assert manifest.cohort_digests is not None
    assert len(manifest.cohort_digests.lesions) == len(manifest.cohort_digests.images) == 30


def test_card_and_report_count_the_outlines(ran: Ran) -> None:
    assert ran.outcome.bundle is not None
    for page in (ran.outcome.bundle / "MODEL_CARD.md", ran.folder / "report.md"):
        assert "Outlines of the ROIs: automatic 30." in page.read_text()
    assert facts(ran.folder)["analysis"]["cohort"]["outlines"] == {"automatic": 30}


def test_the_model_card_goes_through_the_regulations_list(ran: Ran) -> None:
    assert ran.outcome.bundle is not None
    card = (ran.outcome.bundle / "MODEL_CARD.md").read_text()
    ensemble = ran.outcome.fit.analysis.performances[-1]
    for needed in (
        "Users", "Population", "Reading protocol", "Input", "Output", "Hardware", "Source", "95 % CI",
        "sensitivity", "Parts of the cohort", "view: CC", "Calibration of the ensemble", "Warnings and limits",
        f"{ensemble.auc.auc:.3f}", "demonstration only",
    ):  # fmt: skip
        assert needed in card, needed


def test_a_label_shuffled_study_finds_nothing_and_says_so(control: Ran) -> None:
    found = facts(control.folder)
    for performance in found["analysis"]["performances"]:
        assert abs(performance["auc"]["auc"] - 0.5) < 0.25, performance["name"]
    report = (control.folder / "report.md").read_text()
    assert "Nothing is significant" in report
    assert "is significantly better" not in report
    assert "NEGATIVE CONTROL" in report
    assert control.outcome.bundle is None
    assert not (control.folder / "models").exists()


def test_shuffling_keeps_lesions_whole_and_counts(phantom_manifest: Path) -> None:
    cases = read_manifest(phantom_manifest)
    shuffled = shuffle_labels(cases, [Picture(str(row), 0.1, 0.1) for row in range(len(cases))], 1)
    assert [replace(case, label=cases[0].label) for case in shuffled] == [
        replace(case, label=cases[0].label) for case in cases
    ]
    by_lesion: dict[str, set[int]] = {}
    for case in shuffled:
        by_lesion.setdefault(case.lesion_id, set()).add(case.label)
    assert all(len(labels) == 1 for labels in by_lesion.values())
    before = {case.lesion_id: case.label for case in cases}
    after = {case.lesion_id: case.label for case in shuffled}
    assert sorted(before.values()) == sorted(after.values())
    assert before != after
