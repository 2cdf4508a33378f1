"""`cadx-train score` as it is typed."""

from pathlib import Path

import pandas as pd
from typer.testing import CliRunner, Result

from tests.training.scoring.conftest import BUNDLE
from training.cli import cli


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments], env={"COLUMNS": "200"})


def test_a_manifest_is_scored_and_told(tmp_path: Path, scored_manifest: Path) -> None:
    text = scored_manifest.read_text().splitlines()
    cohort = scored_manifest.parent
    (cohort / "more.csv").write_text("\n".join([*text, "images/gone.dcm,1,1,benign,LX,,,"]) + "\n")
    done = run("score", BUNDLE, cohort / "more.csv", "--out", tmp_path / "results")
    assert done.exit_code == 0, done.output
    rows = pd.read_parquet(tmp_path / "results")
    assert f"{len(rows)} rows, {len(rows) - 1} assessed, 1 refused; {len(rows)} done now, 0 before" in done.output
    assert "image_file_not_found" in done.output
    again = run("score", BUNDLE, cohort / "more.csv", "--out", tmp_path / "results")
    assert f"0 done now, {len(rows)} before" in again.output


def test_what_does_not_go_together_is_refused(tmp_path: Path, scored_manifest: Path) -> None:
    for source, more in (
        ("pacs:archive", ()),
        (scored_manifest, ("--marks", scored_manifest)),
        (tmp_path, ()),
        (scored_manifest, ("--scheduler", "somewhere")),
    ):
        done = run("score", BUNDLE, source, "--out", tmp_path / "results", *more)
        assert done.exit_code != 0
        assert type(done.exception).__name__ in {"ScoringSourceUnusable", "SchedulerUnknown"}
    assert not (tmp_path / "results").exists()


def test_help_teaches_each_source() -> None:
    text = run("score", "--help").output
    for word in ("A manifest", "A folder", "A PACS", "--retry-refused", "read_parquet", "--scheduler", "--report"):
        assert word in text
