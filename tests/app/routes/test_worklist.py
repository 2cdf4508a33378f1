"""Searching a PACS: a live Orthanc, and one of our own that answers as we like."""

import asyncio
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pydicom
import pytest
from pydicom.uid import generate_uid
from starlette.testclient import TestClient

from app.auth.api_keys import Right, new_key
from app.images.worklist import find_images, find_studies
from app.schemas.worklist import StudySearch
from cadx.exchange.dicomweb import PacsClient, PacsConnection
from tests.conftest import Orthanc
from training.cohort.cases import Case

STUDIES, IMAGES = "/v1/pacs/archive/studies/search", "/v1/pacs/archive/images/search"


def upload(orthanc: Orthanc, case: Case, **elements: object) -> pydicom.Dataset:
    dataset = pydicom.dcmread(case.image)
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = generate_uid(), generate_uid()
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    for name, value in elements.items():
        setattr(dataset, name, value)
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    orthanc.upload(buffer.getvalue())
    return dataset


@pytest.fixture
def client(make_client: Callable[..., TestClient], orthanc: Orthanc, tmp_path: Path) -> TestClient:
    path = tmp_path / "pacs.toml"
    path.write_text(orthanc.toml(), encoding="utf-8")
    return make_client(pacs_file=path, audit_file=tmp_path / "audit", log_level="debug")


def found(client: TestClient, **asked: object) -> list[str]:
    answer = client.post(STUDIES, json=asked)
    assert answer.status_code == 200, answer.text
    return [study["study"] for study in answer.json()["studies"]]


def test_studies_of_today_of_a_day_and_of_a_patient(client: TestClient, orthanc: Orthanc, unseen_phantom: Case) -> None:
    who = {"PatientName": "WORKLIST^ANNA", "PatientID": "W-1", "PatientBirthDate": "19600102", "AccessionNumber": "A-7"}
    now = upload(orthanc, unseen_phantom, **who, StudyDate=f"{date.today():%Y%m%d}", StudyTime="091530")
    before = upload(orthanc, unseen_phantom, **who, StudyDate="20200229", StudyTime="0800")
    chest = upload(orthanc, unseen_phantom, **who, StudyDate="20200229", Modality="CR")
    assert now.StudyInstanceUID in found(client)
    assert before.StudyInstanceUID not in found(client)
    assert found(client, date="2020-02-29") == [before.StudyInstanceUID]
    assert found(client, date="2020-02-29", modality="CR") == [chest.StudyInstanceUID]
    for patient in (
        {"patient_id": "W-1"},
        {"patient_name": "WORKLIST"},
        {"patient_name": "worklist^a*"},
        {"patient_name": "Wörklist"},
    ):
        assert found(client, **patient) == [now.StudyInstanceUID, before.StudyInstanceUID]
    assert found(client, patient_id="W-2") == []
    study = client.post(STUDIES, json={"patient_id": "W-1"}).json()["studies"][0]
    assert study == {
        "study": now.StudyInstanceUID,
        "date": date.today().isoformat(),
        "time": "09:15",
        "patient_name": "WORKLIST^ANNA",
        "patient_id": "W-1",
        "birth_date": "1960-01-02",
        "sex": str(now.get("PatientSex", "")),
        "accession_number": "A-7",
        "description": str(now.get("StudyDescription", "")),
    }


def test_the_images_of_a_study_and_one_of_them_kept(client: TestClient, orthanc: Orthanc, unseen_phantom: Case) -> None:
    dataset = upload(orthanc, unseen_phantom, PatientName="IMAGES^ANNA")
    answer = client.post(IMAGES, json={"study": dataset.StudyInstanceUID}).json()
    assert answer["study"]["patient_name"] == "IMAGES^ANNA"
    (image,) = answer["images"]
    assert image["instance"] == dataset.SOPInstanceUID
    assert image["series"] == dataset.SeriesInstanceUID
    assert (image["laterality"], image["view"]) == (dataset.ImageLaterality, dataset.ViewPosition)
    assert (image["rows"], image["columns"]) == (dataset.Rows, dataset.Columns)
    reference = {"pacs": "archive", "study": dataset.StudyInstanceUID} | {
        name: image[name] for name in ("series", "instance")
    }
    kept = client.post("/v1/images", json={"dicomweb": reference})
    assert kept.status_code == 201, kept.text
    description = client.get(f"/v1/images/{kept.json()['image_id']}").json()
    assert description["dicomweb"] == reference
    body = {"image_id": kept.json()["image_id"], "x": unseen_phantom.center.x, "y": unseen_phantom.center.y}
    assert client.post("/v1/predictions", json=body).status_code == 200
    wrongs: tuple[object, ...] = ({}, {"dicomweb": {**reference, "frame": 1}}, {"dicomweb": reference, "x": 1}, [])
    for wrong in wrongs:
        assert client.post("/v1/images", json=wrong).json()["code"] == "invalid_request"
    nowhere = client.post(IMAGES, json={"study": generate_uid()})
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "instance_not_in_pacs")


def test_what_was_looked_for_is_in_no_log(
    client: TestClient, orthanc: Orthanc, unseen_phantom: Case, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    dataset = upload(orthanc, unseen_phantom, PatientName="PLANTED^SEARCH", PatientID="PLANTED-SEARCH")
    with caplog.at_level("DEBUG"):
        assert found(client, patient_name="PLANTED", patient_id="PLANTED-SEARCH") == [dataset.StudyInstanceUID]
        refused = client.post(STUDIES, json={"patient_name": "PLANTED\\X", "date": "PLANTED"})
    assert refused.status_code == 422
    audit = (tmp_path / "audit").read_text(encoding="utf-8")
    for text in (caplog.text, refused.text, audit, client.get("/metrics").text):
        assert "PLANTED" not in text
    assert dataset.StudyInstanceUID not in caplog.text
    line = json.loads(audit.splitlines()[-1])
    assert (line["action"], line["outcome"], line["studies"]) == ("search", "ok", [dataset.StudyInstanceUID])


@pytest.mark.parametrize(
    "asked",
    [
        {"date": "29.2.2020"},
        {"patient_id": ""},
        {"patient_name": "A\\B"},
        {"patient_name": "A\nB"},
        {"modality": "mg"},
        {"modality": "MG&limit=9999"},
        {"offset": -1},
        {"unheard": 1},
        [],
    ],
)
def test_what_is_no_search_is_refused(client: TestClient, asked: object) -> None:
    answer = client.post(STUDIES, json=asked)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


def test_only_json_is_taken_and_only_known_pacs_are_asked(client: TestClient) -> None:
    assert client.post(STUDIES, content=b"{}").json()["code"] == "body_type_unsupported"
    assert client.post("/v1/pacs/other/studies/search", json={}).json()["code"] == "pacs_unknown"
    assert client.get(STUDIES).status_code == 405
    assert client.post(IMAGES, json={"study": "1/../2"}).json()["code"] == "invalid_request"


def test_searching_needs_the_right_to_read(
    make_client: Callable[..., TestClient], orthanc: Orthanc, tmp_path: Path
) -> None:
    path = tmp_path / "pacs.toml"
    path.write_text(orthanc.toml(), encoding="utf-8")
    (none, none_entry), (read, read_entry) = new_key("none"), new_key("reader", [Right.READ])
    client = make_client(pacs_file=path, api_keys=(none_entry, read_entry))
    kept: dict[str, Any] = {"dicomweb": {"pacs": "archive", "study": "1.2", "series": "1.2", "instance": "1.2"}}
    for url, body in ((STUDIES, {}), (IMAGES, {"study": "1.2"}), ("/v1/images", kept)):
        assert client.post(url, json=body).json()["code"] == "key_missing"
        refused = client.post(url, json=body, headers={"X-API-Key": none})
        assert (refused.status_code, refused.json()["code"]) == (403, "right_missing")
        assert client.post(url, json=body, headers={"X-API-Key": read}).status_code in {200, 404}


Value = TypeVar("Value")


class _Once(httpx.AsyncByteStream):
    """A body that comes over the network."""

    def __init__(self, document: Any) -> None:
        self._content = json.dumps(document).encode()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._content


def asked_of(answers: Callable[[httpx.Request], Any], ask: Callable[[PacsClient], Awaitable[Value]]) -> Value:
    """Ask a PACS that answers so."""

    async def run() -> Value:
        transport = httpx.MockTransport(lambda request: httpx.Response(200, stream=_Once(answers(request))))
        client = PacsClient(PacsConnection(name="own", url="http://pacs.test/rs"), transport=transport)
        try:
            return await ask(client)
        finally:
            await client.close()

    return asyncio.run(run())


def test_pages_have_fifty_and_say_where_the_next_begins() -> None:
    asked: list[httpx.QueryParams] = []

    def answers(request: httpx.Request) -> Any:
        asked.append(request.url.params)
        start, limit = int(request.url.params["offset"]), int(request.url.params["limit"])
        return [{"0020000D": {"vr": "UI", "Value": [f"1.{n + 1}"]}} for n in range(start, min(120, start + limit))]

    searches = [StudySearch(offset=offset) for offset in (0, 50, 100)]
    pages = [asked_of(answers, lambda client, search=search: find_studies(client, search)) for search in searches]  # type: ignore[misc]
    assert [(len(page.studies), page.next_offset) for page in pages] == [(50, 50), (50, 100), (20, None)]
    assert asked[0]["StudyDate"] == f"{date.today():%Y%m%d}"
    assert asked[0]["ModalitiesInStudy"] == "MG"


def test_whatever_a_pacs_answers_is_taken_as_text() -> None:
    odd: list[Any] = [
        {"0020000D": {"vr": "UI", "Value": ["1.2"]}, "00100010": {"vr": "PN", "Value": [{"Ideographic": "名"}]}},
        {"0020000D": {"Value": "1.3"}, "00100010": None, "00080020": {"Value": ["2020"]}, "00080030": {"Value": [9]}},
        {"0020000D": {"vr": "UI"}, "00100010": {"Value": [None]}, "00100020": {"Value": [{"x": 1}]}},
        "no study",
    ]
    studies = asked_of(lambda _: odd, lambda client: find_studies(client, StudySearch())).studies
    assert {study.patient_name for study in studies} == {"", "名"}
    assert len(studies) == 3


def test_images_are_listed_series_by_series_and_of_the_modality_alone() -> None:
    def answers(request: httpx.Request) -> Any:
        if request.url.path.endswith("/series"):
            kinds = {"1.1": "MG", "1.2": "SR", "1.3": "MG"}
            return [{"0020000E": {"Value": [uid]}, "00080060": {"Value": [kind]}} for uid, kind in kinds.items()]
        series = request.url.path.split("/")[-2]
        view = {"1.1": "MLO", "1.3": "CC"}[series]
        return [{"00080018": {"Value": [f"{series}.9"]}, "00185101": {"Value": [view]}, "00280010": {"Value": ["x"]}}]

    images = asked_of(answers, lambda client: find_images(client, "1", "MG"))
    assert [(image.view, image.series, image.rows) for image in images] == [("CC", "1.3", None), ("MLO", "1.1", None)]
