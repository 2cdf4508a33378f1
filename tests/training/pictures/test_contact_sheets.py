"""`cadx-train segment`: what a person gets to see."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from cadx.lesion import FEATURES
from cadx.records import LesionCenter
from training.cli import cli
from training.cohort.cases import read_manifest, write_manifest


def test_a_table_a_sheet_and_a_picture_a_lesion(phantom_manifest: Path, tmp_path: Path) -> None:
    cases = read_manifest(phantom_manifest)[:3]
    outside = replace(cases[0], center=LesionCenter(-5.0, 10.0), lesion_id="outside")
    manifest = tmp_path / "cases.csv"
    write_manifest(manifest, [*cases, outside])
    result = CliRunner().invoke(cli, ["segment", str(manifest), "--out", str(tmp_path / "seen")])
    assert result.exit_code == 0, result.output
    assert "refused: 1" in result.output
    assert "outside" in result.output

    with (tmp_path / "seen" / "features.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["outcome"] for row in rows][-1] == "refused"
    assert rows[-1]["problem"]
    assert list(rows[0])[-len(FEATURES) :] == [feature.name for feature in FEATURES]
    for row in rows[:-1]:
        assert np.isfinite([float(row[feature.name]) for feature in FEATURES]).all()

    pictures = sorted(path.name for path in (tmp_path / "seen" / "lesions").iterdir())
    assert pictures == ["0001.png", "0002.png", "0003.png"]
    sheet = np.asarray(Image.open(tmp_path / "seen" / "contact-sheet-01.png").convert("RGB"))
    assert sheet.std() > 20


@pytest.mark.parametrize("method", ["region_growing", "rgi"])
def test_pictures_can_be_left_out(method: str, phantom_manifest: Path, tmp_path: Path) -> None:
    manifest = tmp_path / "one.csv"
    write_manifest(manifest, read_manifest(phantom_manifest)[:1])
    arguments = ["segment", str(manifest), "--out", str(tmp_path / "seen"), "--no-pictures", "--method", method]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 0, result.output
    assert not (tmp_path / "seen" / "lesions").exists()
    assert (tmp_path / "seen" / "contact-sheet-01.png").is_file()
