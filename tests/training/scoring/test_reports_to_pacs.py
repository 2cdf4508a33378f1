"""Reports of what was scored, into a PACS: a real one, and one that is played where it must refuse or fall silent."""

import json
import re
import shutil
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pandas as pd
import pydicom
import pytest
from pydicom.uid import generate_uid

from cadx.errors import PacsRefused, PacsUnknown, PacsUnreachable
from tests.cadx.exchange.dicomweb.played import Pacs, says, served
from tests.conftest import Orthanc
from tests.training.scoring.conftest import BUNDLE, rows_of, score_into
from tests.training.scoring.test_command import run
from training.errors import ReportTargetUnusable
from training.scheduling import InProcess
from training.scoring.pacs import pacs_source
from training.scoring.reports import ReportTarget, report_target, sending
from training.scoring.task import PartReport

JSON = "application/dicom+json"
DUPLICATE, UNSUPPORTED, NO_ROOM = 0x0111, 0x0122, 0xA700


def pacs_file(folder: Path, text: str) -> Path:
    (folder / "pacs.toml").write_text(text, encoding="utf-8")
    return folder / "pacs.toml"


def to_pacs(file: Path, name: str = "archive", per_second: float = 1000.0) -> ReportTarget:
    return report_target(f"pacs:{name}", file, file.parent / "results", per_second=per_second)


def stored(orthanc: Orthanc, patient: str) -> list[str]:
    """The SRs of a patient, by SOP Instance UID."""
    query = {"Level": "Instance", "Expand": True, "Query": {"PatientID": patient, "Modality": "SR"}}
    found = orthanc.post("/tools/find", json.dumps(query).encode()).json()
    return sorted(item["MainDicomTags"]["SOPInstanceUID"] for item in found)


@pytest.fixture
def mine(tmp_path: Path, scored_manifest: Path) -> Path:
    """Two images of a patient of this test's own, and marks on them."""
    (tmp_path / "images").mkdir()
    marks = pd.read_csv(scored_manifest)[["image", "x", "y"]].head(2)
    patient = generate_uid()[-16:]
    for name in marks["image"]:
        image = pydicom.dcmread(scored_manifest.parent / name)
        image.PatientID, image.StudyInstanceUID, image.SeriesInstanceUID = patient, generate_uid(), generate_uid()
        image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        image.save_as(tmp_path / name, enforce_file_format=True)
    marks.to_csv(tmp_path / "marks.csv", index=False)
    return tmp_path


def images_of(folder: Path) -> list[pydicom.Dataset]:
    return [pydicom.dcmread(path, stop_before_pixels=True) for path in sorted((folder / "images").iterdir())]


def test_reports_are_stored_once_however_often_they_are_made(mine: Path, orthanc: Orthanc) -> None:
    target = to_pacs(pacs_file(mine, orthanc.toml()))
    patient = images_of(mine)[0].PatientID
    outcome = score_into(mine / "results", mine / "marks.csv", report=target)
    assert outcome.summary.reports == {"stored": 2}
    first = stored(orthanc, patient)
    assert len(first) == 2
    assert score_into(mine / "results", mine / "marks.csv", report=target).now == 0
    before = rows_of(mine / "results")
    shutil.rmtree(mine / "results")
    again = score_into(mine / "results", mine / "marks.csv", report=target)
    assert again.summary.reports == {"already_stored": 2}
    assert stored(orthanc, patient) == first
    pd.testing.assert_frame_equal(rows_of(mine / "results").drop(columns="report"), before.drop(columns="report"))


def test_images_of_a_pacs_are_reported_to_it_and_reports_are_no_marks(mine: Path, orthanc: Orthanc) -> None:
    file = pacs_file(mine, orthanc.toml())
    for path in (mine / "images").iterdir():
        orthanc.upload(path.read_bytes())
    images = images_of(mine)
    lines = [
        f"{each.StudyInstanceUID},{each.SeriesInstanceUID},{each.SOPInstanceUID},{each.Columns / 2},{each.Rows / 2}\n"
        for each in images
    ]
    (mine / "by-uid.csv").write_text("study_uid,series_uid,sop_instance_uid,x,y\n" + "".join(lines))
    query = f"PatientID={images[0].PatientID}"
    arguments = ("score", BUNDLE, "pacs:archive", "--pacs-file", file, "--out", mine / "results")
    done = run(*arguments, "--marks", mine / "by-uid.csv", "--report", "pacs:archive", "--reports-per-second", "50")
    assert done.exit_code == 0, done.output
    assert "reports: 2 stored" in done.output
    assert len(stored(orthanc, images[0].PatientID)) == 2
    with pytest.raises(Exception, match="no SR or GSPS that marks"):
        pacs_source(file, "archive", query, [])


class Archive:
    """A PACS that has what it took, and refuses what it is told to: it knows an object by the look that came before."""

    def __init__(self, refuse: Callable[[int], Callable[[BaseHTTPRequestHandler], None] | None]) -> None:
        self.has = set[str]()
        self.sent = 0
        self.refuse = refuse
        self._looked_for = ""

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        looked_for = re.search(r"/instances/([0-9.]+)/metadata", handler.path)
        if handler.command == "POST":
            self.sent += 1
            refusal = self.refuse(self.sent)
            if refusal is None:
                self.has.add(self._looked_for)
            (refusal or says(200, b"{}", JSON))(handler)
        elif looked_for:
            self._looked_for = looked_for[1]
            (says(200, b"[{}]", JSON) if self._looked_for in self.has else says(404))(handler)
        else:
            says(200, b"[]", JSON)(handler)

    def because(self, reason: int) -> Callable[[BaseHTTPRequestHandler], None]:
        """Refuse the object that was just looked for, as the standard says it."""

        def answer(handler: BaseHTTPRequestHandler) -> None:
            item = {"00081155": {"vr": "UI", "Value": [self._looked_for]}, "00081197": {"vr": "US", "Value": [reason]}}
            says(409, json.dumps({"00081198": {"vr": "SQ", "Value": [item]}}).encode(), JSON)(handler)

        return answer


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "PAUSES_SECONDS", (0.0, 0.0))


def test_an_object_that_is_refused_is_a_row_and_the_run_goes_on(tmp_path: Path, scored_manifest: Path) -> None:
    def refuse(number: int) -> Any:
        return {2: archive.because(UNSUPPORTED), 3: says(400, b"no"), 4: archive.because(DUPLICATE)}.get(number)

    archive = Archive(refuse)
    with served(Pacs(archive)) as url:
        target = to_pacs(pacs_file(tmp_path, f'[archive]\nurl = "{url}"\n'))
        outcome = score_into(tmp_path / "results", scored_manifest, report=target)
        rows = rows_of(tmp_path / "results")
        assert outcome.summary.reports == {"stored": len(rows) - 3, "failed": 3}
        assert rows.probability.notna().all()
        assert sorted(rows.report_detail.dropna()) == [
            "pacs_refused: The PACS 'archive' refused with HTTP status 400.",
            "store_failed: 0x0111 duplicate SOP instance",
            "store_failed: 0x0122 SOP class not supported: more archives take Comprehensive SR (--comprehensive)",
        ]
        assert score_into(tmp_path / "results", scored_manifest, report=target).now == 0
        again = score_into(tmp_path / "results", scored_manifest, report=target, retry_refused=True)
        assert (again.now, again.summary.reports) == (3, {"stored": len(rows)})


def test_a_pacs_that_takes_none_at_all_ends_the_run(
    tmp_path: Path, scored_manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "MOST_REFUSALS", 3)
    archive = Archive(lambda _: archive.because(UNSUPPORTED))
    with served(Pacs(archive)) as url:
        target = to_pacs(pacs_file(tmp_path, f'[archive]\nurl = "{url}"\n'))
        with pytest.raises(ReportTargetUnusable, match=r"none of 3, the last because of .*0x0122.*--comprehensive"):
            score_into(tmp_path / "results", scored_manifest, report=target)
    assert archive.sent == 3


@pytest.mark.usefixtures("no_pauses")
@pytest.mark.parametrize(
    ("answer", "error", "tries"),
    [(says(401), PacsRefused, 1), (says(404), PacsRefused, 1), (says(503), PacsRefused, 3), (None, None, 3)],
)
def test_a_pacs_that_takes_nothing_now_ends_the_run_before_its_rows(
    tmp_path: Path, scored: Path, scored_manifest: Path, answer: Any, error: type[Exception] | None, tries: int
) -> None:
    archive = Archive(lambda number: None if number == 1 else answer or archive.because(NO_ROOM))
    shutil.copytree(scored, tmp_path / "results")
    with served(Pacs(archive)) as url:
        target = to_pacs(pacs_file(tmp_path, f'[archive]\nurl = "{url}"\n'))
        with pytest.raises(error or ReportTargetUnusable, match=None if error else "out of resources"):
            score_into(tmp_path / "results", scored_manifest, report=target)
        assert archive.sent == 1 + tries
        rows = rows_of(tmp_path / "results")
        pd.testing.assert_frame_equal(rows, rows_of(scored))
        archive.refuse = lambda _: None
        outcome = score_into(tmp_path / "results", scored_manifest, report=target)
        assert outcome.summary.reports == {"stored": len(rows) - 1, "already_stored": 1}
        assert rows_of(tmp_path / "results").input_key.tolist() == rows.input_key.tolist()


@pytest.mark.usefixtures("no_pauses")
def test_a_pacs_that_is_gone_is_tried_again_and_ends_the_run(tmp_path: Path, scored_manifest: Path) -> None:
    busy = Archive(lambda number: says(503) if number < 3 else None)
    with served(Pacs(busy)) as url:
        target = to_pacs(pacs_file(tmp_path, f'[archive]\nurl = "{url}"\n'))
        outcome = score_into(tmp_path / "results", scored_manifest, report=target)
        assert outcome.summary.reports == {"stored": outcome.summary.rows}
    with pytest.raises(PacsUnreachable):
        score_into(tmp_path / "others", scored_manifest, report=target)
    assert list((tmp_path / "others").glob("part-*")) == []


def test_what_cannot_be_reported_to_is_told_before_any_work(tmp_path: Path, scored_manifest: Path) -> None:
    with served(Pacs(says(200, b"[]", JSON))) as url:
        file = pacs_file(tmp_path, f'[archive]\nurl = "{url}"\n[closed]\nurl = "{url}"\nstore = false\n')
        assert to_pacs(file).per_second == 1000.0
        assert report_target("pacs:archive", file, tmp_path).per_second == 5.0
        with pytest.raises(ReportTargetUnusable, match="nothing is stored"):
            to_pacs(file, "closed")
        with pytest.raises(PacsUnknown):
            to_pacs(file, "another")
        with pytest.raises(ReportTargetUnusable, match="--pacs-file"):
            report_target("pacs:archive", None, tmp_path)
    arguments = ("score", BUNDLE, scored_manifest, "--out", tmp_path / "results")
    done = run(*arguments, "--report", "pacs:archive", "--pacs-file", file)
    assert isinstance(done.exception, PacsUnreachable)
    assert run(*arguments, "--comprehensive").exit_code == 2
    assert run(*arguments, "--reports-per-second", "2").exit_code == 2
    assert run(*arguments, "--report", tmp_path / "reports", "--reports-per-second", "0").exit_code == 2
    assert not (tmp_path / "results").exists()


def test_each_of_two_workers_is_given_half_of_the_rate(tmp_path: Path, scored_manifest: Path) -> None:
    given: list[float | None] = []

    class TwoWorkers(InProcess):
        workers = 2

    def noting(task: Any, part: Any) -> Any:
        given.append(task.report.per_second)
        return PartReport(len(part), Counter())

    target = report_target(str(tmp_path / "reports"), None, tmp_path / "results", per_second=8.0)
    score_into(tmp_path / "results", scored_manifest, TwoWorkers(), report=target, do_part=noting)
    assert set(given) == {4.0}
