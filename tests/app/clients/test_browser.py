"""/docs in a real browser: choose a file, execute, see 200. Skipped without Chromium."""

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, Page

if TYPE_CHECKING:
    from tests.app.conftest import LiveServer, Sample
    from training.cohort.cases import Case


AS_IT_OPENS = {
    **{"image": "", "x": "318", "y": "483"},
    **dict.fromkeys(("contour", "diameter_mm", "pixel_spacing_mm", "frame", "voi"), ""),
}


@pytest.fixture(scope="module")
def page(chromium: Browser) -> Page:
    page = chromium.new_page()
    page.set_default_timeout(120_000)  # Swagger UI lays out 33 operations: half a minute beside other work
    return page


def open_form(page: Page, server: "LiveServer", operation: str) -> None:
    page.goto("about:blank")  # the same page with another fragment would not be loaded again
    page.goto(f"{server.url}/docs#/predictions/{operation}")
    page.get_by_role("button", name="Try it out").click()


def fields(page: Page) -> dict[str, str]:
    """What the form holds as it opens, by field."""
    rows = page.locator(".opblock-section-request-body tr.parameters").all()
    found = {}
    for row in rows:
        texts = row.locator("input[type=text], textarea").all()
        found[str(row.get_attribute("data-property-name"))] = " ".join(text.input_value() for text in texts)
    return found


def field(name: str) -> str:
    return f".opblock-section-request-body tr[data-property-name={name}] input"


def execute(page: Page) -> tuple[int, dict[str, object]]:
    with page.expect_response(lambda response: "/v1/predictions" in response.url) as answered:
        page.get_by_role("button", name="Execute").click()
    page.locator("tr.response .response-col_status", has_text=str(answered.value.status)).first.wait_for()
    return answered.value.status, answered.value.json()


def test_the_first_try_is_answered(
    page: Page, live_server: "LiveServer", sample: "Sample", unseen_phantom: "Case"
) -> None:
    open_form(page, live_server, "predict")
    assert fields(page) == AS_IT_OPENS
    page.set_input_files(field("image"), unseen_phantom.image)
    page.fill(field("x"), str(sample.x))
    page.fill(field("y"), str(sample.y))
    status, answer = execute(page)
    assert status == 200, answer
    assert answer["center"] == {"x": sample.x, "y": sample.y}


def test_a_field_that_was_filled_in_and_cleared_is_one_not_given(
    page: Page, live_server: "LiveServer", sample: "Sample", unseen_phantom: "Case"
) -> None:
    open_form(page, live_server, "predict")
    page.set_input_files(field("image"), unseen_phantom.image)
    for name, value in {**sample.data, "pixel_spacing_mm": "1", "frame": "7"}.items():
        page.fill(f"{field(name)}[type=text]", value)
    assert execute(page)[0] == 422
    for name in ("pixel_spacing_mm", "frame"):
        page.fill(f"{field(name)}[type=text]", "")
    status, answer = execute(page)
    assert status == 200, answer


def test_lists_can_be_tried_too(
    page: Page, live_server: "LiveServer", sample: "Sample", unseen_phantom: "Case"
) -> None:
    open_form(page, live_server, "predict_lesions")
    assert fields(page) == AS_IT_OPENS
    page.set_input_files(field("image"), unseen_phantom.image)
    for name, value in sample.data.items():
        page.fill(f"{field(name)}[type=text]", value)
    status, answer = execute(page)
    assert status == 200, answer
