"""Scoring here, without Dask: the service's own numbers, each input once, refusals as rows."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from cadx.assessment import assess
from cadx.bundle import load_bundle, prediction_id
from cadx.digests import file_sha256
from cadx.lesion import FEATURES
from cadx.mammogram import read_mammogram
from tests.training.scoring.conftest import BUNDLE, rows_of, score_into
from training.cohort.cases import read_manifest
from training.errors import OutputNotOurs, ResultsNotWritable, ResultsOfAnotherRun, WorkersKeepDying
from training.scheduling import Died, Done, InProcess
from training.scoring.results import SUMMARY_JSON
from training.scoring.task import PartReport, ScoringTask
from training.scoring.work import Part, part_size


def test_a_row_says_what_the_service_says(scored: Path, scored_manifest: Path) -> None:
    cases = read_manifest(scored_manifest)
    rows = rows_of(scored)
    assert len(rows) == len(cases)
    assert rows.refusal.isna().all()
    bundle = load_bundle(BUNDLE)
    for case in cases:
        mammogram = read_mammogram(case.image, policy=bundle.policy)
        answer = assess(bundle, mammogram, case.center)
        sha256 = file_sha256(case.image)
        (row,) = rows[rows.prediction_id == prediction_id(bundle, sha256, mammogram, case.center, 1)].to_dict("records")
        assert (row["x"], row["y"], row["image_sha256"]) == (case.center.x, case.center.y, sha256)
        for name in ("probability", "cnn_probability", "lesion_probability", "calibrated_probability"):
            assert row[name] == pytest.approx(getattr(answer, name), abs=1e-12)
        assert [row[f"lesion_{feature.name}"] for feature in FEATURES] == pytest.approx(answer.lesion_features.tolist())
        assert list(row["flags"]) == list(dict.fromkeys(flag.code for flag in answer.flags))
        assert (row["model_digest"], row["view"]) == (bundle.digest, case.view)


def test_a_readers_outline_and_diameter_count_as_in_the_service(tmp_path: Path, scored_manifest: Path) -> None:
    case = read_manifest(scored_manifest)[0]
    bundle = load_bundle(BUNDLE)
    mammogram = read_mammogram(case.image, policy=bundle.policy)
    x, y = case.center.x, case.center.y
    contour = tuple((x + dx, y + dy) for dx, dy in ((-40, -30), (45, -25), (30, 50), (-35, 40)))
    (tmp_path / "marks.csv").write_text(
        f'image,x,y,contour,diameter_mm\n{case.image},,,"{json.dumps(contour)}",\n'
        f'{case.image},{x},{y},"{json.dumps(contour)}",\n{case.image},{x},{y},,7.5\n{case.image},{x},{y},,\n'
    )
    score_into(tmp_path / "results", tmp_path / "marks.csv")
    rows = rows_of(tmp_path / "results").set_index("prediction_id")
    assert len(rows) == 4
    sha256 = file_sha256(case.image)
    for center, drawn, diameter_mm in (
        (None, contour, None),
        (case.center, contour, None),
        (case.center, None, 7.5),
        (case.center, None, None),
    ):
        known_as = prediction_id(bundle, sha256, mammogram, center, 1, contour=drawn, diameter_mm=diameter_mm)
        answer = assess(bundle, mammogram, center, contour=drawn, diameter_mm=diameter_mm)
        assert rows.probability[known_as] == pytest.approx(answer.probability, abs=1e-12)


def test_views_of_a_lesion_share_a_pseudonym_and_no_identity_is_written(scored: Path, scored_manifest: Path) -> None:
    cases = read_manifest(scored_manifest)
    assert rows_of(scored).lesion.nunique() == len({case.lesion_id for case in cases})
    written = b"".join(path.read_bytes() for path in scored.iterdir())
    for case in cases:
        for name in (case.lesion_id, case.patient_id, case.image.name, str(case.image.parent)):
            assert name is not None
            assert name.encode() not in written
    assert not {"image", "lesion_id", "patient_id"} & set(rows_of(scored).columns)


def test_identifiers_are_written_when_asked_for(tmp_path: Path, scored_manifest: Path) -> None:
    score_into(tmp_path / "results", scored_manifest, identifiers=True)
    cases = read_manifest(scored_manifest)
    rows = rows_of(tmp_path / "results")
    assert sorted(rows.image) == sorted(f"images/{case.image.name}" for case in cases)
    assert sorted(zip(rows.lesion_id, rows.patient_id, strict=True)) == sorted(
        (case.lesion_id, case.patient_id) for case in cases
    )
    with pytest.raises(ResultsOfAnotherRun, match="identifiers"):
        score_into(tmp_path / "results", scored_manifest)


def test_refused_lesions_are_rows_and_the_rest_goes_on(tmp_path: Path, scored_manifest: Path) -> None:
    images = scored_manifest.parent / "images"
    good = sorted(images.iterdir())[0]
    (tmp_path / "broken.dcm").write_bytes(good.read_bytes()[:2000])
    shutil.copy(good, tmp_path / "good.dcm")
    manifest = tmp_path / "marks.csv"
    case = next(case for case in read_manifest(scored_manifest) if case.image.name == good.name)
    center = f"{case.center.x!r},{case.center.y!r}"
    manifest.write_text(
        f"image,x,y\ngone.dcm,5,5\nbroken.dcm,{center}\ngood.dcm,{center}\ngood.dcm,-4,3\n", encoding="utf-8"
    )
    outcome = score_into(tmp_path / "results", manifest)
    rows = rows_of(tmp_path / "results")
    assert sorted(rows.refusal.dropna()) == ["center_outside_image", "image_file_not_found", "truncated_image"]
    assert rows.probability.notna().sum() == 1
    assert rows[rows.refusal.notna()].probability.isna().all()
    assert outcome.summary.refusals == dict.fromkeys(sorted(rows.refusal.dropna()), 1)
    assert (outcome.now, outcome.before, outcome.summary.rows, outcome.summary.assessed) == (4, 0, 4, 1)
    assert json.loads((tmp_path / "results" / SUMMARY_JSON).read_text())["refusals"]["truncated_image"] == 1
    shutil.copy(good, tmp_path / "gone.dcm")
    again = score_into(tmp_path / "results", manifest)
    assert (again.now, again.before) == (1, 3), "a file that came later is scored, what is known is not"
    assert score_into(tmp_path / "results", manifest, retry_refused=True).now == 2
    assert len(rows_of(tmp_path / "results")) == 4


class Stopped(Exception):
    """Stands for whatever ends a run."""


class StopsAfter(InProcess):
    """Ends in the middle of the work."""

    def __init__(self, parts: int) -> None:
        self.left = parts

    def run(self, function: Callable[[Any], Any], take: Callable[[], Any]) -> Iterator[Any]:
        for outcome in super().run(function, take):
            self.left -= 1
            yield outcome
            if self.left == 0:
                raise Stopped


@pytest.mark.parametrize("parts", [1, 2])
def test_a_run_that_was_stopped_goes_on_with_what_is_left(
    tmp_path: Path, scored_manifest: Path, scored: Path, parts: int
) -> None:
    folder = tmp_path / "results"
    with pytest.raises(Stopped):
        score_into(folder, scored_manifest, StopsAfter(parts))
    assert len(rows_of(folder)) == 2 * parts
    whole = rows_of(scored)
    told: list[tuple[int, int]] = []
    outcome = score_into(folder, scored_manifest, progress=lambda done, total: told.append((done, total)))
    assert (outcome.now, outcome.before) == (len(whole) - 2 * parts, 2 * parts)
    assert told[-1] == (len(whole), len(whole))
    pd.testing.assert_frame_equal(rows_of(folder), whole)
    assert score_into(folder, scored_manifest).now == 0


def test_a_changed_image_is_scored_again_and_its_old_row_goes(tmp_path: Path, scored_manifest: Path) -> None:
    shutil.copytree(scored_manifest.parent, tmp_path / "cohort")
    manifest, folder = tmp_path / "cohort" / "manifest.csv", tmp_path / "results"
    score_into(folder, manifest)
    before = rows_of(folder)
    first, second, *_ = sorted((tmp_path / "cohort" / "images").iterdir())
    first.write_bytes(first.read_bytes() + b"\0" * 8)
    os.utime(second, ns=(1, 1))
    outcome = score_into(folder, manifest)
    after = rows_of(folder)
    assert outcome.now == 2
    assert after.input_key.tolist() == before.input_key.tolist()
    assert (after.image_sha256 != before.image_sha256).sum() == 1


def test_damaged_results_are_put_aside_and_made_again(
    tmp_path: Path, scored_manifest: Path, scored: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "results"
    shutil.copytree(scored, folder)
    part = next(folder.glob("part-*.parquet"))
    part.write_bytes(part.read_bytes()[:-9])
    assert score_into(folder, scored_manifest).now == 2
    assert "damaged results" in caplog.text
    pd.testing.assert_frame_equal(rows_of(folder), rows_of(scored))


def test_results_of_another_model_and_files_of_others_stay(tmp_path: Path, scored: Path, scored_manifest: Path) -> None:
    folder = tmp_path / "results"
    shutil.copytree(scored, folder)
    facts = json.loads((folder / "_run.json").read_text())
    (folder / "_run.json").write_text(json.dumps(facts | {"model_digest": "another"}))
    with pytest.raises(ResultsOfAnotherRun, match="model_digest"):
        score_into(folder, scored_manifest)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "table.parquet").write_bytes(b"mine")
    with pytest.raises(OutputNotOurs, match=r"table\.parquet"):
        score_into(tmp_path / "mine", scored_manifest)
    assert (tmp_path / "mine" / "table.parquet").read_bytes() == b"mine"


def no_room(task: ScoringTask, part: Part) -> PartReport:
    """Meets a disk that is full."""
    raise ResultsNotWritable(str(task.results.folder), os.strerror(28))


def test_a_full_disk_ends_the_run_with_what_is_whole(tmp_path: Path, scored_manifest: Path) -> None:
    with pytest.raises(ResultsNotWritable, match="No space left"):
        score_into(tmp_path / "results", scored_manifest, do_part=no_room)


class DiesOf(InProcess):
    """Workers that one image kills."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.deaths: list[int] = []

    def run(self, function: Callable[[Any], Any], take: Callable[[], Any]) -> Iterator[Any]:
        while (part := take()) is not None:
            if any(item.image.endswith(self.name) for item in part.lesions):
                self.deaths.append(len(part.lesions))
                yield Died(part)
            else:
                yield Done(part, function(part))


def test_an_image_that_kills_its_worker_ends_as_a_row(tmp_path: Path, scored_manifest: Path, scored: Path) -> None:
    folder = tmp_path / "results"
    runner = DiesOf(read_manifest(scored_manifest)[1].image.name)
    outcome = score_into(folder, scored_manifest, runner, lesions_a_part=4)
    assert runner.deaths == [4, 2, 1]
    assert outcome.summary.refusals == {"process_died": 1}
    rows, whole = rows_of(folder), rows_of(scored)
    passed = rows.refusal.isna()
    assert rows.input_key.tolist() == whole.input_key.tolist()
    pd.testing.assert_frame_equal(rows[passed], whole[passed], check_dtype=False)
    retried = score_into(folder, scored_manifest, retry_refused=True)
    assert (retried.now, retried.summary.refusals) == (1, {})
    pd.testing.assert_frame_equal(rows_of(folder), whole)


class AlwaysDies(InProcess):
    """Workers that die whatever they are given."""

    def run(self, function: Callable[[Any], Any], take: Callable[[], Any]) -> Iterator[Any]:
        while (part := take()) is not None:
            yield Died(part)


def test_workers_that_always_die_are_not_the_images_fault(tmp_path: Path) -> None:
    manifest = tmp_path / "marks.csv"
    manifest.write_text("image,x,y\n" + "".join(f"{k}.dcm,1,1\n" for k in range(40)))
    with pytest.raises(WorkersKeepDying, match="20 lesions"):
        score_into(tmp_path / "results", manifest, AlwaysDies())


@pytest.mark.parametrize(
    ("count", "workers", "size"), [(10, 2, 100), (600, 2, 100), (20_000, 4, 625), (10**6, 100, 1000)]
)
def test_parts_have_100_to_1000_lesions(count: int, workers: int, size: int) -> None:
    assert part_size(count, workers) == size
