"""Predictions over HTTP, in this process: what is answered, and what is refused."""

import base64
import gzip
import io
import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import numpy as np
import pydicom
import pytest
from PIL import Image
from starlette.testclient import TestClient

from cadx.assessment import assess
from cadx.bundle import load_bundle
from cadx.mammogram import ReadingPolicy, read_mammogram
from cadx.records import LesionCenter
from training.cohort.cases import Case

if TYPE_CHECKING:
    from tests.app.conftest import Sample

URL = "/v1/predictions"


def png(rows: int, columns: int) -> bytes:
    """A gray PNG with a bright disc in its middle and some texture."""
    y, x = np.mgrid[:rows, :columns]
    disc = 90 / (1 + np.exp((np.hypot(y - rows / 2, x - columns / 2) - 40) / 4))
    levels = (80 + disc + 10 * np.sin(x / 5) * np.cos(y / 9)).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(levels).save(buffer, format="PNG")
    return buffer.getvalue()


def test_answer_is_what_the_function_says(client: TestClient, sample: "Sample", bundle_folder: Path) -> None:
    answer = client.post(URL, files=sample.files, data=sample.data).json()
    bundle = load_bundle(bundle_folder)
    mammogram = read_mammogram(sample.content, policy=bundle.policy)
    expected = assess(bundle, mammogram, LesionCenter(sample.x, sample.y))
    assert answer["probability"] == expected.probability
    assert answer["cnn_probability"] == expected.cnn_probability
    assert answer["lesion_probability"] == expected.lesion_probability
    assert answer["calibrated_probability"] == expected.calibrated_probability
    assert math.isclose(
        answer["probability"], (answer["cnn_probability"] + answer["lesion_probability"]) / 2, abs_tol=1e-12
    )
    assert answer["contour"] == expected.contour.tolist()
    assert [(item["name"], item["value"], item["unit"]) for item in answer["features"]] == [
        (item.definition.name, item.value, item.definition.unit) for item in expected.features
    ]
    assert answer["model"] == {"name": "small", "version": bundle.manifest.version, "digest": bundle.digest}
    roi = expected.roi
    assert answer["center"] == {"x": sample.x, "y": sample.y}
    assert answer["region"] == {
        "size_px": 512,
        "spacing_mm": 0.1,
        "center": {"x": math.floor(sample.x + 0.5), "y": math.floor(sample.y + 0.5)},
        "padded_share": roi.padded_share,
        "tissue_share": roi.tissue_share,
    }
    assert answer["image"]["spacing"]["source"] == mammogram.spacing.source
    assert [flag["code"] for flag in answer["flags"]] == [flag.code for flag in expected.flags]
    assert {"queue", "read"} < set(answer["timings_ms"])


def test_answer_says_what_it_is_not(client: TestClient, sample: "Sample") -> None:
    answer = client.post(URL, files=sample.files, data=sample.data).json()
    assert answer["research_use_only"] is True
    assert answer["demonstration_only"] is True
    said = " ".join(answer["notices"]).lower()
    assert "research use only" in said
    assert "not pretrained, demonstration only" in said


def test_form_and_bare_file_give_the_same_answer_and_id_again_and_again(client: TestClient, sample: "Sample") -> None:
    def without_timings(answer: dict[str, object]) -> dict[str, object]:
        return {name: value for name, value in answer.items() if name != "timings_ms"}

    form = without_timings(client.post(URL, files=sample.files, data=sample.data).json())
    again = without_timings(client.post(URL, files=sample.files, data=sample.data).json())
    query = {"x": sample.x, "y": sample.y}
    bare = [
        without_timings(client.post(URL, params=query, content=sample.content, headers={"Content-Type": kind}).json())
        for kind in ("application/dicom", "image/png", "application/octet-stream")
    ]
    assert form == again
    assert [form] * 3 == bare


@pytest.mark.parametrize("change", ["x", "pixel", "frame"])
def test_another_question_has_another_id(client: TestClient, change: str) -> None:
    image = png(600, 600)
    question = {"x": "300", "y": "300", "pixel_spacing_mm": "0.1"}
    first = client.post(URL, files={"image": image}, data=question).json()["id"]
    if change == "x":
        other = client.post(URL, files={"image": image}, data={**question, "x": "301"})
    elif change == "pixel":
        other = client.post(URL, files={"image": png(601, 600)}, data=question)
    else:
        other = client.post(URL, files={"image": image}, data={**question, "pixel_spacing_mm": "0.11"})
    assert other.json()["id"] != first


def test_other_gray_levels_than_the_models_are_refused_unless_it_allows_them(
    client: TestClient, sample: "Sample", monkeypatch: pytest.MonkeyPatch
) -> None:
    own = client.post(URL, files=sample.files, data=sample.data).json()
    same = client.post(URL, files=sample.files, data={**sample.data, "voi": "file"}).json()
    assert (same["id"], same["probability"]) == (own["id"], own["probability"])
    refused = client.post(URL, files=sample.files, data={**sample.data, "voi": "full_range"})
    assert (refused.status_code, refused.json()["code"]) == (422, "voi_override_not_allowed")
    unknown = client.post(URL, files=sample.files, data={**sample.data, "voi": "brightest"})
    assert (unknown.status_code, unknown.json()["code"]) == (422, "invalid_request")
    with_voi = ReadingPolicy.with_voi
    allowing = ReadingPolicy(allow_voi_override=True)
    monkeypatch.setattr(ReadingPolicy, "with_voi", lambda policy, voi: with_voi(allowing, voi))
    query: dict[str, float | str] = {"x": sample.x, "y": sample.y, "voi": "full_range"}
    bare = client.post(URL, params=query, content=sample.content, headers={"Content-Type": "application/dicom"})
    assert bare.status_code == 200, bare.text
    assert bare.json()["id"] != own["id"]
    assert "voi_overridden" in {flag["code"] for flag in bare.json()["flags"]}


def test_dicom_and_png_of_the_same_image_agree(client: TestClient, unseen_phantom: Case) -> None:
    dataset = pydicom.dcmread(unseen_phantom.image)
    levels = dataset.pixel_array.astype(np.uint16) * 3
    for keyword in ("WindowCenter", "WindowWidth", "VOILUTFunction", "PresentationLUTShape"):
        delattr(dataset, keyword)
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsStored, dataset.HighBit = 16, 15
    dataset.ImagerPixelSpacing = [0.1, 0.1]
    dataset.PixelData = levels.tobytes()
    dicom, picture = io.BytesIO(), io.BytesIO()
    dataset.save_as(dicom)
    Image.fromarray(levels).save(picture, format="PNG")
    data = {"x": str(unseen_phantom.center.x), "y": str(unseen_phantom.center.y), "pixel_spacing_mm": "0.1"}
    answers = [client.post(URL, files={"image": file.getvalue()}, data=data).json() for file in (dicom, picture)]
    assert [answer["image"]["file_format"] for answer in answers] == ["dicom", "png"]
    for name in ("probability", "cnn_probability", "lesion_probability"):
        assert answers[0][name] == pytest.approx(answers[1][name], abs=1e-6)


def test_only_included_parts_are_in_the_answer(client: TestClient, sample: "Sample") -> None:
    def keys(**query: str | list[str]) -> set[str]:
        answer = client.post(URL, files=sample.files, data=sample.data, params=query).json()
        return {"features", "contour", "timings_ms"} & set(answer) | {"thumbnail"} & (
            {"thumbnail"} if "thumbnail_png" in answer["region"] else set()
        )

    assert keys() == {"features", "contour", "timings_ms"}
    assert keys(include="contour") == {"contour"}
    assert keys(include=["features", "timings"]) == {"features", "timings_ms"}
    assert keys(include="thumbnail") == {"thumbnail"}


def test_thumbnail_is_the_region(client: TestClient, sample: "Sample", bundle_folder: Path) -> None:
    answer = client.post(URL, files=sample.files, data=sample.data, params={"include": "thumbnail"}).json()
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(answer["region"]["thumbnail_png"]))))
    bundle = load_bundle(bundle_folder)
    mammogram = read_mammogram(sample.content, policy=bundle.policy)
    gray = assess(bundle, mammogram, LesionCenter(sample.x, sample.y)).roi.gray
    assert shown.shape == (512, 512)
    assert np.abs(shown / 255 - gray).max() <= 0.5 / 255 + 1e-6


def test_border_and_small_images_are_answered_with_a_flag(client: TestClient, unseen_phantom: Case) -> None:
    levels = pydicom.dcmread(unseen_phantom.image).pixel_array.astype(np.uint16) * 4
    x, y = round(unseen_phantom.center.x), round(unseen_phantom.center.y)
    shares = []
    for left, right in ((250, 250), (5, 263)):
        crop = np.ascontiguousarray(levels[y - 250 : y + 250, x - left : x + right])
        buffer = io.BytesIO()
        Image.fromarray(crop).save(buffer, format="PNG")
        data = {"x": str(left), "y": "250", "pixel_spacing_mm": "0.1"}
        answer = client.post(URL, files={"image": buffer.getvalue()}, data=data)
        assert answer.status_code == 200, answer.text
        assert "roi_padded" in [flag["code"] for flag in answer.json()["flags"]]
        shares.append(answer.json()["region"]["padded_share"])
    assert shares == pytest.approx([1 - 500 * 500 / 512**2, 1 - 500 * 261 / 512**2], abs=0.01)


def test_several_lesions_are_each_what_they_are_alone(client: TestClient, sample: "Sample") -> None:
    centers = [(sample.x, sample.y), (300.0, 500.0), (sample.x, sample.y)]
    together = client.post(
        f"{URL}/lesions",
        files=sample.files,
        data={"x": [str(x) for x, _ in centers], "y": [str(y) for _, y in centers]},
        params={"include": "contour"},
    ).json()["predictions"]
    alone = [
        client.post(URL, files=sample.files, data={"x": str(x), "y": str(y)}, params={"include": "contour"}).json()
        for x, y in centers
    ]
    assert together == alone


def test_views_are_averaged(client: TestClient, sample: "Sample") -> None:
    image = png(600, 600)
    files = [("image", sample.content), ("image", image)]
    # The first view's file tells its own spacing, which the caller's must not contradict.
    answer = client.post(
        f"{URL}/views", files=files, data={"x": [str(sample.x), "300"], "y": [str(sample.y), "300"],
                                           "pixel_spacing_mm": ["0.1", "0.1"]},
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    document = answer.json()
    for name in ("probability", "cnn_probability", "lesion_probability", "calibrated_probability"):
        assert document[name] == pytest.approx(np.mean([view[name] for view in document["views"]]), abs=1e-12)
    assert [view["image"]["file_format"] for view in document["views"]] == ["dicom", "png"]


def refusal(response: httpx2.Response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == response.status_code
    assert problem["type"] == f"urn:mammo-cadx:problem:{problem['code']}"
    assert problem["request_id"] == response.headers["x-request-id"]
    assert problem["title"]
    assert problem["detail"]
    assert problem["remedy"]
    return response.status_code, problem["code"]


def test_bad_images_are_refused_by_name(client: TestClient, sample: "Sample") -> None:
    def send(image: bytes, **data: str) -> tuple[int, str]:
        return refusal(client.post(URL, files={"image": image}, data={**sample.data, **data}))

    assert send(b"not an image at all") == (415, "unknown_image_format")
    assert send(sample.content[: len(sample.content) // 2]) == (422, "truncated_image")
    assert send(png(600, 600)) == (422, "missing_spacing")
    assert send(sample.content, x="100000") == (422, "center_outside_image")
    assert send(png(600, 600), pixel_spacing_mm="9") == (422, "implausible_spacing")
    assert send(sample.content, pixel_spacing_mm="0.5") == (422, "spacing_conflict")
    assert send(sample.content, frame="9") == (422, "frame_not_in_file")


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"x": "left"}, "body.x"),
        ({"x": "nan"}, "body.x"),
        ({"x": "inf"}, "body.x"),
        ({"x": "-1"}, "body.x"),
        ({"x": ["1", "2"]}, "body.x"),
        ({"x": None}, "body.x"),
        ({"pixel_spacing_mm": "0"}, "body.pixel_spacing_mm"),
        ({"frame": "0"}, "body.frame"),
        ({"frame": "1.5"}, "body.frame"),
        ({"pixel_spacing": "0.1"}, "body.pixel_spacing"),
    ],
)
def test_bad_parameters_are_named(client: TestClient, sample: "Sample", changes: dict[str, object], where: str) -> None:
    data = {name: value for name, value in {**sample.data, **changes}.items() if value is not None}
    response = client.post(URL, files=sample.files, data=data)
    assert refusal(response) == (422, "invalid_request")
    assert [problem["where"] for problem in response.json()["facts"]["problems"]] == [where]


def test_a_value_that_was_refused_is_not_echoed(client: TestClient, sample: "Sample") -> None:
    response = client.post(URL, files=sample.files, data={**sample.data, "x": "DOE^JANE"})
    assert "DOE" not in response.text


@pytest.mark.parametrize("query", [{"x": "1"}, {"include": "everything"}, {"models": "demo"}, {"frame": "none"}])
def test_bad_query_is_refused(client: TestClient, sample: "Sample", query: dict[str, str]) -> None:
    response = client.post(URL, files=sample.files, data=sample.data, params=query)
    assert refusal(response) == (422, "invalid_request")
    assert next(iter(query)) in response.json()["facts"]["problems"][0]["where"]


def test_bodies_that_are_no_form_with_an_image_are_refused(client: TestClient, sample: "Sample") -> None:
    def send(**request: object) -> tuple[int, str]:
        return refusal(client.post(URL, params={"x": "1", "y": "1"}, **request))  # type: ignore[arg-type]

    kind = {"Content-Type": "multipart/form-data; boundary=b"}
    assert send(json={"x": 1}) == (422, "invalid_request")
    assert send(content=b"x: 1", headers={"Content-Type": "application/yaml"}) == (415, "body_type_unsupported")
    assert send(content=b"1", headers={"Content-Type": ""}) == (415, "body_type_unsupported")
    assert send(content=b"", headers={"Content-Type": "image/png"}) == (422, "invalid_request")
    assert send(content=b"junk", headers={"Content-Type": "multipart/form-data"}) == (400, "body_unreadable")
    assert send(content=b"junk", headers=kind) == (400, "body_unreadable")
    assert send(content=b"--b--\r\n", headers=kind) == (422, "invalid_request")
    assert send(data={"image": "text"}, files={}) == (415, "body_type_unsupported")
    assert refusal(client.post(URL, files={"picture": b"1"}, data=sample.data)) == (422, "invalid_request")
    assert refusal(client.post(URL, files={"image": b""}, data=sample.data)) == (422, "invalid_request")
    two = [("image", b"1"), ("image", b"2")]
    assert refusal(client.post(URL, files=two, data=sample.data)) == (422, "invalid_request")
    empty = b'--b\r\nContent-Disposition: form-data; name="image"\r\n\r\n\r\n--b--\r\n'
    assert refusal(client.post(URL, content=empty, headers=kind)) == (422, "invalid_request")


@pytest.mark.parametrize("file_name", [b"", b"; filename*=UTF-8''a.dcm"])
def test_a_file_part_needs_no_file_name(client: TestClient, sample: "Sample", file_name: bytes) -> None:
    start = b"--b\r\nContent-Disposition: form-data; name="
    content = start + b'"image"' + file_name + b"\r\nContent-Type: application/dicom\r\n\r\n" + sample.content
    for name, value in sample.data.items():
        content += b"\r\n" + start + f'"{name}"\r\n\r\n{value}'.encode()
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = client.post(URL, content=content + b"\r\n--b--\r\n", headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.json()["id"] == client.post(URL, files=sample.files, data=sample.data).json()["id"]


def test_an_empty_optional_field_is_one_not_given(client: TestClient, sample: "Sample") -> None:
    empty = {"pixel_spacing_mm": "", "frame": ""}
    plain = client.post(URL, files=sample.files, data=sample.data).json()
    for path in ("", "/lesions", "/views"):
        answer = client.post(f"{URL}{path}", files=sample.files, data=sample.data | empty)
        assert answer.status_code == 200, answer.text
    assert client.post(URL, files=sample.files, data=sample.data | empty).json()["id"] == plain["id"]
    needed = client.post(URL, files=sample.files, data={"x": "", "y": "1"}).json()
    assert needed["facts"]["problems"] == [{"where": "body.x", "message": "Field required"}]
    unknown = client.post(URL, files=sample.files, data=sample.data | {"spacing": ""}).json()
    assert [problem["where"] for problem in unknown["facts"]["problems"]] == ["body.spacing"]


@pytest.mark.parametrize("encoding", ["gzip", "deflate, gzip", "br"])
def test_a_compressed_body_is_named_as_such(client: TestClient, sample: "Sample", encoding: str) -> None:
    content = gzip.compress(sample.content)
    headers = {"Content-Type": "application/dicom", "Content-Encoding": encoding}
    answer = client.post(URL, content=content, params=sample.data, headers=headers)
    assert refusal(answer) == (415, "body_encoding_unsupported")
    assert answer.headers["accept-encoding"] == "identity"
    assert answer.json()["facts"] == {"encoding": encoding}
    headers["Content-Encoding"] = "Identity"
    assert client.post(URL, content=sample.content, params=sample.data, headers=headers).status_code == 200


def test_lists_must_match(make_client: Callable[..., TestClient], sample: "Sample") -> None:
    client = make_client(max_lesions=2)

    def lesions(**data: object) -> tuple[int, str]:
        return refusal(client.post(f"{URL}/lesions", files=sample.files, data=data))

    assert lesions(x=["1", "2"], y=["1"]) == (422, "invalid_request")
    assert lesions(x=["1", "2", "3"], y=["1", "2", "3"]) == (422, "invalid_request")
    assert lesions() == (422, "invalid_request")
    assert lesions(x=[str(sample.x), "99999"], y=[str(sample.y), "1"]) == (422, "center_outside_image")
    files = [("image", sample.content), ("image", sample.content)]
    for data in ({"x": ["1"], "y": ["1", "2"]}, {"x": ["1", "2"], "y": ["1", "2"], "frame": ["1", "1", "1"]}):
        assert refusal(client.post(f"{URL}/views", files=files, data=data)) == (422, "invalid_request")
    bare = client.post(f"{URL}/lesions", content=sample.content, headers={"Content-Type": "application/dicom"})
    assert refusal(bare) == (415, "body_type_unsupported")


def test_unknown_model(client: TestClient, sample: "Sample") -> None:
    response = client.post(URL, files=sample.files, data=sample.data, params={"model": "other"})
    assert refusal(response) == (404, "model_unknown")
    assert response.json()["facts"]["loaded"] == ["small"]


def test_body_over_the_cap_is_refused(make_client: Callable[..., TestClient], sample: "Sample") -> None:
    client = make_client(max_body_mb=1)
    big = b"\0" * (2 * 2**20)
    assert refusal(client.post(URL, files={"image": big}, data=sample.data)) == (413, "body_too_large")
    chunked = client.post(URL, params=sample.data, content=iter([big]), headers={"Content-Type": "application/dicom"})
    assert refusal(chunked) == (413, "body_too_large")


def test_bodies_together_over_the_memory_are_refused(make_client: Callable[..., TestClient], sample: "Sample") -> None:
    client = make_client(upload_memory_mb=1)
    big = b"\0" * (2 * 2**20)
    response = client.post(URL, files={"image": big}, data=sample.data)
    assert refusal(response) == (503, "upload_memory_full")
    assert response.headers["Retry-After"] == "1"
    # What a refused request held is free again.
    assert client.post(URL, files=sample.files, data=sample.data).status_code in {200, 503}
    assert "cadx_upload_bytes 0.0" in client.get("/metrics").text


def test_images_over_the_pixel_limit_are_refused_before_decoding(make_client: Callable[..., TestClient]) -> None:
    client = make_client(max_megapixels=1)
    data = {"x": "10", "y": "10", "pixel_spacing_mm": "0.1"}
    # The file declares a huge image and holds next to none of it.
    response = client.post(URL, files={"image": b"P5 30000 30000 255\n" + b"\0" * 100}, data=data)
    assert refusal(response) == (413, "image_too_large")
