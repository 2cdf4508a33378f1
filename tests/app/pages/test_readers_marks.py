"""What a reader draws on the page, and what it tells of an answer on request: to the digit what the service says."""

import json
from typing import Any

import httpx
import pytest

from tests.app.pages.conftest import Reader, js_number
from tests.app.pages.test_in_browser import assert_outlined, focus_by_tab
from training.cohort.cases import Case


def ask(reader: Reader, case: Case, query: str = "", **fields: str) -> dict[str, Any]:
    """The service's own answer, by a form, without the page."""
    files = {"image": case.image.read_bytes()}
    answer = httpx.post(f"{reader.server.url}/v1/predictions{query}", files=files, data=fields, timeout=120)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def choose(reader: Reader, tool: str) -> None:
    reader.page.locator("#tool-choice label", has_text=tool).click()


def field(reader: Reader, name: str) -> str:
    return reader.page.locator(f"#marks input[name={name}]").input_value()


def corners(case: Case) -> list[tuple[float, float]]:
    x, y = case.center.x, case.center.y
    return [(x - 40, y - 30), (x + 40, y - 35), (x + 45, y + 30), (x, y + 50), (x - 35, y + 25)]


@pytest.mark.parametrize("way", ["first corner", "Enter", "freehand"])
def test_an_outline_that_is_drawn_is_what_is_measured(reader: Reader, unseen_phantom: Case, way: str) -> None:
    reader.open(unseen_phantom.image)
    choose(reader, "Outline")
    mouse, drawn = reader.page.mouse, [reader.at(*corner) for corner in corners(unseen_phantom)]
    if way == "freehand":
        mouse.move(*drawn[0])
        mouse.down()
        for point in drawn[1:]:
            mouse.move(*point, steps=8)
        answer = reader.answered(mouse.up)
    else:
        for point in drawn:
            mouse.click(*point)
        end = {"Enter": lambda: reader.page.keyboard.press("Enter"), "first corner": lambda: mouse.click(*drawn[0])}
        answer = reader.answered(end[way])
    assert answer["segmentation"]["method"] == "reader"
    contour = json.loads(field(reader, "contour"))
    if way == "freehand":
        assert len(contour) > 2 * len(drawn)
    else:
        assert len(contour) == len(drawn)
        one, other = reader.at(0, 0), reader.at(1, 0)
        for (x, y), (wanted_x, wanted_y) in zip(contour, corners(unseen_phantom), strict=True):
            assert max(abs(x - wanted_x), abs(y - wanted_y)) <= 1.01 / (other[0] - one[0]) + 0.02
    own = ask(reader, unseen_phantom, contour=json.dumps(contour))
    assert own["id"] == answer["id"]
    assert reader.shown("probability") == own["probability"]
    assert reader.shown("branchB") == own["lesion_probability"]
    assert reader.mark() == (own["center"]["x"], own["center"]["y"])
    assert_outlined(reader, own["contour"])
    choose(reader, "Mark")
    marked = reader.click(unseen_phantom.center.x + 60, unseen_phantom.center.y)
    assert marked["segmentation"]["method"] != "reader"
    assert field(reader, "contour") == ""


def test_a_drawing_is_taken_back_by_keys(reader: Reader, unseen_phantom: Case) -> None:
    reader.open(unseen_phantom.image)
    choose(reader, "Outline")
    drawn = [reader.at(*corner) for corner in corners(unseen_phantom)]
    for point in drawn[:3]:
        reader.page.mouse.click(*point)
    reader.page.keyboard.press("Escape")
    for point in (*drawn[:3], drawn[4]):
        reader.page.mouse.click(*point)
    reader.page.keyboard.press("Backspace")
    for point in drawn[3:]:
        reader.page.mouse.click(*point)
    reader.answered(lambda: reader.page.keyboard.press("Enter"))
    assert len(json.loads(field(reader, "contour"))) == len(drawn)


def test_a_caliper_measures_and_keeps_to_the_mark(reader: Reader, unseen_phantom: Case) -> None:
    reader.open(unseen_phantom.image)
    center = unseen_phantom.center
    first = reader.click(center.x, center.y)
    choose(reader, "Caliper")
    mouse = reader.page.mouse
    mouse.move(*reader.at(center.x - 60, center.y))
    mouse.down()
    mouse.move(*reader.at(center.x + 60, center.y), steps=4)
    answer = reader.answered(mouse.up)
    diameter = float(field(reader, "diameter_mm"))
    spacing = answer["image"]["spacing"]["column_mm"]
    assert diameter == pytest.approx(120 * spacing, abs=0.4)
    own = ask(reader, unseen_phantom, x=str(reader.mark()[0]), y=str(reader.mark()[1]), diameter_mm=str(diameter))
    assert answer["id"] == own["id"] != first["id"]
    assert reader.shown("probability") == own["probability"]
    assert answer["center"] == first["center"]


def test_outline_and_diameter_can_be_typed(reader: Reader, unseen_phantom: Case) -> None:
    reader.open(unseen_phantom.image)
    page = reader.page
    page.evaluate("document.activeElement.blur()")
    focus_by_tab(page, "#marks input[name=contour]")
    page.keyboard.type("[[1, 2], [3")
    page.keyboard.press("Enter")
    assert page.evaluate("document.querySelector('#marks input[name=contour]').validity.customError")
    contour = [list(corner) for corner in corners(unseen_phantom)]
    page.keyboard.press("Control+a")
    page.keyboard.type(json.dumps(contour))
    answer = reader.answered(lambda: page.keyboard.press("Enter"))
    assert answer["id"] == ask(reader, unseen_phantom, contour=json.dumps(contour))["id"]
    place = {"x": str(unseen_phantom.center.x), "y": str(unseen_phantom.center.y), "diameter_mm": "12.5"}
    for name, value in {"contour": "", **place}.items():
        page.locator(f"#marks input[name={name}]").fill(value)
    answer = reader.answered(lambda: page.keyboard.press("Enter"))
    assert answer["id"] == ask(reader, unseen_phantom, **place)["id"]


def test_an_outline_that_crosses_itself_is_refused_in_words(reader: Reader, unseen_phantom: Case) -> None:
    reader.open(unseen_phantom.image)
    choose(reader, "Outline")
    drawn = [reader.at(*corner) for corner in corners(unseen_phantom)]
    for at in (0, 2, 1, 4):
        reader.page.mouse.click(*drawn[at])
    refused = reader.answered_any(lambda: reader.page.keyboard.press("Enter"))
    assert refused["code"] == "contour_self_crossing"
    told = reader.page.locator("#answer .refusal[data-code=contour_self_crossing]")
    told.wait_for()
    assert "crosses itself" in told.inner_text()


def test_parts_are_told_when_they_are_opened(reader: Reader, unseen_phantom: Case) -> None:
    reader.open(unseen_phantom.image)
    center, page = unseen_phantom.center, reader.page
    reader.click(center.x, center.y)
    parts = [str(part.get_attribute("data-part")) for part in page.locator("[data-part]").all()]
    offered = httpx.get(f"{reader.server.url}/v1/models").json()["models"][0]["parts"]
    assert set(parts) == set(offered) & {"robustness", "explanation", "similar", "reliability"}
    assert page.locator("[data-part][open]").count() == 0
    query = "?" + "&".join(f"include={part}" for part in parts)
    x, y = reader.mark()
    own = ask(reader, unseen_phantom, query, x=str(x), y=str(y))
    for part in parts:
        page.locator(f"[data-part={part}] > summary").click()
        page.locator(f"[data-part={part}] data").first.wait_for(timeout=60_000)
        assert page.evaluate("document.activeElement.closest('[data-part]').dataset.part") == part

    def shown(part: str, name: str) -> list[str]:
        found = page.locator(f"[data-part={part}] data[data-name={name}]").all()
        return [str(data.get_attribute("value")) for data in found]

    discs = own["robustness"]["discs"]
    for name, member in (("probability", "probability"), ("a", "cnn_probability"), ("b", "lesion_probability")):
        for end, of in (("lowest", "lowest"), ("highest", "highest"), ("sd", "sd")):
            assert shown("robustness", f"{name}-{end}") == [js_number(disc[member][of]) for disc in discs]
    assert shown("robustness", "overlap") == [js_number(disc["mean_overlap"]) for disc in discs]
    why = own["explanation"]
    assert page.locator("[data-part=explanation] .sentence").inner_text() == why["sentence"]
    contributions = {each["name"]: each["contribution"] for each in why["features"]}
    for name, value in {**why["families"], **contributions}.items():
        row = page.locator(f"[data-part=explanation] tr[data-name={name}] data")
        assert row.get_attribute("value") == js_number(value), name
    if "reliability" in own:
        told = page.locator("[data-part=reliability]").inner_text()
        for label in own["reliability"]["conformal_set"]:
            assert label in told
        for at in (0, 1):
            assert shown("reliability", f"p{at}") == [js_number(own["reliability"]["venn_abers"][at])]
    if "similar" in own:
        told = page.locator("[data-part=similar] [data-name=similar]").inner_text()
        assert f"{own['similar']['malignant']} turned out malignant" in told
    assert page.evaluate("document.querySelector('#panel').scrollWidth <= document.querySelector('#panel').clientWidth")
    reader.click(center.x + 60, center.y)
    assert page.locator("[data-part][open]").count() == 0, "another answer is another question"
