"""The README promises; here the promises are kept: its targets, options, fields and links exist."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.schemas.answers import Prediction
from training.cli import cli
from training.cohort.cases import OPTIONAL_COLUMNS, REQUIRED_COLUMNS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def test_every_make_target_it_names_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z-]+)", README)) - {"everything"}
    assert named <= targets
    assert {"demo", "test", "serve", "help", "clean"} <= targets


def test_make_help_lists_the_targets() -> None:
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in ("demo", "serve", "test", "clean"):
        assert f"make {target}" in shown


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_every_page_it_links_to_is_there(link: str) -> None:
    assert (ROOT / link).exists()


def test_its_manifest_example_has_the_columns_that_are_read() -> None:
    header = re.search(r"```csv\n(.*)\n", README)
    assert header is not None
    assert tuple(header[1].split(",")) == (*REQUIRED_COLUMNS, *OPTIONAL_COLUMNS)


def test_every_option_of_cadx_train_it_names_is_taught_by_help() -> None:
    for command, options in re.findall(r"cadx-train ([a-z-]+)([^\n`]*)", README):
        shown = CliRunner().invoke(cli, [command, "--help"], terminal_width=200)
        assert shown.exit_code == 0, command
        for option in re.findall(r"--[a-z-]+", options):
            assert option in shown.output, (command, option)


def test_its_answer_is_the_shape_that_the_service_gives() -> None:
    block = re.search(r"```json\n(.*?)```", README, flags=re.DOTALL)
    assert block is not None
    answer = Prediction.model_validate(json.loads(block[1]))
    left_out = {name for name, value in answer if value is None}
    asked_for = {"explanation", "map", "similar", "reliability", "robustness", "at_prevalence", "stored"}
    assert left_out == asked_for, "every part that an answer has without asking for more"


def test_it_says_research_use_only_near_the_top() -> None:
    assert README.index("Research use only") < 500
