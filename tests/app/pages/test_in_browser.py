"""The page in a real browser: what a reader does, and what is then shown."""

import base64
import io
import json
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page

from app.auth.api_keys import new_key
from tests.app.conftest import LiveServer
from tests.app.pages.conftest import DESK, TABLET, Reader, js_number
from training.cohort.cases import Case

StartServer = Callable[..., AbstractContextManager[LiveServer]]


def ask(server: LiveServer, path: str, cases: list[Case], marks: list[tuple[float, float]]) -> dict[str, Any]:
    """The service's own answer, by a form, without the page."""
    files = [("image", case.image.read_bytes()) for case in cases]
    data = {"x": [str(x) for x, _ in marks], "y": [str(y) for _, y in marks]}
    answer = httpx.post(f"{server.url}{path}", files=files, data=data, timeout=30)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def near(point: tuple[float, float], case: Case, reader: Reader, view: int = 0) -> bool:
    """Whether a mark is where the mouse was, but for the screen's pixels."""
    one, other = reader.at(0, 0, view), reader.at(1, 0, view)
    pixel = 1.01 / (other[0] - one[0]) + 0.02
    return abs(point[0] - case.center.x) <= pixel and abs(point[1] - case.center.y) <= pixel


def test_click_and_see_what_the_service_says(reader: Reader, unseen_phantom: Case) -> None:
    reader.open(unseen_phantom.image)
    reader.click(unseen_phantom.center.x, unseen_phantom.center.y)
    mark = reader.mark()
    assert near(mark, unseen_phantom, reader)
    answer = ask(reader.server, "/v1/predictions", [unseen_phantom], [mark])
    page = reader.page
    for name, member in (
        ("probability", "probability"),
        ("branchA", "cnn_probability"),
        ("branchB", "lesion_probability"),
        ("calibrated", "calibrated_probability"),
    ):
        assert reader.shown(name) == answer[member]
        assert page.locator(f"data[data-name={name}]").inner_text() == f"{100 * answer[member]:.1f} %"
    for feature in answer["features"]:
        row = page.locator(f"tr[data-name={feature['name']}]")
        assert row.locator("data").get_attribute("value") == js_number(feature["value"])
        assert "higher: " in str(row.text_content())
    assert page.locator(".flags li").count() == len(answer["flags"])
    for flag in answer["flags"]:
        assert flag["message"] in page.locator(f".flags li[data-code={flag['code']}]").inner_text()
    for notice in answer["notices"]:
        assert page.get_by_text(notice).count() == 1
    assert page.locator("#demonstration").is_visible()
    assert page.locator("#research").inner_text().startswith("Research use only")
    assert page.locator(".region img").evaluate("image => image.naturalWidth") == 512
    assert_outlined(reader, answer["contour"])


def assert_outlined(reader: Reader, contour: list[tuple[float, float]]) -> None:
    """Every point of the outline has the outline's color within two pixels of the screen."""
    box = reader.page.locator("canvas").bounding_box()
    assert box is not None
    url = reader.page.evaluate("() => document.querySelector('canvas').toDataURL('image/png')")
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))))
    assert pixels.shape == (round(box["height"]), round(box["width"]), 4)
    amber = (pixels[..., 0] > 200) & (pixels[..., 1] > 130) & (pixels[..., 2] < 130)
    assert amber.mean() < 0.02
    for point in contour[:: max(1, len(contour) // 60)]:
        x, y = reader.at(*point)
        column, row = round(x - box["x"]), round(y - box["y"])
        assert amber[max(0, row - 2) : row + 3, max(0, column - 2) : column + 3].any(), point


def test_dragging_the_mark_asks_again(reader: Reader, unseen_phantom: Case) -> None:
    reader.open(unseen_phantom.image)
    center = unseen_phantom.center
    first = reader.click(center.x, center.y)
    mouse, start, end = reader.page.mouse, reader.at(center.x, center.y), reader.at(center.x + 8, center.y + 6)

    def drag() -> None:
        mouse.move(*start)
        mouse.down()
        mouse.move(*end, steps=4)
        mouse.up()

    second = reader.answered(drag)
    assert second["id"] != first["id"]
    assert abs(reader.mark()[0] - center.x - 8) < 2
    assert (
        reader.shown("probability")
        == ask(reader.server, "/v1/predictions", [unseen_phantom], [reader.mark()])["probability"]
    )


def test_dragging_elsewhere_moves_the_image_and_asks_nothing(reader: Reader, unseen_phantom: Case) -> None:
    reader.open(unseen_phantom.image)
    asked: list[str] = []
    reader.page.on("request", lambda request: asked.append(request.url))
    reader.page.click("#fit")  # which takes the focus, and the focus's line, off the image
    reader.page.wait_for_timeout(100)
    before = reader.page.locator("canvas").screenshot()
    mouse = reader.page.mouse
    mouse.move(*reader.at(200, 200))
    mouse.down()
    mouse.move(*reader.at(300, 260), steps=3)
    mouse.up()
    reader.page.wait_for_timeout(400)
    assert reader.page.locator("canvas").screenshot() != before
    assert not asked
    reader.page.click("#fit")
    reader.page.wait_for_timeout(100)
    assert reader.page.locator("canvas").screenshot() == before


def focus_by_tab(page: Page, selector: str) -> None:
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement?.matches(selector)", selector):
            return
    pytest.fail(f"{selector} cannot be reached by Tab")


def test_the_keyboard_is_enough(reader: Reader, unseen_phantom: Case) -> None:
    reader.open(unseen_phantom.image)
    page, center = reader.page, unseen_phantom.center
    page.evaluate("document.activeElement.blur()")
    focus_by_tab(page, "#marks input[name=x]")
    page.keyboard.type(str(center.x))
    page.keyboard.press("Tab")
    page.keyboard.type(str(center.y))
    answer = reader.answered(lambda: page.keyboard.press("Enter"))
    assert answer["center"] == {"x": center.x, "y": center.y}
    page.evaluate("document.activeElement.blur()")
    focus_by_tab(page, "canvas")
    assert "2px" in page.evaluate("getComputedStyle(document.activeElement).outline")

    def move() -> None:
        for key in ("ArrowRight", "ArrowRight", "Shift+ArrowDown"):
            page.keyboard.press(key)

    answer = reader.answered(move)
    assert answer["center"] == {"x": center.x + 2, "y": center.y + 10}
    assert reader.mark() == (center.x + 2, center.y + 10)
    page.keyboard.press("n")
    answer = reader.answered(lambda: page.keyboard.press("Enter"))
    width, height = reader.sizes[0]
    assert abs(answer["center"]["x"] - width / 2) <= 1
    assert abs(answer["center"]["y"] - height / 2) <= 1
    assert page.locator("#lesions button[aria-pressed]").count() == 2
    page.keyboard.press("i")
    assert page.locator("#invert").get_attribute("aria-pressed") == "true"
    assert page.locator("#as-model").get_attribute("aria-pressed") == "false"
    page.keyboard.press("m")
    assert page.locator("#as-model").get_attribute("aria-pressed") == "true"
    page.keyboard.press("Delete")
    assert page.locator("#lesions button[aria-pressed]").count() == 1


def test_two_views_are_averaged_by_the_service(reader: Reader, two_views: tuple[Case, Case]) -> None:
    cc, mlo = two_views
    reader.open(cc.image, mlo.image)
    reader.click(cc.center.x, cc.center.y, 0)
    answer = reader.click(mlo.center.x, mlo.center.y, 1)
    assert [view["probability"] for view in answer["views"]]
    marks = [reader.mark(0), reader.mark(1)]
    assert near(marks[0], cc, reader, 0)
    assert near(marks[1], mlo, reader, 1)
    own = ask(reader.server, "/v1/predictions/views", [cc, mlo], marks)
    assert reader.shown("probability") == own["probability"]
    assert reader.shown("branchA") == own["cnn_probability"]
    shown = [row.locator("data").first.get_attribute("value") for row in reader.page.locator(".each tbody tr").all()]
    assert shown == [js_number(view["probability"]) for view in own["views"]]
    reader.page.locator(".view .close").nth(1).click()
    reader.page.locator(f"data[data-name=probability][value='{js_number(own['views'][0]['probability'])}']").wait_for()


def test_a_refusal_is_said_in_plain_words(reader: Reader, unseen_phantom: Case) -> None:
    reader.open(unseen_phantom.image)
    refused = reader.click(reader.sizes[0][0] - 3, 3)
    assert refused["code"] == "center_in_air"
    told = reader.page.locator("#answer .refusal[data-code=center_in_air]")
    told.wait_for()
    assert "air or black background" in told.inner_text()
    assert refused["request_id"] in told.inner_text()


def test_a_file_without_pixel_size_is_asked_about(reader: Reader, tmp_path: Any) -> None:
    y, x = np.mgrid[:700, :600]
    disc = 90 / (1 + np.exp((np.hypot(y - 350.0, x - 300.0) - 50) / 4))
    Image.fromarray((80 + disc + 10 * np.sin(x / 5) * np.cos(y / 9)).astype(np.uint8)).save(tmp_path / "film.png")
    reader.page.set_input_files("#file", tmp_path / "film.png")
    reader.page.locator(".cover .refusal[data-code=missing_spacing]").wait_for()
    reader.page.locator(".cover input").fill("0.1")
    reader.page.keyboard.press("Enter")
    reader.page.locator("#marks fieldset").wait_for()
    reader.sizes = [(600, 700)]
    reader.page.wait_for_timeout(100)
    assert reader.click(300, 350)["image"]["spacing"]["source"] == "caller"
    reader.page.set_input_files("#file", {"name": "x.txt", "mimeType": "text/plain", "buffer": b"no image"})
    reader.page.locator(".cover .refusal[data-code=unknown_image_format]").wait_for()


def test_an_image_that_expired_is_sent_again(
    make_reader: Callable[..., Reader], start_server: StartServer, bundle_folder: Any, unseen_phantom: Case
) -> None:
    settings = {"CADX_MODELS_DIR": str(bundle_folder.parent), "CADX_IMAGE_CACHE_MINUTES": "0.02"}
    with start_server(**settings) as server:
        reader = make_reader(server)
        reader.go()
        sent: list[str] = []
        reader.page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
        reader.open(unseen_phantom.image)
        time.sleep(1.5)
        reader.page.mouse.click(*reader.at(unseen_phantom.center.x, unseen_phantom.center.y))
        reader.page.locator("data[data-name=probability]").wait_for()
        kinds = [url.split("/v1/")[1].split("?")[0] for url in sent]
        assert kinds == ["images", "predictions", "images", "predictions"]


def test_a_key_is_asked_for_and_kept_nowhere(
    make_reader: Callable[..., Reader], start_server: StartServer, bundle_folder: Any, unseen_phantom: Case
) -> None:
    key, entry = new_key("reader")
    with start_server(CADX_MODELS_DIR=str(bundle_folder.parent), CADX_API_KEYS=entry) as server:
        reader = make_reader(server)
        page = reader.page
        page.goto(server.url)
        page.locator("dialog input").fill("wrong")
        page.keyboard.press("Enter")
        page.get_by_text("That key is not valid.").wait_for()
        page.locator("dialog input").fill(key)
        page.keyboard.press("Enter")
        page.locator("#model", has_text="Model").wait_for()
        reader.open(unseen_phantom.image)
        reader.click(unseen_phantom.center.x, unseen_phantom.center.y)
        assert page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]
        assert not page.evaluate("async () => (await indexedDB.databases()).length + (await caches.keys()).length")
        page.click("#copy-curl")
        if page.locator("dialog textarea").count():
            command = page.locator("dialog textarea").input_value()
        else:
            page.context.grant_permissions(["clipboard-read"])
            command = page.evaluate("navigator.clipboard.readText()")
        assert '"X-API-Key: $CADX_KEY"' in command
        assert key not in command
        assert key not in server.log_text()


@pytest.mark.parametrize("size", [DESK, TABLET], ids=["desk", "tablet"])
def test_everything_fits_on_the_screen(
    make_reader: Callable[..., Reader], live_server: LiveServer, size: dict[str, int], two_views: tuple[Case, Case]
) -> None:
    reader = make_reader(live_server, size)
    reader.go()
    cc, mlo = two_views
    reader.open(cc.image, mlo.image)
    reader.click(cc.center.x, cc.center.y, 0)
    reader.click(mlo.center.x, mlo.center.y, 1)
    widths = reader.page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.scrollHeight, innerWidth, innerHeight,"
        " document.querySelector('#panel').scrollWidth - document.querySelector('#panel').clientWidth]"
    )
    assert widths[0] <= widths[2]
    assert widths[1] <= widths[3]
    assert widths[4] <= 0
    assert reader.page.locator("#research").is_visible()
    for canvas in reader.page.locator("canvas").all():
        box = canvas.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) > 250


def test_what_can_be_taken_along(reader: Reader, unseen_phantom: Case) -> None:
    reader.open(unseen_phantom.image)
    answer = reader.click(unseen_phantom.center.x, unseen_phantom.center.y)
    page = reader.page
    taken = {}
    for button in ("save-json", "save-sr", "save-seg", "save-picture"):
        with page.expect_download() as download:
            page.click(f"#{button}")
        taken[button] = download.value.path().read_bytes()
    assert json.loads(taken["save-json"])["probability"] == answer["probability"]
    assert taken["save-sr"][128:132] == taken["save-seg"][128:132] == b"DICM"
    assert taken["save-picture"].startswith(b"\x89PNG")
    assert page.locator("#copy-link").is_hidden()
    assert page.locator("#store").is_hidden()
    mirrored = reader.page.locator("canvas").screenshot()
    page.click("#mirror")
    page.wait_for_timeout(100)
    assert reader.page.locator("canvas").screenshot() != mirrored
    page.click("#fit")
    page.mouse.click(*reader.at(reader.sizes[0][0] - unseen_phantom.center.x, unseen_phantom.center.y))
    page.wait_for_timeout(300)
    assert near(reader.mark(), unseen_phantom, reader)


def test_the_api_docs_break_no_policy(make_reader: Callable[..., Reader], live_server: LiveServer) -> None:
    reader = make_reader(live_server)
    reader.page.goto(f"{live_server.url}/docs#/predictions/predict")
    reader.page.get_by_role("button", name="Try it out").click(timeout=120_000)
    reader.page.get_by_role("button", name="Execute").wait_for()
    assert not reader.faults
