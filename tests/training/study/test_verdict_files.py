"""`cadx-train verdicts`: reports of readers read back from a folder, counted, written."""

import csv
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pydicom
import pytest

from cadx.exchange import (
    Category,
    ReaderAssessment,
    ReaderVerdict,
    Verdict,
    file_bytes,
    read_source,
    structured_report,
    verdict_report,
)
from cadx.records import LesionCenter
from tests.cadx.exchange.samples import ALGORITHM, CREATED, one_lesion, sample
from training.cli import main
from training.errors import VerdictBroken
from training.study.verdict_files import read_verdicts

FIRST = ReaderVerdict(
    prediction_id="p-1",
    model_name="sample",
    model_version="1.2.3",
    model_digest=ALGORITHM.model_digest,
    probability=0.75,
    verdict=Verdict.MODIFY,
    reader="Reader 7",
    center=LesionCenter(200.25, 310.5),
    final=ReaderAssessment(Category.C4B, 0.5),
    unaided=ReaderAssessment(Category.C3, 0.25),
)


def write(folder: Path, name: str, verdict: ReaderVerdict, minutes: int = 0) -> Path:
    created = CREATED + timedelta(minutes=minutes)
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(file_bytes(verdict_report(verdict, read_source(sample().content), "9.9.9", created)))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two readers on two lesions, one of whom came back to the first."""
    reports = tmp_path / "reports"
    write(reports, "b/late.dcm", replace(FIRST, verdict=Verdict.REJECT), 5)
    write(reports, "a/first.dcm", FIRST)
    write(reports, "a/copy.dcm", FIRST)
    write(reports, "a/second.dcm", replace(FIRST, prediction_id="p-2", verdict=Verdict.ACCEPT))
    write(reports, "a/other.dcm", replace(FIRST, reader="Reader 8", verdict=Verdict.ACCEPT))
    (reports / "ours.dcm").write_bytes(file_bytes(structured_report(one_lesion(sample()))))
    (reports / "image.dcm").write_bytes(sample().content)
    (reports / "notes.txt").write_text("not DICOM")
    return reports


def test_the_last_verdict_of_each_reader_on_each_prediction_is_taken(folder: Path) -> None:
    found = read_verdicts(folder)
    taken = [(each.reader, each.prediction_id, each.verdict.value) for each in found.verdicts]
    assert taken == [("Reader 7", "p-1", "reject"), ("Reader 7", "p-2", "accept"), ("Reader 8", "p-1", "accept")]
    assert (found.superseded, found.passed_over, found.broken) == (1, 3, ())


def test_a_broken_verdict_stops_or_is_left_out(folder: Path) -> None:
    path = folder / "a" / "second.dcm"
    dataset = pydicom.dcmread(path)
    for element in dataset.iterall():
        if element.keyword == "GraphicData":
            element.value = [1.0]
    dataset.save_as(path)
    with pytest.raises(VerdictBroken, match=r"second\.dcm"):
        read_verdicts(folder)
    found = read_verdicts(folder, skip_unusable=True)
    assert len(found.verdicts) == 2
    assert len(found.broken) == 1


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr("sys.argv", ["cadx-train", "verdicts", *map(str, arguments)])
    try:
        main()
    except SystemExit as stopped:
        return int(stopped.code or 0)
    return 0


def test_the_command_counts_and_writes(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert run(monkeypatch, folder, "--out", out) == 0
    printed = capsys.readouterr().out
    assert "all readers: 3 verdicts" in printed
    assert "Reader 8: 1 verdicts" in printed
    figures = json.loads((out / "verdicts.json").read_text())
    assert [each["reader"] for each in figures["readers"]] == ["all readers", "Reader 7", "Reader 8"]
    everyone = figures["readers"][0]
    assert (everyone["accepted"]["successes"], everyone["accepted"]["rows"]) == (2, 3)
    assert everyone["changed_call"]["value"] == everyone["won_over"]["value"] == 1
    assert everyone["probability_change"] == pytest.approx(0.25)
    rows = list(csv.DictReader((out / "verdicts.csv").read_text().splitlines()))
    assert [row["final_call"] for row in rows] == ["malignant"] * 3
    assert [row["unaided_call"] for row in rows] == ["benign"] * 3
    text = (out / "verdicts.csv").read_text() + (out / "verdicts.json").read_text()
    dataset = pydicom.dcmread(folder / "a" / "first.dcm")
    for secret in (dataset.PatientID, dataset.PatientName, dataset.StudyInstanceUID):
        assert str(secret)
        assert str(secret) not in text
    assert run(monkeypatch, folder, "--out", out) == 2
    assert "--replace" in capsys.readouterr().err
    assert run(monkeypatch, folder, "--out", out, "--replace") == 0


def test_a_folder_without_verdicts_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "image.dcm").write_bytes(sample().content)
    assert run(monkeypatch, tmp_path) == 2
    assert "verdicts_missing" in capsys.readouterr().err
