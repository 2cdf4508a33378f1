"""What a reader made of a prediction, with a live Orthanc: written, stored on request, read back."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pydicom
import pytest
from starlette.testclient import TestClient

from app.auth.api_keys import Right, new_key
from cadx.exchange import Category, ReaderAssessment, Verdict, read_annotation, read_verdict
from tests.app.routes.test_pacs import Study, client, study
from tests.conftest import Orthanc

__all__ = ["client", "study"]
URL = "/v1/verdicts"
Document = dict[str, Any]


def verdict(answer: Document, study: Study, **more: Any) -> Document:
    shown = {name: answer[name] for name in ("id", "probability", "model")}
    return {"lesion": study.lesion, "prediction": shown, "verdict": "accept", "reader": "Reader 7", **more}


def outline(study: Study) -> list[list[float]]:
    return [[study.x - 30, study.y - 20], [study.x + 30, study.y - 25], [study.x, study.y + 30]]


def test_a_verdict_is_stored_beside_our_report_and_read_back(
    client: TestClient, study: Study, orthanc: Orthanc, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    answer = client.post("/v1/predictions", json=study.lesion, params={"store": "sr"}).json()
    (report,) = answer["stored"]
    told = verdict(
        answer,
        study,
        verdict="modify",
        contour=outline(study),
        unaided={"category": "3", "probability": 0.1},
        final={"category": "4B"},
        report=report["instance"],
    )
    with caplog.at_level("DEBUG"):
        stored = client.post(URL, json=told)
    assert stored.status_code == 200, stored.text
    assert stored.json()["state"] == "stored"
    assert client.post(URL, json=told).json() == {**stored.json(), "state": "already_stored"}
    path = f"studies/{study.reference['study']}/series/{stored.json()['series']}"
    listed = httpx.get(f"{orthanc.dicomweb}/{path}/instances", auth=orthanc.auth, trust_env=False).json()
    assert [item["00080018"]["Value"] for item in listed] == [[stored.json()["instance"]]]
    content = client.post(f"{URL}/sr", json=told).content
    dataset = pydicom.dcmread(io.BytesIO(content))
    assert dataset.SOPInstanceUID == stored.json()["instance"]
    assert str(dataset.PatientID) == "PLANTED-ID"
    read = read_verdict(read_annotation(content))
    assert (read.prediction_id, read.model_digest) == (answer["id"], answer["model"]["digest"])
    assert read.probability == pytest.approx(answer["probability"], rel=1e-15)
    assert (read.verdict, read.reader) == (Verdict.MODIFY, "Reader 7")
    assert (read.final, read.unaided.category) == (ReaderAssessment(Category.C4B), Category.C3)
    assert read.contour is not None
    assert np.array_equal(read.contour, np.array(outline(study), dtype=np.float32))
    assert (read.study_uid, read.sop_instance_uid) == (study.reference["study"], study.reference["instance"])
    sr = pydicom.dcmread(io.BytesIO(client.post("/v1/predictions/sr", json=study.lesion).content))
    assert read.tracking_uid in str(sr), "the lesion of our own report"
    assert report["instance"] in str(dataset)
    audit = (tmp_path / "audit").read_text(encoding="utf-8")
    assert stored.json()["instance"] in audit
    for text in (caplog.text, audit, stored.text):
        assert "Reader 7" not in text
        assert "PLANTED" not in text


def test_a_lesion_that_was_asked_about_by_an_outline_has_its_own_mark(client: TestClient, study: Study) -> None:
    lesion = {"dicomweb": study.reference, "contour": outline(study)}
    answer = client.post("/v1/predictions", json=lesion).json()
    content = client.post(f"{URL}/sr", json={**verdict(answer, study), "lesion": lesion}).content
    read = read_verdict(read_annotation(content))
    assert (read.center.x, read.center.y) == pytest.approx((answer["center"]["x"], answer["center"]["y"]), abs=1e-4)
    sr = pydicom.dcmread(io.BytesIO(client.post("/v1/predictions/sr", json=lesion).content))
    assert read.tracking_uid in str(sr)


def test_what_makes_no_verdict_is_refused(client: TestClient, study: Study) -> None:
    answer = client.post("/v1/predictions", json=study.lesion).json()
    crossing = [[0, 0], [50, 50], [50, 0], [0, 60]]
    for more, code in (
        ({"verdict": "modify"}, "invalid_request"),
        ({"contour": outline(study)}, "invalid_request"),
        ({"verdict": "maybe"}, "invalid_request"),
        ({"reader": ""}, "invalid_request"),
        ({"reader": "a\\b"}, "invalid_request"),
        ({"final": {"category": "7"}}, "invalid_request"),
        ({"verdict": "reject", "contour": crossing}, "contour_self_crossing"),
        ({"report": "1.2.3"}, "instance_not_in_pacs"),
        ({"lesion": {**study.lesion, "dicomweb": {**study.reference, "pacs": "other"}}}, "pacs_unknown"),
    ):
        refused = client.post(URL, json=verdict(answer, study, **more))
        assert refused.json().get("code") == code, (more, refused.text)
    sent = client.post("/v1/images", files={"image": study.content}).json()["image_id"]
    kept = verdict(answer, study, lesion={"image_id": sent, "x": study.x, "y": study.y})
    assert client.post(f"{URL}/sr", json=kept).status_code == 200
    assert client.post(URL, json=kept).json()["code"] == "invalid_request"
    assert client.post(f"{URL}/sr", json={**kept, "report": "1.2.3"}).json()["code"] == "invalid_request"


def test_storing_needs_its_right(
    make_client: Callable[..., TestClient], study: Study, orthanc: Orthanc, tmp_path: Path
) -> None:
    path = tmp_path / "pacs.toml"
    path.write_text(orthanc.toml(), encoding="utf-8")
    keys = {name: new_key(name, rights) for name, rights in (("none", ()), ("reader", (Right.READ,)))}
    client = make_client(pacs_file=path, api_keys=tuple(entry for _, entry in keys.values()))
    headers = {name: {"X-API-Key": key} for name, (key, _) in keys.items()}
    answer = client.post("/v1/predictions", json=study.lesion, headers=headers["reader"]).json()
    told = verdict(answer, study)
    assert client.post(f"{URL}/sr", json=told, headers=headers["reader"]).status_code == 200
    assert client.post(URL, json=told, headers=headers["reader"]).json()["code"] == "right_missing"
    assert client.post(f"{URL}/sr", json=told, headers=headers["none"]).json()["code"] == "right_missing"
