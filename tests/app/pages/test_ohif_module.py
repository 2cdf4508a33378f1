"""The files that OHIF loads: served, small, of one version, and type-checked."""

import re
import shutil
import subprocess
import tomllib
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app.pages.ohif_module import FILES

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "app" / "pages" / "ohif"
MOST_BYTES = 53 * 1024
TSC = (
    "--allowJs --checkJs --noEmit --strict --target es2022 --module es2022 --moduleResolution bundler "
    "--lib es2022,dom,dom.iterable"
)


def test_every_file_is_served_and_every_import_is_among_them(client: TestClient) -> None:
    assert "cadx-ohif.mjs" in FILES
    for name in FILES:
        answer = client.get(f"/ohif/{name}")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/javascript")
        assert answer.content == (FOLDER / name).read_bytes()
        imported = re.findall(r"from '([^']+)'", answer.text)
        assert {found.removeprefix("./") for found in imported} <= set(FILES)


def test_a_copy_is_good_until_the_service_changes(client: TestClient) -> None:
    first = client.get("/ohif/cadx-ohif.mjs?v=1")
    assert first.headers["cache-control"] == "no-cache"
    assert version("mammo-cadx") in first.headers["etag"]
    again = client.get("/ohif/cadx-ohif.mjs", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_nothing_else_is_served(client: TestClient) -> None:
    for name in ("other.mjs", "..%2fassets.py", "%2e%2e/assets.py"):
        assert client.get(f"/ohif/{name}").status_code == 404


def test_it_is_open_where_keys_are_required(make_client: Callable[..., TestClient]) -> None:
    client = make_client(api_keys=("a:" + 64 * "0",))
    assert client.get("/ohif/cadx-ohif.mjs").status_code == 200
    assert client.get("/v1/models").status_code == 401


def test_it_is_small_imports_nothing_else_and_has_the_package_s_version() -> None:
    texts = {path.name: path.read_text() for path in FOLDER.glob("*.mjs")}
    assert sum(len(text.encode()) for text in texts.values()) <= MOST_BYTES
    for name, text in texts.items():
        assert not re.search(r"\b(window|globalThis)\.", text), name
        assert not re.search(r"from '[^.]", text), name
        assert "https://" not in text, name
    told = re.search(r"VERSION = '([^']+)'", texts["texts.mjs"])
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert told is not None
    assert told[1] == project["version"]


def test_its_types_fit() -> None:
    compiler = ROOT / "build" / "page" / "node_modules" / ".bin" / "tsc"
    if shutil.which("node") is None or not compiler.exists():
        pytest.skip("no node, or no TypeScript: `make page-tools` fetches it")
    command = [str(compiler), *TSC.split(), *map(str, sorted(FOLDER.glob("*.mjs")))]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stdout
