"""axe-core over the page's main states: WCAG 2.0 to 2.2, A and AA. Skipped without it (make page-tools)."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from app.auth.api_keys import new_key
from tests.app.conftest import LiveServer
from tests.app.pages.conftest import AXE, DESK, TABLET, Reader, violations
from training.cohort.cases import Case


@pytest.fixture(autouse=True)
def _axe() -> None:
    if not AXE.exists():
        pytest.skip("no axe-core here: make page-tools")


def test_it_finds_what_is_wrong(reader: Reader) -> None:
    reader.page.evaluate("document.querySelector('#open-file').textContent = ''")
    assert any("button-name" in each for each in violations(reader.page))


@pytest.mark.parametrize("size", [DESK, TABLET], ids=["desk", "tablet"])
def test_main_states(
    make_reader: Callable[..., Reader], live_server: LiveServer, size: dict[str, int], two_views: tuple[Case, Case]
) -> None:
    cc, mlo = two_views
    reader = make_reader(live_server, size)
    reader.go()
    assert not violations(reader.page), "empty"
    reader.open(cc.image)
    assert not violations(reader.page), "open"
    reader.click(cc.center.x, cc.center.y)
    reader.page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    assert not violations(reader.page), "answered"
    for part in ("robustness", "explanation", "reliability"):
        reader.page.locator(f"[data-part={part}] data").first.wait_for(timeout=60_000)
    assert not violations(reader.page), "told why"
    reader.page.locator("#tool-choice label", has_text="Outline").click()
    for dx, dy in ((-30, -30), (30, -30), (30, 30)):
        reader.page.mouse.click(*reader.at(cc.center.x + dx, cc.center.y + dy))
    assert not violations(reader.page), "drawing"
    reader.answered(lambda: reader.page.keyboard.press("Enter"))
    assert not violations(reader.page), "outlined"
    reader.page.locator("#tool-choice label", has_text="Mark").click()
    reader.click(3, 3)  # air: the breast is a right one
    reader.page.locator("#answer .refusal").wait_for()
    assert not violations(reader.page), "refused"
    reader.open(cc.image, mlo.image)
    reader.click(cc.center.x, cc.center.y, 0)
    reader.click(mlo.center.x, mlo.center.y, 1)
    assert not violations(reader.page), "two views"
    reader.page.set_input_files("#file", {"name": "x.txt", "mimeType": "text/plain", "buffer": b"no image"})
    reader.page.locator(".cover .refusal").wait_for()
    assert not violations(reader.page), "unreadable file"


def test_the_question_for_a_key(
    make_reader: Callable[..., Reader],
    start_server: Callable[..., AbstractContextManager[LiveServer]],
    bundle_folder: Path,
) -> None:
    with start_server(CADX_MODELS_DIR=str(bundle_folder.parent), CADX_API_KEYS=new_key("reader")[1]) as server:
        reader = make_reader(server)
        reader.page.goto(server.url)
        reader.page.locator("dialog input").wait_for()
        assert not violations(reader.page)
