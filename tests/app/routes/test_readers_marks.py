"""A reader's own outline and diameter over HTTP: in forms and JSON, in the id, the answer and the objects."""

import hashlib
import io
import json
import shutil
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pydicom
import pytest
from starlette.testclient import TestClient

from cadx.assessment import assess
from cadx.bundle import load_bundle
from cadx.mammogram import read_mammogram

if TYPE_CHECKING:
    from pathlib import Path

    from tests.app.conftest import Sample

URL = "/v1/predictions"
Document = dict[str, Any]


def outline(sample: "Sample", radius_px: float = 45.0) -> list[list[float]]:
    angle = np.arange(24) / 24 * 2 * np.pi
    x, y = sample.x + 8 + radius_px * np.cos(angle), sample.y - 6 + 0.8 * radius_px * np.sin(angle)
    points: list[list[float]] = np.stack([x, y], axis=1).round(2).tolist()
    return points


def ask(client: TestClient, sample: "Sample", path: str = "", **fields: Any) -> Document:
    response = client.post(URL + path, files=sample.files, data=fields)
    assert response.status_code == 200, response.text
    answer: Document = response.json()
    return answer


def refusal(client: TestClient, sample: "Sample", path: str = "", **fields: Any) -> str:
    response = client.post(URL + path, files=sample.files, data=fields)
    assert response.status_code == 422, response.text
    code: str = response.json()["code"]
    return code


def test_the_readers_outline_is_what_is_measured(client: TestClient, sample: "Sample", bundle_folder: "Path") -> None:
    contour = outline(sample)
    answer = ask(client, sample, contour=json.dumps(contour))
    bundle = load_bundle(bundle_folder)
    expected = assess(bundle, read_mammogram(sample.content, policy=bundle.policy), None, contour=contour)
    assert answer["segmentation"] == {"method": "reader", "outcome": "found"}
    assert answer["lesion_probability"] == expected.lesion_probability
    assert answer["cnn_probability"] == expected.cnn_probability
    assert answer["center"] == pytest.approx({"x": sample.x + 8, "y": sample.y - 6}, abs=0.01)
    automatic = ask(client, sample, **sample.data)
    assert automatic["segmentation"]["method"] != "reader"
    assert automatic["lesion_probability"] != answer["lesion_probability"]


def test_outline_and_diameter_are_part_of_the_question(client: TestClient, sample: "Sample") -> None:
    contour = outline(sample)
    asked = [
        sample.data,
        {**sample.data, "contour": json.dumps(contour)},
        {**sample.data, "contour": json.dumps(contour[1:])},
        {"contour": json.dumps(contour)},
        {**sample.data, "diameter_mm": "9"},
        {**sample.data, "diameter_mm": "10"},
    ]
    ids = [ask(client, sample, **fields)["id"] for fields in asked]
    assert len(set(ids)) == len(asked)
    assert ids == [ask(client, sample, **fields)["id"] for fields in asked]


def test_an_answers_own_outline_sent_back_gives_nearly_its_own_numbers(client: TestClient, sample: "Sample") -> None:
    automatic = ask(client, sample, **sample.data)
    back = ask(client, sample, **sample.data, contour=json.dumps(automatic["contour"]))
    assert back["cnn_probability"] == automatic["cnn_probability"]
    area = {feature["name"]: feature["value"] for feature in automatic["features"]}["area_mm2"]
    assert {feature["name"]: feature["value"] for feature in back["features"]}["area_mm2"] == pytest.approx(
        area, rel=0.01
    )
    assert back["lesion_probability"] == pytest.approx(automatic["lesion_probability"], abs=0.1)


def test_forms_and_json_say_the_same(make_client: Callable[..., TestClient], sample: "Sample") -> None:
    client = make_client(image_cache_mb=64)
    kept = {"image_id": client.post("/v1/images", files=sample.files).json()["image_id"]}
    contour = outline(sample)
    place = {"x": sample.x, "y": sample.y}

    def named(path: str, body: Document) -> Document:
        response = client.post(URL + path, json=body)
        assert response.status_code == 200, response.text
        answer: Document = response.json()
        return answer

    one = ask(client, sample, contour=json.dumps(contour))["id"]
    assert named("", {**kept, "contour": contour})["id"] == one
    steered = ask(client, sample, **sample.data, diameter_mm="9.5")["id"]
    assert named("", {**kept, **place, "diameter_mm": 9.5})["id"] == steered
    bare = client.post(
        URL,
        params={**place, "diameter_mm": 9.5},
        content=sample.content,
        headers={"Content-Type": "application/dicom"},
    )
    assert bare.json()["id"] == steered

    centers = [{**place, "contour": contour}, place, {"contour": contour}, {**place, "diameter_mm": 9.5}]
    several = named("/lesions", {**kept, "centers": centers})["predictions"]
    methods = [each["segmentation"]["method"] == "reader" for each in several]
    assert methods == [True, False, True, False]
    assert [several[2]["id"], several[3]["id"]] == [one, steered]
    form = ask(
        client,
        sample,
        "/lesions",
        x=[sample.data["x"]] * 3,
        y=[sample.data["y"]] * 3,
        contour=[json.dumps(contour), "null", "null"],
        diameter_mm=["null", "null", "9.5"],
    )["predictions"]
    assert [each["id"] for each in form] == [several[0]["id"], several[1]["id"], several[3]["id"]]
    views = named("/views", {"views": [{**kept, "contour": contour}, {**kept, **place}]})["views"]
    assert [view["id"] for view in views] == [one, several[1]["id"]]


def test_outlines_that_cannot_be_used_are_refused_by_name(client: TestClient, sample: "Sample") -> None:
    x, y = sample.x, sample.y
    crossing = [[x - 30, y - 30], [x + 30, y + 30], [x + 30, y - 30], [x - 30, y + 40]]
    for contour, code in (
        (crossing, "contour_self_crossing"),
        ([[x, y], [x, y], [x, y], [x + 1, y]], "contour_too_few_points"),
        ([[x, y], [x + 40, y], [99_999, y + 40]], "contour_outside_image"),
        (outline(sample, 3.0), "contour_too_small"),
    ):
        assert refusal(client, sample, contour=json.dumps(contour)) == code
    far = [[point[0] + 5, point[1]] for point in outline(sample)]
    code = refusal(client, sample, x="2", y="2", contour=json.dumps(far))
    assert code in {"contour_outside_region", "center_in_air"}


def test_what_is_no_outline_or_diameter_is_named(client: TestClient, sample: "Sample") -> None:
    contour = json.dumps(outline(sample))
    for fields, where in (
        ({}, "body.x"),
        ({"x": "5"}, "body.y"),
        ({"x": "5", "contour": contour}, "body.y"),
        ({"contour": "[[1, 2], [3"}, "body.contour"),
        ({"contour": "[[1, 2], [3, 4]]"}, "body.contour"),
        ({"contour": "[[1, 2], [3, 4], [5, -6]]"}, "body.contour.2.1"),
        ({**sample.data, "diameter_mm": "1.5"}, "body.diameter_mm"),
        ({**sample.data, "diameter_mm": "46"}, "body.diameter_mm"),
        ({"contour": contour, "diameter_mm": "9"}, "body.diameter_mm"),
    ):
        response = client.post(URL, files=sample.files, data=fields)
        assert response.status_code == 422
        assert response.json()["code"] == "invalid_request"
        assert where in response.text, (fields, response.text)
    two = {"x": [sample.data["x"]] * 2, "y": [sample.data["y"]] * 2}
    for more in ({"contour": [contour]}, {"diameter_mm": ["9"]}, {"contour": [contour] * 2, "diameter_mm": ["9"] * 2}):
        assert refusal(client, sample, "/lesions", **two, **more) == "invalid_request"


def test_objects_tell_that_a_reader_drew(client: TestClient, sample: "Sample") -> None:
    def segment(**fields: str) -> pydicom.Dataset:
        response = client.post(f"{URL}/seg", files=sample.files, data=fields)
        assert response.status_code == 200, response.text
        dataset = pydicom.dcmread(io.BytesIO(response.content))
        first: pydicom.Dataset = dataset.SegmentSequence[0]
        return first

    assert segment(**sample.data).SegmentAlgorithmType == "SEMIAUTOMATIC"
    drawn = segment(contour=json.dumps(outline(sample)))
    assert drawn.SegmentAlgorithmType == "MANUAL"
    assert "SegmentAlgorithmName" not in drawn
    report = client.post(f"{URL}/sr", files=sample.files, data={"contour": json.dumps(outline(sample))})
    assert "Outlined by a reader" in str(pydicom.dcmread(io.BytesIO(report.content)))


def test_robustness_comes_when_asked(client: TestClient, sample: "Sample") -> None:
    response = client.post(f"{URL}?include=robustness&include=timings", files=sample.files, data=sample.data)
    assert response.status_code == 200, response.text
    answer = response.json()
    discs = answer["robustness"]["discs"]
    assert [disc["radius_mm"] for disc in discs] == [1, 2, 3]
    for disc in discs:
        assert disc["points"] + disc["refused"] == 12
        for name in ("probability", "cnn_probability", "lesion_probability"):
            assert disc[name]["lowest"] <= answer[name] <= disc[name]["highest"]
    assert answer["timings_ms"]["robustness"] > 0
    assert "robustness" in client.get("/v1/models").json()["models"][0]["parts"]
    report = client.post(f"{URL}/sr?include=robustness", files=sample.files, data=sample.data)
    assert "mark moved by up to 3 mm" in str(pydicom.dcmread(io.BytesIO(report.content)))
    plain = client.post(f"{URL}/sr", files=sample.files, data=sample.data)
    assert "mark moved by" not in str(pydicom.dcmread(io.BytesIO(plain.content)))
    assert "mark moved by" in client.post(f"{URL}/fhir?include=robustness", files=sample.files, data=sample.data).text
    again = client.post(f"{URL}?include=robustness", files=sample.files, data=sample.data).json()
    assert again["robustness"] == answer["robustness"]
    assert "robustness" not in ask(client, sample, **sample.data)


def test_an_unstable_answer_is_flagged_where_the_model_knows_from_when_on(
    make_client: Callable[..., TestClient], sample: "Sample", bundle_folder: "Path", tmp_path: "Path"
) -> None:
    folder = shutil.copytree(bundle_folder, tmp_path / "models" / "small")
    facts = json.loads((folder / "cohort.json").read_text())
    content = json.dumps({**facts, "click": {"radius_mm": 2.0, "sd": 1e-9, "lesions": 12}}).encode()
    (folder / "cohort.json").write_bytes(content)
    manifest = json.loads((folder / "bundle.json").read_text())
    manifest["files"]["cohort.json"] = {"sha256": hashlib.sha256(content).hexdigest(), "size_bytes": len(content)}
    (folder / "bundle.json").write_text(json.dumps(manifest))
    client = make_client(models_dir=folder.parent)

    def flags(**query: str) -> dict[str, Document]:
        response = client.post(URL, params=query, files=sample.files, data=sample.data)
        assert response.status_code == 200, response.text
        return {flag["code"]: flag for flag in response.json()["flags"]}

    flag = flags(include="robustness")["unstable"]
    assert flag["facts"]["sd"] > flag["facts"]["limit"] == 1e-9
    assert "unstable" not in flags()
    report = client.post(f"{URL}/sr", params={"include": "robustness"}, files=sample.files, data=sample.data)
    assert report.status_code == 200
    assert b"Depends on the click" in report.content
