"""Scoring on a real LocalCluster: the same content as here, to the bit, whatever is killed meanwhile."""

import os
import shutil
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

from cadx.errors import BundleNotPinned, PacsRefused
from tests.cadx.exchange.dicomweb.played import Pacs, says, served
from tests.training.scoring import parts
from tests.training.scoring.conftest import BUNDLE, SALT, rows_of, score_into
from training.errors import ResultsNotWritable, WorkerDiffers
from training.scheduling.choice import Scheduler
from training.scheduling.dask_cluster import DaskRunner, open_cluster
from training.scoring.marks import manifest_source
from training.scoring.reports import report_target
from training.scoring.run import ScoringSettings, score_source


@pytest.fixture(scope="module")
def cluster() -> Iterator[DaskRunner]:
    with open_cluster(Scheduler(local_workers=2), Console(quiet=True)) as runner:
        yield runner


def test_two_workers_write_what_one_process_writes_to_the_bit(
    tmp_path: Path, scored_manifest: Path, scored: Path, cluster: DaskRunner
) -> None:
    score_into(tmp_path / "results", scored_manifest, cluster)
    here, there = (
        {path.name: path.read_bytes() for path in folder.glob("part-*")} for folder in (scored, tmp_path / "results")
    )
    assert here == there


def test_two_workers_report_what_one_process_reports_and_a_pacs_that_refuses_all_ends_their_work(
    tmp_path: Path, scored_manifest: Path, cluster: DaskRunner
) -> None:
    written = []
    for name, runner in (("here", None), ("there", cluster)):
        target = report_target(str(tmp_path / name / "reports"), None, tmp_path / name / "results")
        score_into(tmp_path / name / "results", scored_manifest, runner, report=target)
        rows = {path.name: path.read_bytes() for path in (tmp_path / name / "results").glob("part-*")}
        written.append((rows, sorted(path.name for path in (tmp_path / name / "reports").iterdir())))
    assert written[0] == written[1]
    assert len(written[0][1]) == len(rows_of(tmp_path / "there" / "results"))
    found = says(200, b"[]", "application/dicom+json")
    with served(Pacs(found, says(401))) as url:
        (tmp_path / "pacs.toml").write_text(f'[archive]\nurl = "{url}"\n')
        target = report_target("pacs:archive", tmp_path / "pacs.toml", tmp_path / "results", per_second=100.0)
        with pytest.raises(PacsRefused, match="401"):
            score_into(tmp_path / "results", scored_manifest, cluster, report=target)
    assert list((tmp_path / "results").glob("part-*")) == []


@pytest.mark.parametrize("killing", [parts.killed_once, parts.poisoned])
def test_after_a_kill_each_lesion_has_one_row(
    tmp_path: Path, scored_manifest: Path, scored: Path, cluster: DaskRunner, killing: object
) -> None:
    outcome = score_into(tmp_path / "results", scored_manifest, cluster, do_part=killing)
    rows, whole = rows_of(tmp_path / "results"), rows_of(scored)
    assert rows.input_key.tolist() == whole.input_key.tolist()
    passed = rows.refusal.isna()
    pd.testing.assert_frame_equal(rows[passed], whole[passed], check_dtype=False)
    assert outcome.summary.refusals == ({"process_died": 1} if killing is parts.poisoned else {})


def test_a_full_disk_ends_the_run_and_what_was_written_is_whole(
    tmp_path: Path, scored_manifest: Path, scored: Path, cluster: DaskRunner
) -> None:
    folder = tmp_path / "results"
    with pytest.raises(ResultsNotWritable, match="File too large"):
        score_into(folder, scored_manifest, cluster, lesions_a_part=1, do_part=parts.no_room)
    written = rows_of(folder)
    assert 2 <= len(written) < len(rows_of(scored))
    assert list(folder.glob(".draft-*")) == []
    score_into(folder, scored_manifest, cluster)
    pd.testing.assert_frame_equal(rows_of(folder), rows_of(scored))


def test_another_bundle_and_another_version_on_a_worker_are_refused(
    tmp_path: Path, scored_manifest: Path, cluster: DaskRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(BUNDLE, tmp_path / "format-2")
    source = manifest_source(scored_manifest)
    with pytest.raises(BundleNotPinned):
        score_source(
            tmp_path / "format-2",
            source,
            tmp_path / "results",
            cluster,
            ScoringSettings(salt=SALT),
            do_part=parts.other_bundle,
        )
    assert list((tmp_path / "results").glob("part-*")) == []
    monkeypatch.setattr("training.scoring.run.version", lambda _: "9.9")
    with pytest.raises(WorkerDiffers, match=r"this is 9\.9"):
        score_into(tmp_path / "others", scored_manifest, cluster)


def test_ctrl_c_leaves_whole_results_that_are_gone_on_with(
    tmp_path: Path, scored_manifest: Path, scored: Path, cluster: DaskRunner
) -> None:
    folder = tmp_path / "results"

    def stop(done: int, _: int) -> None:
        if done == 2:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        score_into(folder, scored_manifest, cluster, lesions_a_part=1, do_part=parts.slow, progress=stop)
    some = len(rows_of(folder))
    assert 2 <= some < len(rows_of(scored))
    score_into(folder, scored_manifest, cluster, lesions_a_part=1)
    pd.testing.assert_frame_equal(rows_of(folder), rows_of(scored))


def test_two_runs_share_a_folder(tmp_path: Path, scored_manifest: Path, scored: Path, cluster: DaskRunner) -> None:
    folder = tmp_path / "results"
    outcomes: list[int] = []

    def here() -> None:
        outcomes.append(score_into(folder, scored_manifest, lesions_a_part=3).summary.rows)

    beside = threading.Thread(target=here)
    beside.start()
    outcomes.append(score_into(folder, scored_manifest, cluster, lesions_a_part=2, do_part=parts.slow).summary.rows)
    beside.join()
    rows = rows_of(folder)
    assert not rows.input_key.duplicated().any()
    pd.testing.assert_frame_equal(rows, rows_of(scored))
