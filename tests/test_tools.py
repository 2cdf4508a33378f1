"""The Makefile's helpers: the list of benchmarks, the hooks of pre-commit, the coverage settings."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
HOOKS = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]


def test_every_target_is_in_the_help_and_is_no_file() -> None:
    (listed,) = re.findall(r"^\.PHONY: (.*)$", MAKEFILE, flags=re.MULTILINE)
    phony = set(listed.split())
    assert set(re.findall(r"^([a-z-]+):", MAKEFILE, flags=re.MULTILINE)) == phony
    shown = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert set(re.findall(r"^  make ([a-z-]+) ", shown, flags=re.MULTILINE)) == phony
    assert max(map(len, shown.splitlines())) <= 120


def test_the_list_of_benchmarks_names_each_with_its_command_and_runs_none() -> None:
    listed = subprocess.run(
        [sys.executable, "benchmarks"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=30
    ).stdout
    names = [path.stem for path in (ROOT / "benchmarks").glob("[a-z]*.py")]
    assert len(names) > 8
    for name in names:
        assert re.search(rf"^{name}: \S.*\n    python benchmarks/{name}\.py", listed, flags=re.MULTILINE), name


def test_make_benchmarks_without_an_argument_only_lists() -> None:
    stamp = ["-o", ".venv/.installed", "-n"]
    lists = subprocess.run(
        ["make", "--no-print-directory", *stamp, "benchmarks"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert lists.stdout.strip() == ".venv/bin/python benchmarks"
    command = ["make", "--no-print-directory", *stamp, "benchmarks", "RUN=read", "ARGS=--help"]
    runs = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert runs.stdout.strip() == ".venv/bin/python benchmarks/read.py --help"


def test_pre_commit_takes_the_hooks() -> None:
    command = [sys.executable, "-m", "pre_commit", "validate-config", ".pre-commit-config.yaml"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("hook", [hook for repository in HOOKS for hook in repository["hooks"]], ids=lambda h: h["id"])
def test_a_hook_needs_no_network_and_calls_what_make_calls(hook: dict[str, str]) -> None:
    assert {repository["repo"] for repository in HOOKS} == {"local"}
    assert hook["language"] == "system"
    tool = hook["entry"].split()[0].removeprefix(".venv/bin/")
    assert f"$(BIN)/{tool}" in MAKEFILE


def test_coverage_counts_the_three_packages_and_the_processes_they_start() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["coverage"]["run"]
    assert settings["source_pkgs"] == ["cadx", "app", "training"]
    assert "subprocess" in settings["patch"]
