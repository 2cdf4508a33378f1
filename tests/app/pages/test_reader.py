"""The page over HTTP: its files, its policy, its tags."""

import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app.pages.reader import frame_sources
from app.settings import Settings
from tests.app.pages.conftest import STATIC

MOST_BYTES = 124_000  # of which 12 kB let readers draw and ask why
ROOT = Path(__file__).parents[3]


def test_all_that_the_page_loads_is_there(client: TestClient) -> None:
    page = client.get("/")
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    wanted = set(re.findall(r'(?:src|href)="([^"]+)"', page.text))
    seen: set[str] = set()
    while wanted - seen:
        name = sorted(wanted - seen)[0]
        seen.add(name)
        asset = client.get(f"/{name}")
        assert asset.status_code == 200, name
        assert asset.headers["x-content-type-options"] == "nosniff"
        if name.endswith(".js"):
            assert asset.headers["content-type"] == "text/javascript; charset=utf-8"
            wanted |= {f"page/{each}" for each in re.findall(r"from '\./([a-z]+\.js)'", asset.text)}
    # types.js holds what tsc reads alone.
    assert {path.name for path in STATIC.iterdir()} == {
        "index.html",
        "types.js",
        *(name.removeprefix("page/") for name in seen),
    }


def test_nothing_comes_from_elsewhere_and_nothing_is_inline() -> None:
    for path in STATIC.iterdir():
        text = path.read_text(encoding="utf-8")
        assert not re.findall(r"https?://(?!www\.w3\.org/2000/svg)", text), path.name
        assert "localStorage" not in text
        assert "innerHTML" not in text
        if path.suffix == ".html":
            assert not re.findall(r"<style|\son[a-z]+=|\sstyle=|<script(?![^>]+src=)", text)
    assert sum(path.stat().st_size for path in STATIC.iterdir()) <= MOST_BYTES


def test_its_policy_forbids_the_rest(client: TestClient) -> None:
    page = client.get("/")
    policy = dict(part.strip().split(" ", 1) for part in page.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert "unsafe" not in str(policy)
    assert page.headers["referrer-policy"] == "no-referrer"


def test_who_may_frame_it_is_a_setting(make_client: Callable[..., TestClient]) -> None:
    client = make_client(frame_ancestors="self, https://pacs.hospital.example")
    page = client.get("/")
    assert page.headers["content-security-policy"].endswith("frame-ancestors 'self' https://pacs.hospital.example")
    assert "x-frame-options" not in page.headers
    assert client.get("/v1/models").headers["x-frame-options"] == "DENY"
    assert frame_sources(()) == "'none'"


@pytest.mark.parametrize("source", ["*", "https://a.example/path", "https://a.example; script-src *", "'self'", "none"])
def test_what_is_no_origin_may_not_frame_it(source: str) -> None:
    with pytest.raises(ValueError, match="origin"):
        Settings(frame_ancestors=(source,))


def test_a_browser_that_has_a_file_is_not_sent_it_again(client: TestClient) -> None:
    for path in ("/", "/page/main.js", "/docs/swagger-ui-bundle.js"):
        first = client.get(path)
        assert first.headers["cache-control"] == "no-cache"
        again = client.get(path, headers={"If-None-Match": f'"other", W/{first.headers["etag"]}'})
        assert (again.status_code, again.content) == (304, b"")
        assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_other_paths_are_refused(client: TestClient) -> None:
    for name in ("index.html", "missing.js", "..%2Freader.py", "%2e%2e%2freader.py"):
        assert client.get(f"/page/{name}").status_code == 404
    assert client.head("/").status_code == 200


def test_the_page_needs_no_key(make_client: Callable[..., TestClient], tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("", encoding="utf-8")
    client = make_client(api_keys_file=tmp_path / "keys")
    assert client.get("/").status_code == client.get("/page/main.js").status_code == 200
    assert client.get("/v1/models").status_code == 401


def test_the_wheel_holds_the_page() -> None:
    configuration = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = configuration["tool"]["setuptools"]["package-data"]["app.pages"]
    packed = {path for pattern in patterns for path in (ROOT / "app" / "pages").glob(pattern)}
    assert packed == {path for folder in (STATIC, STATIC.with_name("ohif")) for path in folder.iterdir()}
    # What is served; types.js is read by tsc alone. 150 KiB before the page took outlines and told why.
    assert sum(path.stat().st_size for path in packed if path.name != "types.js") <= 168 * 1024
