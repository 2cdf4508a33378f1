import json
import re
import subprocess
import tomllib
from collections.abc import Callable
from fnmatch import fnmatch
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

Instructions = list[tuple[str, str]]


@pytest.fixture(scope="module")
def instructions(repository: Path) -> Instructions:
    """The Dockerfile's instructions, continuation lines joined."""
    text = re.sub(r"^#.*\n", "", (repository / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [(line.split(None, 1)[0], re.sub(r"\s+", " ", line.split(None, 1)[1])) for line in lines if line.strip()]


@pytest.fixture(scope="module")
def final_stage(instructions: Instructions) -> Instructions:
    last = max(index for index, (name, _) in enumerate(instructions) if name == "FROM")
    return instructions[last:]


def values(instructions: Instructions, name: str) -> list[str]:
    return [value for instruction, value in instructions if instruction == name]


@pytest.mark.parametrize("path", ["Dockerfile", "deploy/orthanc/Dockerfile", "deploy/ohif/Dockerfile"])
def test_hadolint_finds_nothing(repository: Path, tool: Callable[[str], str], path: str) -> None:
    found = subprocess.run(
        [tool("hadolint"), path], cwd=repository, capture_output=True, text=True, timeout=30, check=False
    )
    assert (found.returncode, found.stdout + found.stderr) == (0, "")


def test_hadolint_would_find_something(tool: Callable[[str], str], tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM debian:latest\nRUN cd /tmp && apt-get install curl\nCMD python -m app\n")
    found = subprocess.run([tool("hadolint"), "Dockerfile"], cwd=tmp_path, capture_output=True, timeout=30, check=False)
    assert found.returncode == 1


def test_every_stage_starts_from_the_same_base(instructions: Instructions) -> None:
    bases = [value.split()[0] for value in values(instructions, "FROM")]
    assert len(bases) == 3
    assert set(bases) == {"python:3.11-slim-bookworm", "build"}


def test_the_service_runs_without_privileges_and_as_the_first_process(final_stage: Instructions) -> None:
    assert values(final_stage, "USER") == ["10001:10001"]
    assert json.loads(values(final_stage, "ENTRYPOINT")[0]) == ["python", "-m", "app"]
    assert values(final_stage, "CMD") == []


def test_the_health_check_needs_no_shell_and_no_curl(final_stage: Instructions, repository: Path) -> None:
    (check,) = values(final_stage, "HEALTHCHECK")
    command = json.loads(check[check.index("CMD") + 3 :])
    assert command[:2] == ["python", "-I"]
    copies = [value.split() for value in values(final_stage, "COPY") if "--from" not in value]
    assert [command[2]] == [target for source, target in copies if source.endswith("healthcheck.py")]


def test_the_index_of_torch_is_an_argument_and_defaults_to_the_cpu(instructions: Instructions) -> None:
    assert "TORCH_INDEX=https://download.pytorch.org/whl/cpu" in values(instructions, "ARG")
    install = next(value for value in values(instructions, "RUN") if "--constraint constraints.txt" in value)
    assert "${TORCH_INDEX:+--extra-index-url" in install


def test_every_requirement_has_an_exact_version_within_its_range(repository: Path) -> None:
    lines = (repository / "constraints.txt").read_text().splitlines()
    pins = [Requirement(line) for line in lines if line.strip() and not line.startswith("#")]
    pinned = {canonicalize_name(pin.name): str(pin.specifier).removeprefix("==") for pin in pins}
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    listed = [*project["dependencies"], *chain.from_iterable(project["optional-dependencies"].values())]
    wanted = [Requirement(text) for text in listed if not text.startswith(project["name"])]
    assert len(wanted) > 20
    unmet = [str(want) for want in wanted if not want.specifier.contains(pinned.get(canonicalize_name(want.name), "0"))]
    assert unmet == []


def test_the_build_sees_only_what_it_copies(instructions: Instructions, repository: Path) -> None:
    rules = [
        line for line in (repository / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")
    ]
    assert rules[0] == "*"

    def sent(path: str) -> bool:
        included = True
        for rule in rules:
            if fnmatch(path, rule.lstrip("!")) or path.startswith(rule.lstrip("!") + "/"):
                included = rule.startswith("!")
        return included

    sources = [
        source for value in values(instructions, "COPY") if "--from" not in value for source in value.split()[:-1]
    ]
    assert sources
    for source in sources:
        assert (repository / source).exists(), source
        assert sent(source), source
    for path in (".venv/bin/python", ".git/config", "models/demo/bundle.json", "demo/unseen/x.dcm", ".env", "tests"):
        assert not sent(path), path
