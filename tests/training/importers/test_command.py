"""`cadx-train import`: each sub-command on the smallest folder of its data set."""

import csv
from pathlib import Path

import pytest
from typer.testing import CliRunner

from training.cli import cli
from training.cohort.cases import read_manifest
from training.errors import ImportSettingInvalid, ImportSourceMissing


def test_import_writes_manifest_summary_and_what_was_left_out(tmp_path: Path) -> None:
    data = tmp_path / "mini-mias"
    data.mkdir()
    (data / "Info.txt").write_text("mdb001 G CIRC B 535 425 197\nmdb003 D NORM\n")
    (data / "mdb001.pgm").write_bytes(b"P5\n1024 1024\n255\n")
    out = tmp_path / "manifests" / "mias.csv"
    result = CliRunner().invoke(cli, ["import", "mini-mias", str(data), "--out", str(out)])
    assert result.exit_code == 0, result.output
    (case,) = read_manifest(out)
    assert case.image == data / "mdb001.pgm"
    assert not list(out.parent.glob("*.pgm"))
    assert "benign: 1 lesions in 1 views" in result.output
    with (out.parent / "mias.skipped.csv").open() as file:
        assert list(csv.DictReader(file)) == [
            {"place": "Info.txt line 2 (mdb003)", "reason": "normal mammogram", "detail": ""}
        ]


@pytest.mark.parametrize("name", ["mini-mias", "cbis-ddsm", "inbreast", "vindr-mammo"])
def test_help_says_where_the_data_and_their_license_are(name: str) -> None:
    result = CliRunner().invoke(cli, ["import", name, "--help"])
    assert result.exit_code == 0
    assert "Where:" in result.output
    assert "License:" in result.output


@pytest.mark.parametrize(
    "arguments", [["inbreast"], ["vindr-mammo"], ["mini-mias"], ["cbis-ddsm", "--digitizer", "lumisys"]]
)
def test_missing_data_set_is_a_typed_error(tmp_path: Path, arguments: list[str]) -> None:
    name, *options = arguments
    command = ["import", name, str(tmp_path / "nowhere"), "--out", str(tmp_path / "m.csv"), *options]
    with pytest.raises(ImportSourceMissing):
        CliRunner().invoke(cli, command, catch_exceptions=False)
    assert not (tmp_path / "m.csv").exists()


def test_cbis_ddsm_without_a_digitizer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImportSettingInvalid, match="digitizer"):
        CliRunner().invoke(
            cli, ["import", "cbis-ddsm", str(tmp_path), "--out", str(tmp_path / "m.csv")], catch_exceptions=False
        )
