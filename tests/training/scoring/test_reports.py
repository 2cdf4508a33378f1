"""Reports of what was scored, into a folder: one a row, the same again, and what cannot be reported as rows."""

import io
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pydicom
import pytest
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.uid import ComprehensiveSRStorage, generate_uid

from cadx.digests import file_sha256
from tests.training.scoring.conftest import SALT, rows_of, score_into
from training.cohort.cases import read_manifest
from training.errors import OutputNotWritable, ReportTargetUnusable, ResultsNotWritable
from training.scheduling import InProcess
from training.scheduling.processes import Processes
from training.scoring.folder import folder_source
from training.scoring.recorded import RowState, states_of
from training.scoring.reports import ReportTarget, report_target, sending
from training.scoring.results import SUMMARY_JSON, Results
from training.scoring.rows import schema, table
from training.scoring.task import PartReport, ScoringTask, score_part
from training.scoring.work import Part

PLANTED = "PLANTED"


def to_folder(folder: Path) -> ReportTarget:
    return report_target(str(folder / "reports"), None, folder / "results")


def score_reported(folder: Path, manifest: Path, runner: Any = None, **more: Any) -> Any:
    """Score and report into a folder."""
    return score_into(folder / "results", manifest, runner, report=to_folder(folder), **more)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def numbers(dataset: Dataset) -> dict[str, float]:
    """Every number of a report by the meaning of its concept."""
    found = {}
    for item in dataset.ContentSequence:
        if item.ValueType == "NUM":
            found[item.ConceptNameCodeSequence[0].CodeMeaning] = float(item.MeasuredValueSequence[0].FloatingPointValue)
        elif "ContentSequence" in item:
            found |= numbers(item)
    return found


@pytest.fixture(scope="module")
def reported(scored_manifest: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with results and reports of a run in which nothing was stopped. Do not write into it."""
    folder = tmp_path_factory.mktemp("reported")
    outcome = score_reported(folder, scored_manifest)
    assert outcome.summary.reports == {"written": outcome.summary.rows}
    return folder


def test_every_row_has_a_report_that_says_its_numbers(reported: Path, scored: Path, scored_manifest: Path) -> None:
    rows = rows_of(reported / "results")
    assert set(rows.report) == {"written"}
    pd.testing.assert_frame_equal(rows.drop(columns="report"), rows_of(scored).drop(columns="report"))
    files = list((reported / "reports").iterdir())
    assert len(files) == len(rows)
    said = {}
    for path in files:
        dataset = pydicom.dcmread(path)
        assert path.stem == dataset.SOPInstanceUID
        assert dataset.Modality == "SR"
        evidence = dataset.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence[0]
        said[evidence.ReferencedSOPSequence[0].ReferencedSOPInstanceUID] = dataset, numbers(dataset)
    by_sha = rows.set_index("image_sha256")
    for case in read_manifest(scored_manifest):
        image = pydicom.dcmread(case.image, stop_before_pixels=True)
        dataset, told = said[image.SOPInstanceUID]
        assert (dataset.PatientID, dataset.StudyInstanceUID) == (image.PatientID, image.StudyInstanceUID)
        row = by_sha.loc[file_sha256(case.image)]
        for name in ("probability", "cnn_probability", "lesion_probability", "calibrated_probability"):
            assert 100 * row[name] in told.values(), name
        if np.isclose(row.lesion_area_mm2, list(told.values())).any():
            assert row.lesion_circularity in told.values()
        assert row.model_digest[:64] == dataset.DeviceSerialNumber
    assert json.loads((reported / "results" / SUMMARY_JSON).read_text())["reports"] == {"written": len(rows)}


def test_rows_hold_nothing_of_whom_reports_name(reported: Path, scored_manifest: Path) -> None:
    written = b"".join(contents(reported / "results").values())
    for name in (*contents(reported / "reports"), *(case.image.name for case in read_manifest(scored_manifest))):
        assert name.removesuffix(".dcm").encode() not in written
    assert b"PHANTOM" not in written


def test_a_second_run_leaves_all_as_it_is(tmp_path: Path, reported: Path, scored_manifest: Path) -> None:
    shutil.copytree(reported, tmp_path, dirs_exist_ok=True)
    before = contents(tmp_path / "reports"), rows_of(tmp_path / "results")
    assert score_reported(tmp_path, scored_manifest).now == 0
    assert score_into(tmp_path / "results", scored_manifest).now == 0, "without --report too"
    shutil.rmtree(tmp_path / "results")
    assert score_reported(tmp_path, scored_manifest).now == len(before[1])
    assert contents(tmp_path / "reports") == before[0], "the same UIDs, and files that are there stay"
    pd.testing.assert_frame_equal(rows_of(tmp_path / "results"), before[1])


def test_two_processes_write_the_same_rows_to_the_bit(tmp_path: Path, reported: Path, scored_manifest: Path) -> None:
    with Processes(2, "training.scoring.task") as processes:
        score_reported(tmp_path, scored_manifest, processes)
    here, there = (
        {path.name: path.read_bytes() for path in (folder / "results").glob("part-*")}
        for folder in (reported, tmp_path)
    )
    assert here == there
    assert contents(tmp_path / "reports").keys() == contents(reported / "reports").keys()


def dies_before_its_rows(task: ScoringTask, part: Part) -> PartReport:
    """Make the reports, and end where rows would be written."""

    class Gone(Results):
        def write(self, *_: Any) -> Path:
            raise ResultsNotWritable(str(self.folder), "killed")

    return score_part(replace(task, results=Gone(task.results.folder, task.results.salt)), part)


def test_what_was_reported_before_its_row_was_lost_is_one_object_in_the_end(
    tmp_path: Path, reported: Path, scored_manifest: Path
) -> None:
    with pytest.raises(ResultsNotWritable, match="killed"):
        score_reported(tmp_path, scored_manifest, do_part=dies_before_its_rows)
    first = contents(tmp_path / "reports")
    assert len(first) == 2
    assert list((tmp_path / "results").glob("part-*")) == []
    score_reported(tmp_path, scored_manifest)
    assert contents(tmp_path / "reports").keys() == contents(reported / "reports").keys()
    assert first.items() <= contents(tmp_path / "reports").items()
    pd.testing.assert_frame_equal(rows_of(tmp_path / "results"), rows_of(reported / "results"))


class StopsAfterOne(InProcess):
    """Ends after the first part."""

    def run(self, function: Callable[[Any], Any], take: Callable[[], Any]) -> Any:
        for outcome in super().run(function, take):
            yield outcome
            raise KeyboardInterrupt


def test_given_later_it_reports_what_was_scored_without_and_loses_no_row_meanwhile(
    tmp_path: Path, scored: Path, reported: Path, scored_manifest: Path
) -> None:
    shutil.copytree(scored, tmp_path / "results")
    whole = rows_of(reported / "results")
    with pytest.raises(KeyboardInterrupt):  # in parts of another size, so that rows stand twice for a while
        score_reported(tmp_path, scored_manifest, StopsAfterOne(), lesions_a_part=3)
    assert set(rows_of(tmp_path / "results").input_key) == set(whole.input_key)
    assert len(contents(tmp_path / "reports")) == 3
    outcome = score_reported(tmp_path, scored_manifest, lesions_a_part=3)
    assert (outcome.now, outcome.before) == (len(whole) - 3, 3)
    pd.testing.assert_frame_equal(rows_of(tmp_path / "results"), whole)
    assert contents(tmp_path / "reports").keys() == contents(reported / "reports").keys()
    elsewhere = report_target(str(tmp_path / "elsewhere"), None, tmp_path / "results")
    assert score_into(tmp_path / "results", scored_manifest, report=elsewhere).now == 0


def test_of_two_rows_of_an_input_the_one_that_tells_more_stays(tmp_path: Path) -> None:
    results = Results(tmp_path, SALT)
    columns = schema(identifiers=False)
    kinds = {"c": {"refusal": "no_tissue"}, "a": {}, "d": {"report": "written"}, "b": {"report": "failed"}}
    for name, more in kinds.items():
        results.write([{"input_key": "1" * 32, "lesion": name, **more}, {"input_key": name * 32}], columns)
    assert results.recorded().states.tolist()[:4] == sorted(RowState)
    assert results.settle() == 5
    rows = rows_of(tmp_path)
    assert rows.input_key.tolist() == [each * 32 for each in "1abcd"]
    assert rows.lesion[0] == "d"
    states = states_of(table([{"input_key": "0", **more} for more in kinds.values()], columns))
    assert states.tolist() == [RowState.REFUSED, RowState.ASSESSED, RowState.REPORTED, RowState.REPORT_FAILED]


def test_an_image_that_tells_no_identity_is_scored_and_its_report_fails(tmp_path: Path, scored_manifest: Path) -> None:
    case, other, *_ = read_manifest(scored_manifest)
    image = pydicom.dcmread(case.image)
    pixels = image.pixel_array
    gray = (pixels.astype(float) * 65535 / pixels.max()).astype(np.uint16)
    Image.fromarray(gray).save(tmp_path / "bare.png")
    image.PatientID = PLANTED
    with pytest.warns(UserWarning, match="exceeds"):
        image.AccessionNumber = PLANTED * 4
    image.save_as(tmp_path / "unusable.dcm")
    shutil.copy(other.image, tmp_path / "good.dcm")
    at, there = (f"{each.center.x!r},{each.center.y!r}" for each in (case, other))
    (tmp_path / "marks.csv").write_text(
        f"image,x,y,pixel_spacing_mm\nbare.png,{at},0.1\nunusable.dcm,{at},\ngood.dcm,{there},\ngone.dcm,1,1,\n"
    )
    outcome = score_reported(tmp_path, tmp_path / "marks.csv")
    assert outcome.summary.reports == {"failed": 2, "written": 1}
    assert outcome.summary.refusals == {"image_file_not_found": 1}
    rows = rows_of(tmp_path / "results")
    details = sorted(rows.report_detail.dropna())
    assert [detail.partition(":")[0] for detail in details] == ["dicom_needed", "identity_unusable"]
    assert PLANTED not in "".join(details)
    assert rows[rows.refusal.notna()].report.isna().all()
    assert rows.probability.notna().sum() == 3
    assert score_reported(tmp_path, tmp_path / "marks.csv").now == 0
    image.AccessionNumber = "1"
    image.save_as(tmp_path / "unusable.dcm")
    assert score_reported(tmp_path, tmp_path / "marks.csv").summary.reports == {"written": 2, "failed": 1}
    assert score_into(tmp_path / "results", tmp_path / "marks.csv", retry_refused=True).now == 1, "the refused one"
    assert score_reported(tmp_path, tmp_path / "marks.csv", retry_refused=True).now == 2
    assert len(rows_of(tmp_path / "results")) == 4


def test_reports_in_the_archive_are_not_taken_for_marks(tmp_path: Path, scored_manifest: Path) -> None:
    archive = tmp_path / "archive"
    shutil.copytree(scored_manifest.parent / "images", archive)
    manifest = pd.read_csv(scored_manifest)[["image", "x", "y"]].head(2)
    manifest["image"] = [name.removeprefix("images/") for name in manifest["image"]]
    manifest.to_csv(tmp_path / "marks.csv", index=False)
    target = report_target(str(archive / "reports"), None, tmp_path / "results")
    shutil.copy(tmp_path / "marks.csv", archive / "marks.csv")
    score_into(tmp_path / "results", archive / "marks.csv", report=target)
    assert len(list((archive / "reports").glob("*.dcm"))) == 2
    source = folder_source(archive, [tmp_path / "marks.csv"])
    assert source.count == 2
    with pytest.raises(Exception, match="no lesion is marked"):
        folder_source(archive, [])


def test_comprehensive_sr_is_written_when_asked_for(tmp_path: Path, scored_manifest: Path) -> None:
    target = report_target(str(tmp_path / "reports"), None, tmp_path / "results", comprehensive=True)
    score_into(tmp_path / "results", scored_manifest, report=target)
    classes = {pydicom.dcmread(path).SOPClassUID for path in (tmp_path / "reports").iterdir()}
    assert classes == {ComprehensiveSRStorage}


def test_a_fault_of_a_report_is_a_row_and_does_not_say_what_it_saw(
    tmp_path: Path, scored_manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> Dataset:
        raise ZeroDivisionError(PLANTED)

    monkeypatch.setattr("cadx.exchange.structured_report", broken)
    outcome = score_reported(tmp_path, scored_manifest)
    assert outcome.summary.reports == {"failed": outcome.summary.rows}
    (detail,) = set(rows_of(tmp_path / "results").report_detail)
    assert detail == "report_failed: The report ended in ZeroDivisionError, which is a fault of this software."


def test_a_folder_that_is_full_ends_the_run_before_its_rows(
    tmp_path: Path, scored_manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(sending, "write_whole", full)
    with pytest.raises(ReportTargetUnusable, match="No space left"):
        score_reported(tmp_path, scored_manifest)
    assert list((tmp_path / "results").glob("part-*")) == []
    monkeypatch.undo()
    assert score_reported(tmp_path, scored_manifest).summary.refusals == {}


def test_a_folder_that_cannot_be_used_is_told_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputNotWritable):
        report_target(str(tmp_path / "file"), None, tmp_path / "results")
    with pytest.raises(ReportTargetUnusable, match="nothing but rows"):
        report_target(str(tmp_path / "results" / "reports"), None, tmp_path / "results")
    assert not (tmp_path / "results").exists()


def test_reports_are_of_the_frame_that_was_scored(tmp_path: Path, scored_manifest: Path) -> None:
    case = read_manifest(scored_manifest)[0]
    image = pydicom.dcmread(case.image)
    pixels = image.pixel_array
    image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    image.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    image.NumberOfFrames = 2
    image.PixelData = pixels.tobytes() * 2
    image["PixelData"].is_undefined_length = False
    buffer = io.BytesIO()
    image.save_as(buffer, enforce_file_format=True)
    (tmp_path / "two.dcm").write_bytes(buffer.getvalue())
    at = f"{case.center.x!r},{case.center.y!r}"
    (tmp_path / "marks.csv").write_text(f"image,x,y,frame\ntwo.dcm,{at},1\ntwo.dcm,{at},2\n")
    outcome = score_reported(tmp_path, tmp_path / "marks.csv")
    assert outcome.summary.reports == {"written": 2}, rows_of(tmp_path / "results").refusal_detail.tolist()
    reports = [pydicom.dcmread(path) for path in (tmp_path / "reports").iterdir()]
    frames = {
        element.value
        for report in reports
        for element in report.iterall()
        if element.keyword == "ReferencedFrameNumber"
    }
    assert frames == {1, 2}
