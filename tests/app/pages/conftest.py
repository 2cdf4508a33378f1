"""A real browser with the page in it. Skipped without Chromium; checks of types and access without npm's tools."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pydicom
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Response

from tests.app.conftest import LiveServer
from training.cohort.cases import Case, read_manifest

STATIC = Path(__file__).parents[3] / "app" / "pages" / "static"
NODE_MODULES = Path(__file__).parents[3] / "build" / "page" / "node_modules"
AXE = NODE_MODULES / "axe-core" / "axe.min.js"
RUN = """async () => {
  const wanted = {type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa']};
  const {violations} = await axe.run(document, {runOnly: wanted});
  return violations.flatMap(({id, nodes}) => nodes.map(node => `${id}: ${node.target} ${node.failureSummary}`));
}"""
DESK, TABLET = {"width": 1280, "height": 800}, {"width": 820, "height": 1180}


@dataclass
class Reader:
    """The page as a reader has it."""

    page: Page
    server: LiveServer
    faults: list[str] = field(default_factory=list)
    """What the browser complained of: broken policy, uncaught errors."""
    sizes: list[tuple[int, int]] = field(default_factory=list)
    """Columns and rows of the images that are open."""

    def __post_init__(self) -> None:
        self.page.on("console", self._told)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))

    def _told(self, message: ConsoleMessage) -> None:
        # A refusal that the page shows is in the console too, by the browser's own hand.
        if message.type == "error" and "the server responded with a status of" not in message.text:
            self.faults.append(message.text)

    def go(self, fragment: str = "") -> None:
        self.page.goto("about:blank")
        self.page.goto(f"{self.server.url}/{fragment}")
        self.page.locator("#model", has_text="Model").wait_for()

    def open(self, *files: Path) -> None:
        """Open DICOM files, and wait until they are seen."""
        self.page.set_input_files("#file", list(files))
        self.opened(*files)

    def opened(self, *files: Path) -> None:
        """Wait until these are open."""
        headers = [pydicom.dcmread(file, stop_before_pixels=True) for file in files]
        self.sizes = [(int(header.Columns), int(header.Rows)) for header in headers]
        self.page.locator("#marks fieldset").nth(len(files) - 1).wait_for()
        self.page.wait_for_timeout(100)  # two frames: the image is drawn, and fitted to its place

    def at(self, x: float, y: float, view: int = 0) -> tuple[float, float]:
        """Where a point of the image lies on the screen, while the image is fitted."""
        canvas = self.page.locator("canvas").nth(view)
        box = canvas.bounding_box()
        assert box is not None
        columns, rows = self.sizes[view]
        scale = min(box["width"] / columns, box["height"] / rows)
        left = box["x"] + (box["width"] - columns * scale) / 2
        top = box["y"] + (box["height"] - rows * scale) / 2
        return left + x * scale, top + y * scale

    def mark(self, view: int = 0) -> tuple[float, float]:
        """The center as its fields show it."""
        group = self.page.locator("#marks fieldset").nth(view)
        return tuple(float(group.locator(f"input[name={axis}]").input_value()) for axis in "xy")  # type: ignore[return-value]

    def answered(self, act: Callable[[], object]) -> dict[str, Any]:
        """Do something that asks the service, and give its answer when the page shows it."""
        with self.page.expect_response(_predicts) as response:
            act()
        answer: dict[str, Any] = response.value.json()
        value = answer["probability"] if response.value.ok else None
        if value is not None:
            self.page.locator(f"data[data-name=probability][value='{js_number(value)}']").wait_for()
        return answer

    def answered_any(self, act: Callable[[], object]) -> dict[str, Any]:
        """Do something that asks the service, and give its answer, be it a refusal."""
        with self.page.expect_response(_predicts) as response:
            act()
        answer: dict[str, Any] = response.value.json()
        return answer

    def click(self, x: float, y: float, view: int = 0) -> dict[str, Any]:
        return self.answered(lambda: self.page.mouse.click(*self.at(x, y, view)))

    def shown(self, name: str) -> float:
        return float(str(self.page.locator(f"data[data-name={name}]").get_attribute("value")))


def js_number(value: float) -> str:
    """A number as JavaScript writes it: whole ones without a point, exponents below a millionth only."""
    if 1e-6 <= abs(value) < 1e-4:
        return f"{Decimal(repr(value)):f}"
    return repr(value).removesuffix(".0").replace("e-0", "e-")


def _predicts(response: Response) -> bool:
    return "/v1/predictions" in response.url


@pytest.fixture
def make_reader(chromium: Browser) -> Iterator[Callable[..., Reader]]:
    """Open the page of a server, at some size."""
    pages: list[Page] = []
    readers: list[Reader] = []

    def make(server: LiveServer, size: dict[str, int] = DESK) -> Reader:
        pages.append(chromium.new_page(viewport=size))  # type: ignore[arg-type]
        readers.append(Reader(pages[-1], server))
        return readers[-1]

    yield make
    for page in pages:
        page.close()
    assert not [fault for reader in readers for fault in reader.faults]


@pytest.fixture
def reader(make_reader: Callable[..., Reader], live_server: LiveServer) -> Reader:
    opened = make_reader(live_server)
    opened.go()
    return opened


@pytest.fixture(scope="session")
def two_views(phantom_manifest: Path) -> tuple[Case, Case]:
    """CC and MLO of one lesion."""
    cases = read_manifest(phantom_manifest)
    for case in cases:
        views = [other for other in cases if other.lesion_id == case.lesion_id]
        if len(views) == 2:
            return views[0], views[1]
    raise AssertionError("no lesion with two views")


def violations(page: Page) -> list[str]:
    """What axe-core finds: WCAG 2.0 to 2.2, A and AA."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[str] = page.evaluate(RUN)
    return found
