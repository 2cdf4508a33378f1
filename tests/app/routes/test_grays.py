"""A kept image as a viewer gets it: described, and its grays."""

import gzip
import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pydicom
import pytest
from PIL import Image
from starlette.testclient import TestClient

from app.auth.api_keys import new_key
from app.images.cache import ImageCache
from app.images.held import HeldImage, Origin
from app.upload.body_buffer import ArrivingFile, BodyBuffer
from cadx.exchange.dicomweb import InstanceName
from cadx.mammogram import read_mammogram


def kept(client: TestClient, content: bytes, **options: Any) -> str:
    answer = client.post("/v1/images", files={"image": content}, **options)
    assert answer.status_code == 201, answer.text
    image_id: str = answer.json()["image_id"]
    return image_id


def changed(content: bytes, **elements: object) -> bytes:
    dataset = pydicom.dcmread(io.BytesIO(content))
    for name, value in elements.items():
        setattr(dataset, name, value)
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def expected(content: bytes, **options: Any) -> np.ndarray:
    """The model's grays of the whole image, by the science alone."""
    mammogram = read_mammogram(content, **options)
    gray = mammogram.pixels.window(0, mammogram.rows, 0, mammogram.columns).gray
    levels: np.ndarray = np.rint(gray * np.float32(65535)).astype(np.uint16)
    return levels


@pytest.mark.parametrize(
    "elements",
    [
        {},
        {"PhotometricInterpretation": "MONOCHROME1", "PresentationLUTShape": "INVERSE"},
        {"WindowCenter": 1500, "WindowWidth": 700, "VOILUTFunction": "SIGMOID"},
    ],
    ids=["as it is", "MONOCHROME1", "SIGMOID"],
)
def test_grays_are_the_model_s_own_whole_and_lossless(
    client: TestClient, sample: Any, elements: dict[str, object]
) -> None:
    content = changed(sample.content, **elements)
    image_id = kept(client, content)
    description = client.get(f"/v1/images/{image_id}").json()
    answer = client.get(f"/v1/images/{image_id}/grays")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-encoding"] == "gzip"
    grays = np.frombuffer(answer.content, dtype="<u2").reshape(description["rows"], description["columns"])
    assert np.array_equal(grays, expected(content))
    assert description["gray_max"] == 65535
    assert len(np.unique(grays)) == len(np.unique(expected(content)))


def test_they_are_compressed_for_those_who_take_it(client: TestClient, sample: Any) -> None:
    image_id = kept(client, sample.content)
    url = f"/v1/images/{image_id}/grays"
    plain = client.get(url, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.headers["vary"] == "Accept-Encoding"
    assert plain.headers["cache-control"] == "no-store"
    with client.stream("GET", url, headers={"Accept-Encoding": "gzip"}) as answer:
        raw = b"".join(answer.iter_raw())
    assert len(raw) < len(plain.content)
    assert gzip.decompress(raw) == plain.content


def test_a_description_tells_the_reading_and_nobody_s_name(client: TestClient, sample: Any) -> None:
    planted = {"PatientName": "PLANTED^NAME", "PatientID": "PLANTED-ID", "InstitutionName": "PLANTED-PLACE"}
    image_id = kept(client, changed(sample.content, **planted, BurnedInAnnotation="YES"))
    answer = client.get(f"/v1/images/{image_id}")
    assert "PLANTED" not in answer.text
    assert "PHANTOM" not in answer.text
    description = answer.json()
    assert description["reading"]["laterality"] in "LR"
    assert [flag["code"] for flag in description["flags"]] == ["burned_in_annotation"]
    assert description["spacing"]["row_mm"] > 0


def test_what_a_file_does_not_tell_can_be_given(client: TestClient) -> None:
    buffer = io.BytesIO()
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 255, (300, 200), dtype=np.uint8)).save(buffer, format="PNG")
    image_id = kept(client, buffer.getvalue())
    for path in ("", "/grays"):
        refused = client.get(f"/v1/images/{image_id}{path}")
        assert (refused.status_code, refused.json()["code"]) == (422, "missing_spacing")
    given = client.get(f"/v1/images/{image_id}", params={"pixel_spacing_mm": 0.1})
    assert given.json()["spacing"]["source"] == "caller"
    grays = client.get(f"/v1/images/{image_id}/grays", params={"pixel_spacing_mm": 0.1}).content
    assert np.array_equal(
        np.frombuffer(grays, dtype="<u2").reshape(300, 200), expected(buffer.getvalue(), pixel_spacing_mm=0.1)
    )


@pytest.mark.parametrize("path", ["", "/grays"])
def test_refusals(client: TestClient, sample: Any, path: str) -> None:
    image_id = kept(client, sample.content)
    for query, status, code in (
        ({"unheard": "1"}, 422, "invalid_request"),
        ({"frame": "2"}, 422, "frame_not_in_file"),
        ({"model": "other"}, 404, "model_unknown"),
    ):
        answer = client.get(f"/v1/images/{image_id}{path}", params=query)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    answer = client.get(f"/v1/images/unknown{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "image_expired")


def test_the_methods_of_an_image_are_told(client: TestClient) -> None:
    answer = client.options("/v1/images/some")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, DELETE")


def test_an_image_is_seen_by_its_sender_alone(make_client: Callable[..., TestClient], sample: Any) -> None:
    (a, a_entry), (b, b_entry) = new_key("a"), new_key("b")
    client = make_client(api_keys=(a_entry, b_entry))
    image_id = kept(client, sample.content, headers={"X-API-Key": a})
    for path in ("", "/grays"):
        url = f"/v1/images/{image_id}{path}"
        assert client.get(url, headers={"X-API-Key": a}).status_code == 200
        assert client.get(url, headers={"X-API-Key": b}).json()["code"] == "image_expired"
        assert client.get(url).json()["code"] == "key_missing"


def test_grays_count_as_memory_until_they_are_sent(make_client: Callable[..., TestClient], sample: Any) -> None:
    client = make_client(upload_memory_mb=1)
    refused = client.post("/v1/images", files={"image": bytes(2**21)})
    assert refused.json()["code"] == "upload_memory_full"
    buffer = io.BytesIO()
    Image.fromarray(np.tile(np.arange(1000, dtype=np.uint8), (1000, 1))).save(buffer, format="PNG")
    image_id = kept(client, buffer.getvalue())
    url = f"/v1/images/{image_id}/grays?pixel_spacing_mm=0.1"
    answer = client.get(url, headers={"Accept-Encoding": "identity"})
    assert (answer.status_code, answer.json()["code"]) == (503, "upload_memory_full")
    assert client.get(url, headers={"Accept-Encoding": "gzip"}).status_code == 200


def test_an_image_with_two_names_counts_once() -> None:
    file = ArrivingFile(BodyBuffer(2**20))
    file.append(bytes(2**20))
    image = HeldImage(file.complete(), Origin("archive", InstanceName("1.2", "1.3", "1.4")))
    cache = ImageCache(1, 1.0)
    cache.keep_fetched("a", image)
    image_id = cache.keep_sent("a", image)
    assert cache.used_bytes == 2**20
    assert cache.sent("a", image_id) is cache.fetched("a", Origin("archive", InstanceName("1.2", "1.3", "1.4")))
