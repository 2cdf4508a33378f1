"""The documentation site builds without a warning and without a network, and asks nothing of other hosts."""

import re
import shutil
import socket
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

import cadx

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
# What a browser fetches by itself; a link (<a href>) is followed by people only.
FETCHED = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src", "object": "data"}
# A sitecustomize that leaves a process without any connection to another host.
NO_NETWORK = """
import socket
def refuse(self, address, *rest):
    raise OSError(f"the documentation's build asked for {address}")
socket.socket.connect = socket.socket.connect_ex = refuse
"""


def build(source: Path, target: Path, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Build as `make docs` does."""
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-W", "--keep-going", "-q", str(source), str(target)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def build_pages(folder: Path, **pages: str) -> subprocess.CompletedProcess[str]:
    """Build other pages with the project's own configuration, without the API reference."""
    source = folder / "source"
    shutil.copytree(DOCS / "_static", source / "_static")
    settings = (DOCS / "conf.py").read_text(encoding="utf-8")
    (source / "conf.py").write_text(f"{settings}\napidoc_modules = []\n", encoding="utf-8")
    for name, text in pages.items():
        (source / f"{name}.md").write_text(text, encoding="utf-8")
    return build(source, folder / "html")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    (folder / "sitecustomize.py").write_text(NO_NETWORK)
    environment = {"PYTHONPATH": f"{folder}:{ROOT}", "PATH": "/usr/bin:/bin", "HOME": str(folder)}
    done = build(DOCS, folder / "html", environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "html"


def test_the_guard_does_refuse_connections(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(NO_NETWORK)
    with socket.create_server(("127.0.0.1", 0)) as server:
        code = f"import socket; socket.create_connection(('127.0.0.1', {server.getsockname()[1]}))"
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert "the documentation's build asked for" in done.stderr


def test_every_page_and_every_module_of_cadx_is_there(site: Path) -> None:
    pages = {path.relative_to(DOCS).with_suffix("") for path in DOCS.rglob("*.md")} - {Path("README")}
    assert {page for page in pages if not (site / page.with_suffix(".html")).is_file()} == set()
    reference = "".join(path.read_text(encoding="utf-8") for path in (site / "api" / "modules").glob("*.html"))
    modules = {".".join(path.relative_to(ROOT).with_suffix("").parts) for path in (ROOT / "cadx").rglob("[a-z]*.py")}
    assert {module for module in modules if f'id="module-{module}"' not in reference} == set()


def test_the_public_names_lead_to_their_reference(site: Path) -> None:
    page = (site / "python-api.html").read_text(encoding="utf-8")
    linked = set(re.findall(r'<a class="reference internal" href="[^"]*#cadx\.[\w.]*?(\w+)"', page))
    assert set(cadx.__all__) - linked == {"FEATURES"}  # its table is a page of its own
    assert 'href="lesion-features.html"' in page


def test_the_navigation_has_its_sections(site: Path) -> None:
    captions = re.findall(r'class="caption-text">([^<]+)<', (site / "index.html").read_text(encoding="utf-8"))
    assert list(dict.fromkeys(captions)) == ["Use", "Methods", "Operate", "Develop", "API", "Decisions"]


class Fetches(HTMLParser):
    """Collects the addresses that a browser fetches to show a page."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        address = dict(attrs).get(FETCHED.get(tag, ""))
        if address:
            self.addresses.append(address)


def elsewhere(page: str) -> list[str]:
    """Addresses on other hosts that a page's elements or styles fetch."""
    parser = Fetches()
    parser.feed(page)
    found = [*parser.addresses, *re.findall(r"""(?:url\(|@import)\s*["']?([^"')\s;]+)""", page)]
    return [address for address in found if re.match(r"(https?:)?//", address)]


def test_no_page_or_style_fetches_from_elsewhere(site: Path) -> None:
    assets = [*site.rglob("*.html"), *site.rglob("*.css"), *site.rglob("*.svg")]
    assert len(assets) > 40
    assert {str(path): found for path in assets if (found := elsewhere(path.read_text(encoding="utf-8")))} == {}


@pytest.mark.parametrize(
    "page",
    [
        '<script src="https://cdn.example/x.js"></script>',
        '<link rel="stylesheet" href="//fonts.example/css">',
        "@import 'https://fonts.example/css';",
        "body { background: url(https://example.org/x.png) }",
    ],
)
def test_what_fetches_from_elsewhere_would_be_found(page: str) -> None:
    assert len(elsewhere(page)) == 1


def test_the_search_works_without_a_server(site: Path) -> None:
    index = (site / "searchindex.js").read_text(encoding="utf-8")
    assert index.startswith("Search.setIndex(")
    assert "segmentation" in index
    assert 'src="searchindex.js"' in (site / "search.html").read_text(encoding="utf-8")


def test_each_fault_fails_the_build(tmp_path: Path) -> None:
    contents = "```{toctree}\nother\nthird\n```\n"
    links = "[page](gone.md), [heading](#lost), [heading of a page](other.md#away)\n"
    done = build_pages(tmp_path, index=f"# Start\n\n{contents}\n{links}", other="# Other\n", alone="# Alone\n")
    assert done.returncode != 0
    complaints = (
        "nonexisting document 'third'",
        "target not found: 'gone.md'",
        "target not found: 'lost'",
        "'away' [myst.xref_missing]",
        "alone.md: WARNING: document isn't included in any toctree",
    )
    assert [complaint for complaint in complaints if complaint not in done.stderr] == [], done.stderr


def test_without_a_fault_it_builds(tmp_path: Path) -> None:
    """Else the test above could pass for another reason."""
    index = "# Start\n\n```{toctree}\nother\n```\n\n[there](other.md#part)\n"
    done = build_pages(tmp_path, index=index, other="# Other\n\n## Part\n")
    assert done.returncode == 0, done.stderr
