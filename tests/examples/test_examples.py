"""Every example runs as its first lines say, on phantoms."""

import csv
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cadx import BundleManifest, load_bundle
from tests.conftest import SMALL_BACKBONE
from training.cohort.cases import Case

if TYPE_CHECKING:
    from tests.app.conftest import LiveServer

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
RESEARCH_USE_ONLY = "Research use only"


def run(script: str, *arguments: object, status: int = 0) -> str:
    """Run an example as a user does; its output, or, where it fails, its errors."""
    command = [sys.executable, str(ROOT / "examples" / script), *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stderr if status else done.stdout


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_it_teaches_its_arguments_and_says_what_it_is_for(example: Path) -> None:
    assert "usage:" in run(example.name, "--help")
    assert RESEARCH_USE_ONLY in example.read_text(encoding="utf-8")


def test_the_page_of_examples_shows_every_one() -> None:
    page = (ROOT / "docs" / "examples.md").read_text(encoding="utf-8")
    assert [example.name for example in EXAMPLES if f"../examples/{example.name}" not in page] == []


def test_one_lesion_is_assessed_in_python(bundle_folder: Path, unseen_phantom: Case) -> None:
    center = unseen_phantom.center
    shown = run("assess.py", bundle_folder, unseen_phantom.image, "--x", center.x, "--y", center.y)
    assert "probability of malignancy   0." in shown
    assert "area_mm2" in shown
    assert all(notice in shown for notice in load_bundle(bundle_folder).manifest.notices)


def test_a_refusal_ends_an_example_with_its_code(bundle_folder: Path, unseen_phantom: Case) -> None:
    refused = run("assess.py", bundle_folder, unseen_phantom.image, "--x", -1, "--y", 5, status=1)
    assert refused.startswith("center_outside_image: ")


def test_a_csv_of_cases_becomes_a_bundle(phantom_manifest: Path, tmp_path: Path) -> None:
    spec = SMALL_BACKBONE
    choices = ("--weights", spec.weights, "--backbone", spec.architecture, "--layer", spec.layer)
    shown = run("fit_csv.py", phantom_manifest, tmp_path / "mine", *choices, "--pooling", spec.pooling, "--folds", 3)
    manifest: BundleManifest = load_bundle(tmp_path / "mine").manifest
    assert manifest.name == "mine"
    assert f"ensemble  {manifest.evaluation.ensemble.auc_mean:.3f}" in shown
    assert "not pretrained" in shown


def test_the_service_is_asked(live_server: "LiveServer", unseen_phantom: Case) -> None:
    center, service = unseen_phantom.center, ("--service", live_server.url)
    shown = run("call_service.py", unseen_phantom.image, "--x", center.x, "--y", center.y, *service)
    assert "probability of malignancy 0." in shown
    assert "notice: " in shown
    refused = run("call_service.py", unseen_phantom.image, "--x", 60000, "--y", center.y, *service, status=1)
    assert refused.startswith("center_outside_image: ")


def test_a_folder_of_images_becomes_a_csv(bundle_folder: Path, unseen_phantom: Case, tmp_path: Path) -> None:
    name, center = unseen_phantom.image.name, unseen_phantom.center
    marks = tmp_path / "marks.csv"
    marks.write_text(f"image,x,y\n{name},{center.x},{center.y}\n{name},-1,5\nnone.dcm,1,1\n")
    shown = run("folder_to_csv.py", bundle_folder, unseen_phantom.image.parent, marks, tmp_path / "answers.csv")
    with (tmp_path / "answers.csv").open(newline="") as file:
        first, outside, missing = csv.DictReader(file)
    assert 0 < float(first["probability"]) < 1
    assert float(first["probability"]) == pytest.approx(
        (float(first["cnn_probability"]) + float(first["lesion_probability"])) / 2, abs=1e-4
    )
    assert (outside["refusal"], missing["refusal"]) == ("center_outside_image", "image_file_not_found")
    assert "refused: 2" in shown
