"""OHIF in Chromium, as a reader uses it: show an image, choose the tool, click a stored pixel, read the panel."""

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Page

# No connection but the page's own; WebGL without a graphics card.
WEBGL_FLAGS = ("--enable-unsafe-swiftshader", "--use-gl=angle", "--use-angle=swiftshader")
START_MS = 90_000
ANSWER_MS = 30_000
OUTLINE = (255, 196, 0)
# The viewer's first-run tour would cover the tool bar.
NO_TOUR = "localStorage.setItem('shownTours', JSON.stringify(['basicViewerTour']))"
_VIEWPORTS = "window.services.cornerstoneViewportService.getRenderingEngine().getViewports()"


@dataclass(frozen=True)
class Card:
    """What the panel says about a mark."""

    state: str
    number: int
    probability: float
    x: float
    y: float
    text: str


@dataclass
class Viewer:
    """A page that shows OHIF."""

    page: Page
    url: str

    def open(self, study: str, mode: str = "viewer") -> None:
        """Open a study, and choose the tool."""
        self.page.goto(f"{self.url}/{mode}?StudyInstanceUIDs={study}", wait_until="domcontentloaded", timeout=START_MS)
        self.page.wait_for_selector('[data-cy="CADx"]', timeout=START_MS)
        self.wait_for_image()
        self.choose_tool()

    def choose_tool(self) -> None:
        self.page.click('[data-cy="CADx"]')
        self.page.wait_for_selector('[data-cy="CADx"][data-active="true"]')

    def wait_for_image(self, instance: str = "") -> None:
        """Wait until the first viewport shows an image, or that of the instance."""
        self.page.wait_for_function(
            """wanted => {
              const engine = window.services?.cornerstoneViewportService?.getRenderingEngine?.();
              const viewport = engine?.getViewports()[0];
              return viewport?.getImageData?.() && viewport.getCurrentImageId?.()?.includes(wanted)
                && viewport.csImage?.imageId === viewport.getCurrentImageId();
            }""",
            arg=instance,
            timeout=START_MS,
        )
        self.page.wait_for_timeout(300)

    def show(self, instance: str) -> None:
        """Show the image of an instance in the first viewport."""
        self.page.evaluate(
            """instance => {
              const { displaySetService, viewportGridService } = window.services;
              const set = displaySetService.getActiveDisplaySets().find(
                one => [one, ...one.instances ?? []].some(each => each.SOPInstanceUID === instance));
              const viewportId = viewportGridService.getActiveViewportId();
              viewportGridService.setDisplaySetsForViewport(
                { viewportId, displaySetInstanceUIDs: [set.displaySetInstanceUID] });
            }""",
            instance,
        )

    def camera(self, script: str) -> None:
        """Change the first viewport: `viewport => ...`."""
        self.page.evaluate(f"() => {{ const viewport = {_VIEWPORTS}[0]; ({script})(viewport); viewport.render(); }}")
        self.page.wait_for_timeout(200)

    def to_screen(self, points: Sequence[Sequence[float]], spacing: tuple[float, float]) -> NDArray[np.float64]:
        """Where stored pixels lie on the screen. The world, in mm, begins in the middle of the first."""
        row_mm, column_mm = spacing
        world = [[(x - 0.5) * column_mm, (y - 0.5) * row_mm, 0.0] for x, y in points]
        return np.array(
            self.page.evaluate(
                f"""world => {{
                  const viewport = {_VIEWPORTS}[0];
                  const corner = viewport.canvas.getBoundingClientRect();
                  const onCanvas = world.map(point => viewport.worldToCanvas(point));
                  return onCanvas.map(([x, y]) => [corner.left + x, corner.top + y]);
                }}""",
                world,
            )
        )

    def click(self, x: float, y: float, spacing: tuple[float, float]) -> None:
        """Click a stored pixel."""
        ((left, top),) = self.to_screen([(x, y)], spacing)
        self.page.mouse.move(left - 6, top - 6)
        self.page.mouse.move(left, top)
        self.page.mouse.down()
        self.page.wait_for_timeout(50)
        self.page.mouse.up()

    def ask(self, x: float, y: float, spacing: tuple[float, float]) -> Card:
        """Click a stored pixel, and wait for what the service says."""
        number = max((card.number for card in self.cards()), default=0) + 1
        self.click(x, y, spacing)
        return self.answered(number)

    def length(self, start: tuple[float, float], end: tuple[float, float], spacing: tuple[float, float]) -> None:
        """Draw a line with the viewer's own Length tool, between stored pixels; then take up the CADx tool again."""
        self.evaluate("() => window.commandsManager.runCommand('setToolActiveToolbar', {toolName: 'Length'})")
        places = self.to_screen([start, end], spacing)
        for (left, top), act in zip(places, ("down", "up"), strict=True):
            self.page.mouse.move(left - 6, top - 6)
            self.page.mouse.move(left, top)
            self.page.wait_for_timeout(50)
            getattr(self.page.mouse, act)()
        self.choose_tool()

    def remove_lengths(self) -> None:
        self.evaluate(
            """() => {
              const {state} = window.cornerstoneTools.annotation;
              const lengths = state.getAllAnnotations().filter(one => one.metadata.toolName === 'Length');
              lengths.forEach(one => state.removeAnnotation(one.annotationUID));
            }"""
        )

    def answered(self, number: int) -> Card:
        card = f'[data-number="{number}"]'
        self.page.wait_for_selector(f"{card}[data-cadx=done], {card}[data-cadx=failed]", timeout=ANSWER_MS)
        return next(card for card in self.cards() if card.number == number)

    def cards(self) -> list[Card]:
        found = self.page.evaluate(
            "() => [...document.querySelectorAll('[data-cadx]')].map(one => ({...one.dataset, text: one.innerText}))"
        )
        return [
            Card(
                one["cadx"],
                int(one["number"]),
                float(one["probability"] or math.nan),
                float(one["x"]),
                float(one["y"]),
                one["text"],
            )
            for one in found
        ]

    def press(self, name: str) -> None:
        """Press a button of the panel."""
        self.page.click(f'[data-focus="{name}"]')

    def remove_all(self) -> None:
        for card in self.cards():
            self.press(f"remove-{card.number}")
        self.page.wait_for_function("() => !document.querySelector('[data-cadx]')")

    def screenshot(self) -> NDArray[np.uint8]:
        return np.asarray(Image.open(io.BytesIO(self.page.screenshot())).convert("RGB"))

    def evaluate(self, script: str, argument: Any = None) -> Any:
        return self.page.evaluate(script, argument)
