"""Images that are sent once, and who may send a browser here."""

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.auth.api_keys import new_key
from app.errors import ImageExpired, KeysNeeded
from app.images.cache import ImageCache
from app.images.held import HeldImage
from app.service import make_service
from app.settings import Settings
from app.upload.body_buffer import ArrivingFile, BodyBuffer

URL = "/v1/predictions"


def test_an_image_is_sent_once(client: TestClient, sample: Any) -> None:
    kept = client.post("/v1/images", files=sample.files)
    assert kept.status_code == 201
    body = {"image_id": kept.json()["image_id"], "x": sample.x, "y": sample.y}
    sent = client.post(URL, files=sample.files, data=sample.data).json()
    asked = client.post(URL, json=body).json()
    assert {**asked, "timings_ms": 0} == {**sent, "timings_ms": 0}
    assert client.delete(f"/v1/images/{body['image_id']}").status_code == 204
    answer = client.post(URL, json=body)
    assert (answer.status_code, answer.json()["code"]) == (404, "image_expired")
    assert client.delete(f"/v1/images/{body['image_id']}").status_code == 404


def test_an_image_is_its_sender_s_alone(make_client: Callable[..., TestClient], sample: Any) -> None:
    (a, a_entry), (b, b_entry) = new_key("a"), new_key("b")
    client = make_client(api_keys=(a_entry, b_entry))
    image_id = client.post("/v1/images", files=sample.files, headers={"X-API-Key": a}).json()["image_id"]
    body = {"image_id": image_id, "x": sample.x, "y": sample.y}
    assert client.post(URL, json=body, headers={"X-API-Key": a}).status_code == 200
    assert client.post(URL, json=body, headers={"X-API-Key": b}).json()["code"] == "image_expired"


def test_keeping_can_be_turned_off(make_client: Callable[..., TestClient], sample: Any) -> None:
    client = make_client(image_cache_mb=0)
    assert client.post("/v1/images", files=sample.files).json()["code"] == "images_not_kept"
    assert client.post(URL, json={"image_id": "x", "x": 1, "y": 1}).json()["code"] == "images_not_kept"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"image_id": "a"},
        {"image_id": "a", "x": 1},
        {"image_id": "a", "x": 1, "y": 1, "unheard": 1},
        {"image_id": "a", "x": "1e999", "y": 1},
        {"image_id": "a", "dicomweb": {"pacs": "p", "study": "1", "series": "1", "instance": "1"}, "x": 1, "y": 1},
        {"dicomweb": {"pacs": "p", "study": "1/..", "series": "1", "instance": "1"}, "x": 1, "y": 1},
        {"dicomweb": {"pacs": "http://x", "study": "http://x", "series": "1", "instance": "1"}, "x": 1, "y": 1},
        {"image_id": "a", "annotation": {"series": "1", "instance": "1"}},
        [],
    ],
)
def test_a_body_that_names_no_image_is_refused(client: TestClient, body: object) -> None:
    answer = client.post(URL, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


def image_of(size_bytes: int) -> HeldImage:
    file = ArrivingFile(BodyBuffer(size_bytes))
    file.append(bytes(size_bytes))
    return HeldImage(file.complete())


def test_the_cache_is_bounded_in_bytes_and_minutes() -> None:
    now = [0.0]
    cache = ImageCache(3, 1.0, clock=lambda: now[0])
    names = [cache.keep_sent("a", image_of(2**20)) for _ in range(4)]
    assert cache.used_bytes <= 3 * 2**20
    with pytest.raises(ImageExpired):
        cache.sent("a", names[0])
    now[0] = 50
    cache.sent("a", names[1])
    now[0] = 90
    cache.sent("a", names[1])
    with pytest.raises(ImageExpired):
        cache.sent("a", names[2])
    assert cache.used_bytes == 2**20


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://testserver.evil.example"])
def test_pages_of_another_origin_are_refused(client: TestClient, sample: Any, origin: str) -> None:
    answer = client.post(URL, files=sample.files, data=sample.data, headers={"Origin": origin})
    assert (answer.status_code, answer.json()["code"]) == (403, "origin_refused")


def test_pages_of_its_own_and_of_listed_origins_are_served(make_client: Callable[..., TestClient], sample: Any) -> None:
    client = make_client(cors_origins=("https://viewer.example",))
    for origin in ("http://testserver", "https://viewer.example"):
        answer = client.post(URL, files=sample.files, data=sample.data, headers={"Origin": origin})
        assert answer.status_code == 200


def test_a_name_that_nobody_gave_it_is_refused(make_client: Callable[..., TestClient]) -> None:
    client = make_client(hosts=("cadx.hospital.example",))
    for host, status in (
        ("evil.example", 421),
        ("localhost.evil.example:8000", 421),
        ("127.0.0.1:8000", 200),
        ("[::1]:8000", 200),
        ("localhost", 200),
        ("cadx", 200),
        ("CADX.hospital.example", 200),
    ):
        assert client.get("/v1/models", headers={"Host": host}).status_code == status, host
    assert client.get("/healthz", headers={"Host": "evil.example"}).status_code == 200


def test_a_service_with_a_pacs_is_not_open_to_the_network(tmp_path: Any) -> None:
    path = tmp_path / "pacs.toml"
    path.write_text('[a]\nurl = "http://127.0.0.1:1"\n', encoding="utf-8")
    with pytest.raises(KeysNeeded):
        make_service(Settings(pacs_file=path, host="0.0.0.0"))
