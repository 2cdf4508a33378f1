from pathlib import Path

from typer.testing import CliRunner

from training.cli import cli
from training.cohort.cases import read_manifest


def test_command_writes_a_cohort_that_can_be_read(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["phantoms", "--out", str(tmp_path), "--lesions", "1", "--format", "png"])
    assert result.exit_code == 0, result.output
    assert len({case.lesion_id for case in read_manifest(tmp_path / "manifest.csv")}) == 1
    assert "never clinical evidence" in result.output


def test_help_tells_what_comes_next() -> None:
    result = CliRunner().invoke(cli, ["phantoms", "--help"])
    assert result.exit_code == 0
    assert "cadx-train fit" in result.output
