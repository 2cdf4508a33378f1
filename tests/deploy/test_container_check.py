import os
import re
import subprocess
from pathlib import Path

import pytest


def run(repository: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "scripts/container-check", *arguments],
        cwd=repository,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_the_script_is_well_formed_and_explains_itself(repository: Path) -> None:
    assert os.access(repository / "scripts/container-check", os.X_OK)
    subprocess.run(["bash", "-n", "scripts/container-check"], cwd=repository, timeout=10, check=True)
    assert "--keep" in run(repository, "--help").stdout


def test_an_unknown_option_is_refused(repository: Path) -> None:
    assert run(repository, "--kep").returncode == 2


@pytest.mark.parametrize(("variable", "advice"), [("MODEL", "make demo"), ("PYTHON", "make install")])
def test_what_is_missing_is_said_at_once(repository: Path, tmp_path: Path, variable: str, advice: str) -> None:
    store = tmp_path / "store"
    ended = run(repository, **{variable: str(tmp_path / "nothing"), "CONTAINER_CHECK_STORE": str(store)})
    assert ended.returncode == 1
    assert advice in ended.stderr
    assert not store.exists()


def test_nothing_of_one_machine_is_in_what_is_deployed(repository: Path) -> None:
    files = [
        repository / "Dockerfile",
        repository / "docker-compose.yml",
        *(path for path in (repository / "deploy").rglob("*") if path.is_file() and path.suffix != ".pyc"),
        *(repository / "scripts").iterdir(),
    ]
    for path in files:
        text = path.read_text(encoding="utf-8")
        hosts = set(re.findall(r"https?://([\w.-]+)", text)) - {"127.0.0.1", "prometheus", "download.pytorch.org"}
        assert hosts == set(), path
        assert not re.search(r"/(?:home|root/(?!\.cache)|work|opt/(?!venv|tools))", text), path
