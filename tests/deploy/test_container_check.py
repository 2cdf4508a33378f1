import os
import re
import subprocess
import sys
import tomllib
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


def test_the_build_is_given_what_pip_uses_here_and_nothing_more(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "pages/simple").mkdir(parents=True)
    (tmp_path / "wheels").mkdir()
    (tmp_path / "ca.pem").touch()
    (tmp_path / "run.conf").write_text('[containers]\nnetns = "host"\n[engine]\nruntime = "runc"\n')
    (tmp_path / "user.conf").write_text(
        f"[global]\ncert = {tmp_path}/ca.pem\nextra-index-url = file://{tmp_path}/pages/simple\n    file:///no/such/simple\n"
        f"find-links = {tmp_path}/wheels\nprogress-bar = off\n"
    )
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "SSL_"))}
    ended = subprocess.run(
        [sys.executable, "scripts/container_check/build_configuration.py", str(tmp_path)],
        cwd=repository,
        env=clean | {"PIP_CONFIG_FILE": str(tmp_path / "user.conf")},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert ended.stdout == "own-wheels\n"
    written = (tmp_path / "pip.conf").read_text()
    assert f"find-links = {tmp_path}/wheels\n" in written
    assert "progress-bar" not in written
    assert (tmp_path / "pip.conf").stat().st_mode & 0o077 == 0
    build = tomllib.loads((tmp_path / "build.conf").read_text())
    mounted = {volume.split(":")[0] for volume in build["containers"]["volumes"]}
    assert {str(tmp_path / name) for name in ("pip.conf", "ca.pem", "pages", "wheels")} <= mounted
    assert all(volume.endswith(":ro") for volume in build["containers"]["volumes"])
    assert build["engine"] == {"runtime": "runc"}


def test_nothing_of_one_machine_is_in_what_is_deployed(repository: Path) -> None:
    files = [
        repository / "Dockerfile",
        repository / "docker-compose.yml",
        *(path for path in (repository / "deploy").rglob("*") if path.is_file() and path.suffix != ".pyc"),
        *(path for path in (repository / "scripts").rglob("*") if path.is_file() and path.suffix != ".pyc"),
    ]
    for path in files:
        text = path.read_text(encoding="utf-8")
        ours = {"127.0.0.1", "prometheus", "orthanc", "cadx-pacs", "download.pytorch.org"}
        hosts = set(re.findall(r"https?://([\w.-]+)", text)) - ours
        assert hosts == set(), path
        assert not re.search(r"/(?:home|root/(?!\.cache)|work|opt/(?!venv|tools))", text), path
