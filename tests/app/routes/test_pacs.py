"""Images by reference, documents and storing, with a live Orthanc that wants a password."""

import io
import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import highdicom
import httpx
import numpy as np
import pydicom
import pytest
from dicomweb_client.api import DICOMwebClient
from dicomweb_client.session_utils import create_session_from_user_pass
from pydicom.uid import generate_uid
from starlette.testclient import TestClient

from app.auth.api_keys import Right, new_key
from tests.conftest import Orthanc
from training.cohort.cases import Case

URL = "/v1/predictions"


@dataclass(frozen=True)
class Study:
    """A phantom in the PACS, and the same file."""

    content: bytes
    dataset: pydicom.Dataset
    x: float
    y: float

    @property
    def reference(self) -> dict[str, str]:
        return {
            "pacs": "archive",
            "study": str(self.dataset.StudyInstanceUID),
            "series": str(self.dataset.SeriesInstanceUID),
            "instance": str(self.dataset.SOPInstanceUID),
        }

    @property
    def lesion(self) -> dict[str, Any]:
        return {"dicomweb": self.reference, "x": self.x, "y": self.y}


@pytest.fixture
def study(orthanc: Orthanc, unseen_phantom: Case) -> Study:
    dataset = pydicom.dcmread(unseen_phantom.image)
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = generate_uid(), generate_uid()
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset.PatientName, dataset.PatientID, dataset.AccessionNumber = "PLANTED^NAME", "PLANTED-ID", "PLANTED-ACC"
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    orthanc.upload(buffer.getvalue())
    return Study(buffer.getvalue(), dataset, unseen_phantom.center.x, unseen_phantom.center.y)


@pytest.fixture
def client(make_client: Callable[..., TestClient], orthanc: Orthanc, tmp_path: Path) -> TestClient:
    path = tmp_path / "pacs.toml"
    path.write_text(orthanc.toml(), encoding="utf-8")
    return make_client(pacs_file=path, audit_file=tmp_path / "audit", log_level="debug")


def without_timings(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "timings_ms"}


def test_an_image_by_reference_is_the_image_that_is_sent(client: TestClient, study: Study) -> None:
    sent = client.post(URL, files={"image": study.content}, data={"x": str(study.x), "y": str(study.y)}).json()
    asked = client.post(URL, json=study.lesion)
    assert asked.status_code == 200, asked.text
    for name in ("probability", "cnn_probability", "lesion_probability", "features", "contour"):
        assert asked.json()[name] == sent[name]
    assert asked.json()["image"]["dicomweb"] == study.reference
    again = client.post(URL, json=study.lesion).json()
    assert without_timings(again) == without_timings(asked.json())


def test_several_lesions_and_several_views_by_reference(client: TestClient, study: Study) -> None:
    one = client.post(URL, json=study.lesion).json()
    center = {"x": study.x, "y": study.y}
    lesions = client.post(f"{URL}/lesions", json={"dicomweb": study.reference, "centers": [center, center]}).json()
    assert [each["probability"] for each in lesions["predictions"]] == [one["probability"]] * 2
    views = client.post(f"{URL}/views", json={"views": [study.lesion, study.lesion]}).json()
    assert views["probability"] == one["probability"]


def test_an_image_is_fetched_once_and_asked_about_many_times(
    client: TestClient, study: Study, orthanc: Orthanc
) -> None:
    assert client.post(URL, json=study.lesion).status_code == 200
    for found in httpx.get(f"{orthanc.url}/instances", auth=orthanc.auth, trust_env=False).json():
        tags = httpx.get(f"{orthanc.url}/instances/{found}/simplified-tags", auth=orthanc.auth, trust_env=False).json()
        if tags["SOPInstanceUID"] == study.dataset.SOPInstanceUID:
            httpx.delete(f"{orthanc.url}/instances/{found}", auth=orthanc.auth, trust_env=False)
    assert client.post(URL, json=study.lesion).status_code == 200
    assert client.post(URL, json={**study.lesion, "x": study.x + 1}).status_code == 200
    missing = {**study.reference, "instance": generate_uid()}
    answer = client.post(URL, json={**study.lesion, "dicomweb": missing})
    assert (answer.status_code, answer.json()["code"]) == (404, "instance_not_in_pacs")


def test_the_numbers_in_every_object_are_those_of_the_answer(client: TestClient, study: Study) -> None:
    answer = client.post(URL, json=study.lesion).json()
    written = client.post(f"{URL}/sr", json=study.lesion)
    assert written.headers["content-type"] == "application/dicom"
    report = pydicom.dcmread(io.BytesIO(written.content))
    assert report.StudyInstanceUID == study.dataset.StudyInstanceUID
    assert str(report.PatientID) == "PLANTED-ID"
    numbers = [item for item in walk(report) if item.ValueType == "NUM"]
    told = {
        item.ConceptNameCodeSequence[0].CodeValue: item.MeasuredValueSequence[0].get("FloatingPointValue")
        for item in numbers
    }
    assert told["111047"] == 100 * answer["probability"]
    assert [item.ConceptNameCodeSequence[0].CodeValue for item in numbers].count("111047") == 1
    polyline = next(item for item in walk(report) if item.get("GraphicType") == "POLYLINE")
    drawn = np.array(polyline.GraphicData, dtype=np.float32).reshape(-1, 2)
    assert np.array_equal(drawn[: len(answer["contour"])], np.array(answer["contour"], dtype=np.float32))
    fhir = client.post(f"{URL}/fhir", json=study.lesion)
    assert fhir.headers["content-type"] == "application/fhir+json"
    assert fhir.json()["resourceType"] == "Bundle"


def walk(dataset: pydicom.Dataset) -> list[pydicom.Dataset]:
    items = list(dataset.get("ContentSequence", []))
    return [*items, *(inner for item in items for inner in walk(item))]


@pytest.mark.parametrize(
    ("accept", "path", "kind"),
    [
        ("application/dicom", "sr", "application/dicom"),
        ("application/fhir+json", "fhir", "application/fhir+json"),
        ("text/html, application/dicom;q=0.9, */*;q=0.1", "sr", "application/dicom"),
    ],
)
def test_content_negotiation_gives_what_the_paths_give(
    client: TestClient, study: Study, accept: str, path: str, kind: str
) -> None:
    negotiated = client.post(URL, json=study.lesion, headers={"Accept": accept})
    by_path = client.post(f"{URL}/{path}", json=study.lesion)
    assert negotiated.headers["content-type"] == by_path.headers["content-type"] == kind
    assert negotiated.headers["vary"] == "Accept"
    if path == "sr":
        first, second = (pydicom.dcmread(io.BytesIO(each.content)) for each in (negotiated, by_path))
        assert first.SOPInstanceUID == second.SOPInstanceUID


def test_several_objects_are_one_body(client: TestClient, study: Study) -> None:
    answer = client.post(URL, json=study.lesion, headers={"Accept": 'multipart/related; type="application/dicom"'})
    assert answer.headers["content-type"].startswith('multipart/related; type="application/dicom"; boundary=')
    assert answer.content.count(b"Content-Type: application/dicom") == 3


def test_json_is_the_answer_where_anything_is_accepted_and_nothing_else_is_406(
    client: TestClient, study: Study
) -> None:
    for accept in ("*/*", "application/*", "application/json, text/plain"):
        answer = client.post(URL, json=study.lesion, headers={"Accept": accept})
        assert answer.headers["content-type"] == "application/json"
    for accept in ("text/html", "application/json;q=0"):
        answer = client.post(URL, json=study.lesion, headers={"Accept": accept})
        assert (answer.status_code, answer.json()["code"]) == (406, "not_acceptable")


def test_results_are_stored_once_in_the_image_s_study(client: TestClient, study: Study, orthanc: Orthanc) -> None:
    query = {"store": ["sr", "seg", "gsps", "cad-sr"], "finding": "mass"}
    first = client.post(URL, json=study.lesion, params=query)
    assert first.status_code == 200, first.text
    assert [each["state"] for each in first.json()["stored"]] == ["stored"] * 4
    again = client.post(URL, json=study.lesion, params=query).json()
    assert [each["state"] for each in again["stored"]] == ["already_stored"] * 4
    assert [each["instance"] for each in again["stored"]] == [each["instance"] for each in first.json()["stored"]]
    found = httpx.get(
        f"{orthanc.dicomweb}/studies/{study.dataset.StudyInstanceUID}/instances", auth=orthanc.auth, trust_env=False
    ).json()
    assert {item["00080018"]["Value"][0] for item in found} == {
        study.dataset.SOPInstanceUID,
        *(each["instance"] for each in first.json()["stored"]),
    }
    assert first.json()["probability"] == client.post(URL, json=study.lesion).json()["probability"]


def test_a_failed_store_does_not_withhold_the_assessment(
    make_client: Callable[..., TestClient], study: Study, orthanc: Orthanc, tmp_path: Path
) -> None:
    path = tmp_path / "pacs.toml"
    broken = orthanc.toml().replace("user =", f'stow = "{orthanc.url}/nowhere"\nuser =')
    path.write_text(broken, encoding="utf-8")
    client = make_client(pacs_file=path)
    answer = client.post(URL, json=study.lesion, params={"store": "sr"})
    assert (answer.status_code, answer.json()["code"]) == (502, "store_failed")
    assert answer.json()["assessment"]["probability"] == client.post(URL, json=study.lesion).json()["probability"]


def test_the_mark_of_a_viewer_is_the_center(client: TestClient, study: Study) -> None:
    answer = client.post(URL, json=study.lesion, params={"store": ["gsps", "sr"]}).json()
    for stored in answer["stored"]:
        annotation = {"series": stored["series"], "instance": stored["instance"]}
        body = {"dicomweb": study.reference, "annotation": annotation}
        marked = client.post(URL, json=body).json()["center"]
        # An outline's center is that of its area, not the mark that it was found from.
        assert np.hypot(marked["x"] - study.x, marked["y"] - study.y) < 20
        corners = np.array(answer["contour"])
        assert (corners.min(axis=0) < (marked["x"], marked["y"])).all()
        assert (corners.max(axis=0) > (marked["x"], marked["y"])).all()


def test_the_outline_of_a_viewer_is_the_contour(client: TestClient, study: Study, orthanc: Orthanc) -> None:
    answer = client.post(URL, json=study.lesion, params={"store": ["gsps", "sr", "seg"]}).json()
    named = {each["kind"]: {"series": each["series"], "instance": each["instance"]} for each in answer["stored"]}
    place = {"dicomweb": study.reference}
    single = np.array(answer["contour"], dtype=np.float32).tolist()
    drawn = client.post(URL, json={**place, "contour": single}).json()
    assert drawn["segmentation"]["method"] == "reader"
    area = {feature["name"]: feature["value"] for feature in drawn["features"]}["area_mm2"]
    for kind, contour in named.items():
        found = client.post(URL, json={**place, "contour": contour})
        assert found.status_code == 200, found.text
        assert found.json()["segmentation"]["method"] == "reader"
        if kind == "seg":
            features = {feature["name"]: feature["value"] for feature in found.json()["features"]}
            assert features["area_mm2"] == pytest.approx(area, rel=0.01)
        else:
            assert found.json()["id"] == drawn["id"], kind
    lesions = client.post(
        f"{URL}/lesions", json={**place, "centers": [{"contour": named["sr"]}, {"x": study.x, "y": study.y}]}
    ).json()["predictions"]
    assert [each["id"] for each in lesions] == [drawn["id"], answer["id"]]
    kept = client.post("/v1/images", json=place).json()["image_id"]
    assert client.post(URL, json={"image_id": kept, "contour": named["sr"]}).json()["id"] == drawn["id"]
    refused = {
        "annotation_missing": {**named["seg"], "segment": 2},
        "annotation_unreadable": {name: study.reference[name] for name in ("series", "instance")},
        "instance_not_in_pacs": {**named["sr"], "instance": generate_uid()},
    }
    for code, contour in refused.items():
        found = client.post(URL, json={**place, "contour": contour})
        assert found.json()["code"] == code, found.text
    sent = client.post("/v1/images", files={"image": study.content}).json()["image_id"]
    found = client.post(URL, json={"image_id": sent, "contour": named["sr"]})
    assert (found.status_code, where(found.json())) == (422, "body.contour")
    bad = client.post(URL, json={**place, "contour": {"series": "1.2", "instance": "x"}}).json()
    assert where(bad) == "body.contour.instance"
    bad = client.post(URL, json={**place, "contour": [[1, 2], [3, 4], [5, -6]]}).json()
    assert where(bad) == "body.contour.2.1"


def where(problem: dict[str, Any]) -> str:
    name: str = problem["facts"]["problems"][0]["where"]
    return name


def test_other_libraries_read_what_was_stored(
    client: TestClient, study: Study, orthanc: Orthanc, tmp_path: Path
) -> None:
    answer = client.post(URL, json=study.lesion, params={"store": ["sr", "seg", "gsps", "cad-sr"]}).json()
    session = create_session_from_user_pass(*orthanc.auth)
    session.trust_env = False
    pacs = DICOMwebClient(orthanc.dicomweb, session=session)
    objects = {
        each["kind"]: pacs.retrieve_instance(study.reference["study"], each["series"], each["instance"])
        for each in answer["stored"]
    }
    for kind, dataset in objects.items():
        dataset.save_as(tmp_path / f"{kind}.dcm", enforce_file_format=True)
        dump = shutil.which("dcmdump")
        if dump is not None:
            subprocess.run([dump, tmp_path / f"{kind}.dcm"], check=True, capture_output=True)
    report = highdicom.sr.srread(tmp_path / "sr.dcm")
    (group,) = highdicom.sr.MeasurementReport.from_sequence(report.content).get_planar_roi_measurement_groups()
    (probability,) = group.get_measurements(name=highdicom.sr.CodedConcept("111047", "DCM", "Probability of cancer"))
    assert probability.value == pytest.approx(100 * answer["probability"])
    assert group.roi is not None
    assert group.roi.graphic_type.value == "POLYLINE"
    assert np.array_equal(group.roi.value[: len(answer["contour"])], np.array(answer["contour"], dtype=np.float32))
    mask = highdicom.seg.segread(tmp_path / "seg.dcm").get_pixels_by_source_instance([study.reference["instance"]])
    assert mask.shape == (1, study.dataset.Rows, study.dataset.Columns, 1)
    outside = [
        (x, y)
        for x, y in answer["contour"]
        if not mask[0, max(0, int(y) - 2) : int(y) + 3, max(0, int(x) - 2) : int(x) + 3].any()
    ]
    assert outside == []


def test_other_content_has_other_uids(client: TestClient, study: Study, orthanc: Orthanc) -> None:
    """An archive keeps what it has under a known UID, so that two contents under one would lose the second."""
    copy = pydicom.dcmread(io.BytesIO(study.content))
    copy.StudyInstanceUID, copy.SeriesInstanceUID = generate_uid(), generate_uid()
    copy.SOPInstanceUID = copy.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    buffer = io.BytesIO()
    copy.save_as(buffer, enforce_file_format=True)
    orthanc.upload(buffer.getvalue())
    other = Study(buffer.getvalue(), copy, study.x, study.y)

    def uid(lesion: dict[str, Any], **query: str) -> str:
        content = client.post(f"{URL}/sr", json=lesion, params=query).content
        return str(pydicom.dcmread(io.BytesIO(content)).SOPInstanceUID)

    different = {
        uid(study.lesion),
        uid(study.lesion, sr_class="comprehensive"),
        uid(study.lesion, finding="mass"),
        uid({**study.lesion, "x": study.x + 3}),
        uid(other.lesion),
    }
    assert len(different) == 5
    assert uid(study.lesion) in different


def test_views_of_two_patients_are_flagged_in_json_and_refused_as_documents(
    client: TestClient, study: Study, orthanc: Orthanc
) -> None:
    stranger = pydicom.dcmread(io.BytesIO(study.content))
    stranger.PatientID = "PLANTED-OTHER"
    stranger.SOPInstanceUID = stranger.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    stranger.StudyInstanceUID = generate_uid()
    buffer = io.BytesIO()
    stranger.save_as(buffer, enforce_file_format=True)
    orthanc.upload(buffer.getvalue())
    body = {"views": [study.lesion, Study(buffer.getvalue(), stranger, study.x, study.y).lesion]}
    answer = client.post(f"{URL}/views", json=body)
    (flag,) = answer.json()["flags"]
    assert (flag["code"], flag["facts"]) == ("views_mixed", {"patient": "differs", "study": "differs"})
    assert "PLANTED" not in answer.text
    refused = client.post(f"{URL}/views/sr", json=body)
    assert (refused.status_code, refused.json()["code"]) == (422, "sources_mixed")
    together = client.post(f"{URL}/views", json={"views": [study.lesion, study.lesion]}).json()
    assert together["flags"] == []


def test_nothing_planted_leaves_but_in_objects(
    client: TestClient, study: Study, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    with caplog.at_level("DEBUG"):
        answer = client.post(URL, json=study.lesion, params={"store": "sr"})
        refused = client.post(URL, json={**study.lesion, "x": 100000})
    metrics = client.get("/metrics").text
    audit = (tmp_path / "audit").read_text(encoding="utf-8")
    for text in (answer.text, refused.text, caplog.text, metrics, audit):
        assert "PLANTED" not in text
    for text in (refused.text, caplog.text, metrics):
        assert study.dataset.SOPInstanceUID not in text
    lines = [json.loads(line) for line in audit.splitlines()]
    assert {line["action"] for line in lines} == {"read", "store"}
    assert study.dataset.SOPInstanceUID in audit


def test_rights(make_client: Callable[..., TestClient], study: Study, orthanc: Orthanc, tmp_path: Path) -> None:
    path = tmp_path / "pacs.toml"
    path.write_text(orthanc.toml(), encoding="utf-8")
    keys = {name: new_key(name, rights) for name, rights in (("none", ()), ("reader", (Right.READ,)))}
    client = make_client(pacs_file=path, api_keys=tuple(entry for _, entry in keys.values()))

    def code(key: str, **request: Any) -> str | None:
        answer = client.post(URL, headers={"X-API-Key": keys[key][0]}, **request)
        code: str | None = answer.json().get("code")
        return code

    assert code("none", json=study.lesion) == "right_missing"
    assert code("none", files={"image": study.content}, data={"x": str(study.x), "y": str(study.y)}) is None
    assert code("reader", json=study.lesion) is None
    assert code("reader", json=study.lesion, params={"store": "sr"}) == "right_missing"
    assert client.get("/v1/pacs", headers={"X-API-Key": keys["none"][0]}).status_code == 403


def test_pacs_are_listed_without_addresses(client: TestClient, orthanc: Orthanc) -> None:
    answer = client.get("/v1/pacs")
    assert answer.json() == {"pacs": [{"name": "archive", "answers": True, "stores": True}]}
    assert str(orthanc.port) not in answer.text
    unknown = client.post(
        URL, json={"dicomweb": {"pacs": "other", "study": "1.2", "series": "1.2", "instance": "1.2"}, "x": 1, "y": 1}
    )
    assert (unknown.status_code, unknown.json()["code"]) == (404, "pacs_unknown")
