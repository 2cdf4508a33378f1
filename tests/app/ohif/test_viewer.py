"""A lesion clicked inside an unmodified OHIF, with a real PACS and a real service behind it."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from playwright.sync_api import Request, Route
from scipy.ndimage import binary_dilation, binary_erosion
from scipy.spatial import KDTree

from tests.app.ohif.conftest import FULL, OTHER, PACS, Hospital
from tests.app.ohif.study import View
from tests.app.ohif.viewer import OUTLINE, Card, Viewer

Opened = Callable[..., AbstractContextManager[Viewer]]
STRAIGHT = "viewport => { viewport.resetCamera(); viewport.setCamera({flipHorizontal: false, flipVertical: false}); }"

EDITED = """() => {
  const {annotation, Enums} = window.cornerstoneTools;
  const roi = annotation.state.getAllAnnotations().find(one => one.metadata.toolName === 'PlanarFreehandROI');
  window.cornerstone.triggerEvent(window.cornerstone.eventTarget, Enums.Events.ANNOTATION_MODIFIED, {annotation: roi});
}"""
NO_ROI = """() => {
  const {state} = window.cornerstoneTools.annotation;
  const rois = state.getAllAnnotations().filter(one => one.metadata.toolName === 'PlanarFreehandROI');
  rois.forEach(one => state.removeAnnotation(one.annotationUID));
}"""


@contextmanager
def sent_by(viewer: Viewer) -> Iterator[list[dict[str, Any]]]:
    """What is asked of the service meanwhile."""
    sent: list[dict[str, Any]] = []

    def listen(route: Route) -> None:
        sent.append(json.loads(route.request.post_data or ""))
        route.continue_()

    viewer.page.route("**/cadx/v1/predictions*", listen)
    try:
        yield sent
    finally:
        viewer.page.unroute("**/cadx/v1/predictions*")


@pytest.fixture(scope="module")
def full(open_viewer: Opened) -> Iterator[Viewer]:
    with open_viewer(FULL, pacs=PACS) as viewer:
        yield viewer


@pytest.fixture
def viewer(full: Viewer, hospital: Hospital) -> Viewer:
    """The viewer, with the first image and no mark."""
    full.remove_all()
    show(full, hospital.study.view("cc"))
    full.camera(STRAIGHT)
    return full


def show(viewer: Viewer, view: View) -> None:
    viewer.show(view.instance)
    viewer.wait_for_image(view.instance)
    viewer.choose_tool()


def same_as_asked_directly(hospital: Hospital, view: View, card: Card) -> dict[str, object]:
    """The service's own answer about the place that the card tells; its number is the card's, to the last digit."""
    answer = hospital.ask(view.lesion(PACS, card.x, card.y))
    assert answer.status_code == 200, answer.text
    content: dict[str, object] = answer.json()
    assert card.probability == content["probability"]
    return content


@pytest.mark.parametrize("name", ["cc", "sigmoid", "monochrome1", "oblong"])
def test_the_number_is_the_service_s_and_the_outline_lies_on_the_lesion(
    viewer: Viewer, hospital: Hospital, name: str
) -> None:
    view = hospital.study.view(name)
    show(viewer, view)
    card = viewer.ask(view.x, view.y, view.spacing)
    assert card.state == "done", card.text
    assert abs(card.x - view.x) <= 1.5
    assert abs(card.y - view.y) <= 1.5
    answer = same_as_asked_directly(hospital, view, card)
    assert f"{100 * card.probability:.1f} %" in card.text
    viewer.page.wait_for_timeout(300)
    contour = np.array(answer["contour"])
    outline = viewer.to_screen([*contour.tolist(), contour[0].tolist()], view.spacing)
    picture = viewer.screenshot()
    assert_drawn_where(outline, drawn(viewer, picture))
    inside, around = grays(outline, picture)
    assert inside > around + 15, "the lesion is brighter than its surroundings, whatever the file's polarity"


def drawn(viewer: Viewer, picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Middles (x, y) of the screen's pixels that have the outline's color."""
    left, top, right, bottom = viewer.evaluate(
        "() => { const {left, top, right, bottom} = document.querySelector('.viewport-element canvas,"
        " .cornerstone-canvas').getBoundingClientRect(); return [left, top, right, bottom]; }"
    )
    distance = np.abs(picture.astype(int) - OUTLINE).max(axis=2)
    rows, columns = np.nonzero(distance < 60)
    inside = (columns > left) & (columns < right) & (rows > top) & (rows < bottom)
    return np.column_stack([columns[inside] + 0.5, rows[inside] + 0.5])


def assert_drawn_where(outline: NDArray[np.float64], pixels: NDArray[np.float64]) -> None:
    steps = np.linspace(0, 1, 8, endpoint=False)[:, None, None]
    dense = (outline[:-1] + steps * (outline[1:] - outline[:-1])).reshape(-1, 2)
    assert len(pixels) > 100
    assert distances(pixels, dense).max() < 2.5
    found = distances(outline, pixels) < 2.5
    assert found.mean() > 0.9, "all of it is drawn, but for what the label covers"


def distances(points: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """From each point to the nearest of the others."""
    return np.asarray(KDTree(others).query(points)[0])


def region(outline: NDArray[np.float64], picture: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """The screen's pixels within an outline."""
    canvas = Image.new("1", (picture.shape[1], picture.shape[0]))
    ImageDraw.Draw(canvas).polygon([(float(x), float(y)) for x, y in outline], fill=1)
    return np.asarray(canvas)


def grays(outline: NDArray[np.float64], picture: NDArray[np.uint8]) -> tuple[float, float]:
    """Mean gray well within the outline, and a little outside of it."""
    mask = region(outline, picture)
    within = binary_erosion(mask, iterations=5)
    around = binary_dilation(mask, iterations=25) & ~binary_dilation(mask, iterations=8)
    gray = picture[..., 2]
    return float(gray[within].mean()), float(np.median(gray[around]))


@pytest.mark.parametrize("degrees", [0, 90])
@pytest.mark.parametrize("flip", ["flipHorizontal", "flipVertical", ""])
def test_a_lesion_is_the_same_pixel_however_the_image_is_turned(
    viewer: Viewer, hospital: Hospital, flip: str, degrees: int
) -> None:
    view = hospital.study.view("cc")
    flipped = f"viewport.setCamera({{{flip}: true}});" if flip else ""
    viewer.camera(f"viewport => {{ {flipped} viewport.setViewPresentation({{rotation: {degrees}}}); }}")
    card = viewer.ask(view.x, view.y, view.spacing)
    assert card.state == "done", card.text
    # A mouse lies on whole pixels of the screen, each a little more than one of the image.
    assert abs(card.x - view.x) <= 1.5
    assert abs(card.y - view.y) <= 1.5
    same_as_asked_directly(hospital, view, card)


def test_a_refusal_is_told_in_words(viewer: Viewer, hospital: Hospital) -> None:
    card = viewer.ask(20.0, 20.0, hospital.study.view("cc").spacing)
    assert card.state == "failed"
    answer = hospital.ask(hospital.study.view("cc").lesion(PACS, card.x, card.y)).json()
    assert answer["code"] in {"center_in_air", "center_in_padding"}
    assert answer["detail"] in card.text
    assert answer["remedy"] in card.text


def test_a_mark_that_is_dragged_is_asked_about_again(viewer: Viewer, hospital: Hospital) -> None:
    view = hospital.study.view("cc")
    first = viewer.ask(view.x, view.y, view.spacing)
    (start, end) = viewer.to_screen([(first.x, first.y), (first.x + 12, first.y - 9)], view.spacing)
    viewer.page.mouse.move(*start)
    viewer.page.mouse.down()
    viewer.page.mouse.move(*(start + end) / 2)
    viewer.page.mouse.move(*end)
    viewer.page.mouse.up()
    viewer.page.wait_for_function(f"() => document.querySelector('[data-number=\"1\"]')?.dataset.x != '{first.x}'")
    moved = viewer.answered(1)
    assert abs(moved.x - first.x - 12) <= 2
    assert abs(moved.y - first.y + 9) <= 2
    same_as_asked_directly(hospital, view, moved)
    assert len(viewer.cards()) == 1


def test_a_click_is_asked_about_once_before_the_viewer_s_own_wait_for_a_second_click(
    viewer: Viewer, hospital: Hospital
) -> None:
    view = hospital.study.view("cc")
    sent: list[str] = []

    def note(request: Request) -> None:
        if "/v1/predictions" in request.url:
            sent.append(request.url)

    viewer.page.on("request", note)
    try:
        with viewer.page.expect_request("**/v1/predictions") as asked:
            viewer.click(view.x, view.y, view.spacing)
        early = viewer.evaluate("() => !document.querySelector('[data-cadx]')")
        card = viewer.answered(1)
    finally:
        viewer.page.remove_listener("request", note)
    assert early, "asked before there is a mark"
    body = asked.value.post_data_json
    assert body is not None
    assert (body["x"], body["y"]) == (card.x, card.y)
    assert len(sent) == 1
    same_as_asked_directly(hospital, view, card)


def test_two_views_of_a_lesion_are_averaged(viewer: Viewer, hospital: Hospital) -> None:
    cards = []
    for name in ("cc", "mlo"):
        view = hospital.study.view(name)
        show(viewer, view)
        cards.append((view, viewer.ask(view.x, view.y, view.spacing)))
    viewer.press("tick-1")
    viewer.press("tick-2")
    viewer.page.wait_for_selector("[data-cadx-views=done]")
    shown = float(viewer.page.get_attribute("[data-cadx-views]", "data-probability") or "nan")
    asked = hospital.ask({"views": [view.lesion(PACS, card.x, card.y) for view, card in cards]}, "/views").json()
    assert shown == asked["probability"]
    assert "R CC" in viewer.cards()[1].text
    assert "R MLO" in viewer.cards()[0].text


def test_two_marks_on_one_image_are_two_lesions_and_no_average(viewer: Viewer, hospital: Hospital) -> None:
    view = hospital.study.view("cc")
    viewer.ask(view.x, view.y, view.spacing)
    viewer.ask(view.x + 60, view.y + 60, view.spacing)
    viewer.press("tick-1")
    viewer.press("tick-2")
    viewer.page.wait_for_selector("[data-cadx-views=failed]")
    assert "different views" in viewer.page.inner_text("[data-cadx-views]")
    assert len(viewer.cards()) == 2


def test_an_outline_becomes_a_roi_and_an_edited_one_is_sent_back_once_the_service_takes_it(
    viewer: Viewer, hospital: Hospital
) -> None:
    view = hospital.study.view("cc")
    card = viewer.ask(view.x, view.y, view.spacing)
    contour = np.array(same_as_asked_directly(hospital, view, card)["contour"])
    viewer.press("keep-1")
    kept = viewer.evaluate(
        """() => window.cornerstoneTools.annotation.state.getAllAnnotations()
          .filter(one => one.metadata.toolName === 'PlanarFreehandROI').map(one => one.data.contour.polyline)"""
    )
    (polyline,) = kept
    row_mm, column_mm = view.spacing
    pixels = np.array(polyline)[:, :2] / (column_mm, row_mm) + 0.5
    assert distances(pixels, contour).max() < 1.0
    viewer.evaluate(EDITED)
    viewer.page.wait_for_selector('[data-focus="outline-1"]')
    viewer.evaluate(NO_ROI)


def test_an_edited_outline_is_asked_about(viewer: Viewer, hospital: Hospital) -> None:
    view = hospital.study.view("cc")
    viewer.ask(view.x, view.y, view.spacing)
    viewer.press("keep-1")
    viewer.evaluate(EDITED)
    with sent_by(viewer) as sent:
        viewer.press("outline-1")
        viewer.answered(1)
    contour = np.array(sent[-1]["contour"])
    assert np.hypot(*(contour.mean(axis=0) - (view.x, view.y))) < 20
    viewer.evaluate(NO_ROI)


def test_a_length_across_the_lesion_becomes_its_diameter(viewer: Viewer, hospital: Hospital) -> None:
    view = hospital.study.view("oblong")
    show(viewer, view)
    column_mm, half_mm = view.spacing[1], 6.0
    viewer.ask(view.x, view.y, view.spacing)
    viewer.length((5.0, 5.0), (60.0, 5.0), view.spacing)
    assert viewer.page.query_selector('[data-focus="diameter-1"]') is None, "it lies elsewhere"
    start, end = (view.x - half_mm / column_mm, view.y), (view.x + half_mm / column_mm, view.y)
    viewer.length(start, end, view.spacing)
    viewer.page.wait_for_selector('[data-focus="diameter-1"]')
    with sent_by(viewer) as sent:
        viewer.press("diameter-1")
        card = viewer.answered(1)
    assert sent[-1]["diameter_mm"] == pytest.approx(2 * half_mm, abs=4 * column_mm)  # the mouse lies on whole pixels
    assert f"Diameter by the reader: {sent[-1]['diameter_mm']} mm" in card.text
    answer = hospital.ask(view.lesion(PACS, card.x, card.y) | {"diameter_mm": sent[-1]["diameter_mm"]}).json()
    assert card.probability == answer["probability"]
    assert viewer.page.query_selector('[data-focus="diameter-1"]') is None, "it was asked with"
    viewer.remove_lengths()


def test_a_result_is_saved_and_shown_again(viewer: Viewer, hospital: Hospital) -> None:
    view = hospital.study.view("cc")
    card = viewer.ask(view.x, view.y, view.spacing)
    viewer.press("save-1")
    assert PACS in viewer.cards()[0].text, "it asks first, and says where"
    viewer.press("save-1")
    viewer.page.wait_for_selector("[data-saved=saved]")
    assert "SR: stored" in viewer.cards()[0].text
    sets = viewer.evaluate(
        "() => Object.fromEntries(window.services.displaySetService.getActiveDisplaySets()"
        ".map(one => [one.Modality, one.SOPInstanceUID]))"
    )
    assert {"SR", "SEG"} <= set(sets), "the viewer lists the new series at once"
    viewer.show(sets["SR"])
    viewer.page.wait_for_function(
        "wanted => [...document.querySelectorAll('svg text, svg tspan')].some(one => one.textContent.includes(wanted))",
        arg="Probability of cancer",
    )
    told = "".join(viewer.page.locator("svg tspan").all_text_contents())
    match = re.search(r"Probability of cancer: ([\d.]+)", told)
    assert match is not None, told
    assert float(match[1]) == pytest.approx(100 * card.probability, abs=0.006)
    viewer.show(sets["SEG"])
    viewer.page.wait_for_function("() => window.services.segmentationService.getSegmentations().length === 1")
    viewer.page.wait_for_timeout(1000)
    contour = np.array(same_as_asked_directly(hospital, view, card)["contour"])
    picture = viewer.screenshot()
    mask = region(viewer.to_screen(contour.tolist(), view.spacing), picture)
    red = picture[..., 0].astype(int) - picture[..., 2] > 25
    assert red[binary_erosion(mask, iterations=3)].mean() > 0.95
    assert not red[binary_dilation(mask, iterations=25) & ~binary_dilation(mask, iterations=4)].any()


def test_nothing_is_left_when_the_mode_is_left(viewer: Viewer, hospital: Hospital) -> None:
    seen = """() => {
      const {listeners} = window.cornerstone.eventTarget;
      const {measurementService} = window.services;
      const source = measurementService.getSource('Cornerstone3DTools', '0.1');
      return {
        listeners: Object.entries(listeners).filter(([name]) => /ANNOTATION_/.test(name)).map(([, all]) => all.length),
        mapped: measurementService.mappings[source.uid].some(one => one.annotationType === 'CADx'),
        button: 'CADx' in (window.services.toolbarService.state.buttons ?? {}),
        globals: Object.keys(window).filter(name => /cadx/i.test(name)),
      };
    }"""
    inside = viewer.evaluate(seen)
    assert inside["mapped"]
    assert inside["button"]
    assert inside["globals"] == []
    viewer.page.click('[data-cy="return-to-work-list"]')
    viewer.page.wait_for_selector("text=Study List")
    viewer.page.wait_for_timeout(500)
    outside = viewer.evaluate(seen)
    assert not outside["mapped"]
    assert not outside["button"]
    assert sum(inside["listeners"]) - sum(outside["listeners"]) >= 3


def test_another_version_and_a_service_that_does_not_know_the_archive(open_viewer: Opened, hospital: Hospital) -> None:
    """The file is sent, once; what is saved goes by the viewer's own way."""
    view = hospital.study.view("cc")
    with open_viewer(OTHER) as viewer:
        show(viewer, view)
        sent: list[str] = []
        viewer.page.on("request", lambda request: sent.append(request.url) if "/v1/" in request.url else None)
        first = viewer.ask(view.x, view.y, view.spacing)
        assert first.state == "done", first.text
        assert "sent as a file" in first.text
        same_as_asked_directly(hospital, view, first)
        viewer.ask(view.x + 60, view.y + 60, view.spacing)
        assert [url.rpartition("/v1/")[2] for url in sent] == ["images", "predictions", "predictions"]
        viewer.press("save-1")
        viewer.press("save-1")
        viewer.page.wait_for_selector("[data-saved]")
        assert "SR: stored" in viewer.cards()[1].text, viewer.cards()
    found = hospital.orthanc.post(
        "/tools/find",
        json.dumps({"Level": "Series", "Query": {"StudyInstanceUID": view.study, "Modality": "SR"}}).encode(),
    ).json()
    assert found
