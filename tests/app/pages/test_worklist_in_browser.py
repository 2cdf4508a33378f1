"""The page beside a live Orthanc: worklist, links, saving. Nobody's name leaves but to the page."""

import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import httpx
import pydicom
import pytest
from pydicom.uid import generate_uid

from tests.app.conftest import LiveServer
from tests.app.pages.conftest import AXE, Reader, violations
from tests.conftest import Orthanc
from training.cohort.cases import Case

TODAY = date.today()


@dataclass(frozen=True)
class Planted:
    """A study of today with two views in the PACS."""

    study: str
    instances: tuple[str, str]


@pytest.fixture(scope="module")
def planted(orthanc: Orthanc, two_views: tuple[Case, Case]) -> Planted:
    study, instances = str(generate_uid()), []
    for case in two_views:
        dataset = pydicom.dcmread(case.image)
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID = study, generate_uid()
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        dataset.StudyDate, dataset.StudyTime = f"{TODAY:%Y%m%d}", "0915"
        dataset.PatientName, dataset.PatientID, dataset.AccessionNumber = "PLANTED^PAGE", "PLANTED-PAGE", "PLANTED-A"
        buffer = io.BytesIO()
        dataset.save_as(buffer, enforce_file_format=True)
        orthanc.upload(buffer.getvalue())
        instances.append(str(dataset.SOPInstanceUID))
    return Planted(study, (instances[0], instances[1]))


@pytest.fixture(scope="module")
def server(
    orthanc: Orthanc,
    bundle_folder: Path,
    start_server: Callable[..., AbstractContextManager[LiveServer]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[LiveServer]:
    path = tmp_path_factory.mktemp("pacs") / "pacs.toml"
    path.write_text(orthanc.toml(), encoding="utf-8")
    settings = {"CADX_MODELS_DIR": str(bundle_folder.parent), "CADX_PACS_FILE": str(path), "CADX_LOG_LEVEL": "debug"}
    with start_server(**settings, CADX_AUDIT_FILE=str(path.with_name("audit"))) as started:
        yield started
        for text in (started.log_text(), path.with_name("audit").read_text(encoding="utf-8")):
            assert "PLANTED" not in text


@pytest.fixture
def reader(make_reader: Callable[..., Reader], server: LiveServer, planted: Planted) -> Reader:
    opened = make_reader(server)
    opened.go()
    return opened


def test_from_the_worklist_to_the_pacs_again(
    reader: Reader, planted: Planted, orthanc: Orthanc, two_views: tuple[Case, Case]
) -> None:
    page = reader.page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.click("#open-pacs")
    page.locator(".found button", has_text="PLANTED PAGE").click()
    boxes = page.locator(".images input[type=checkbox]")
    boxes.nth(1).wait_for()
    labels = page.locator(".images label").all_inner_texts()
    boxes.nth(0).check()
    boxes.nth(1).check()
    page.get_by_role("button", name="Open", exact=True).click()
    order = sorted(two_views, key=lambda case: [label.strip().endswith(str(case.view)) for label in labels].index(True))
    reader.opened(*(case.image for case in order))
    assert "PLANTED PAGE · PLANTED-PAGE" in page.locator(".view figcaption").first.inner_text()
    for view, case in enumerate(order):
        answer = reader.click(case.center.x, case.center.y, view)
    assert len(answer["views"]) == 2
    page.click("#store")
    assert "PLANTED PAGE" in page.locator("dialog").inner_text()
    page.get_by_role("button", name="Save", exact=True).click()
    page.locator("dialog", has_text="Saved to PACS").wait_for()
    told = page.locator("dialog li").all_inner_texts()
    assert told[0].startswith("SR: stored")
    found = httpx.get(
        f"{orthanc.dicomweb}/studies/{planted.study}/instances", auth=orthanc.auth, trust_env=False
    ).json()
    assert len(found) == 2 + len(told)
    assert not [url for url in asked if "PLANTED" in url or planted.study in url]


def test_a_search_that_is_cancelled_stores_nothing(
    reader: Reader, planted: Planted, orthanc: Orthanc, two_views: tuple[Case, Case]
) -> None:
    case = two_views[0]
    reader.go(f"#pacs=archive&study={planted.study}&instance={planted.instances[0]}")
    reader.opened(case.image)
    reader.click(case.center.x, case.center.y)
    address = f"{orthanc.dicomweb}/studies/{planted.study}/instances"
    before = httpx.get(address, auth=orthanc.auth, trust_env=False).json()
    reader.page.click("#store")
    reader.page.get_by_role("button", name="Cancel").click()
    reader.page.wait_for_timeout(300)
    assert httpx.get(address, auth=orthanc.auth, trust_env=False).json() == before


def test_a_link_opens_the_image_and_asks(reader: Reader, planted: Planted, two_views: tuple[Case, Case]) -> None:
    case = two_views[1]
    link = f"#pacs=archive&study={planted.study}&instance={planted.instances[1]}&x={case.center.x}&y={case.center.y}"
    answer = reader.answered(lambda: reader.go(link))
    assert answer["center"] == {"x": case.center.x, "y": case.center.y}
    assert answer["image"]["dicomweb"]["instance"] == planted.instances[1]
    assert "PLANTED PAGE" in reader.page.locator(".view figcaption").inner_text()


def test_a_link_to_what_is_not_there_is_refused(reader: Reader, planted: Planted) -> None:
    reader.page.goto(f"{reader.server.url}/#pacs=archive&study={generate_uid()}&instance={planted.instances[1]}")
    reader.page.locator("dialog .refusal[data-code=instance_not_in_pacs]").wait_for()


def test_nobody_is_found_by_another_name(reader: Reader) -> None:
    reader.page.click("#open-pacs")
    reader.page.get_by_label("Patient name").fill("NOBODY")
    reader.page.keyboard.press("Enter")
    reader.page.get_by_text("No study with mammograms was found").wait_for()


def test_the_worklist_can_be_used_by_everybody(reader: Reader, planted: Planted) -> None:
    if not AXE.exists():
        pytest.skip("no axe-core here: make page-tools")
    reader.page.click("#open-pacs")
    reader.page.locator(".found button", has_text="PLANTED PAGE").click()
    reader.page.locator(".images input").first.wait_for()
    assert not violations(reader.page)
