from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient

from app.main import create_app
from app.service import Service
from app.settings import Settings

if TYPE_CHECKING:
    from tests.app.conftest import Sample


def test_alive_and_ready(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "alive"}
    ready = client.get("/readyz")
    assert ready.status_code == 200
    assert [model["name"] for model in ready.json()["models"]] == ["small"]


def test_not_ready_before_a_model_is_loaded_nor_while_shutting_down(
    settings: Settings, make_client: Callable[..., TestClient]
) -> None:
    unstarted = TestClient(create_app(settings))
    assert unstarted.get("/healthz").status_code == 200
    response = unstarted.get("/readyz")
    assert (response.status_code, response.json()["code"]) == (503, "not_ready")
    assert response.headers["retry-after"] == "1"
    assert unstarted.post("/v1/predictions", files={"image": b"1"}).json()["code"] == "not_ready"
    client = make_client()
    service: Service = client.app.state.service  # type: ignore[attr-defined]
    service.draining = True
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").status_code == 200


def test_metrics_count_what_happens(make_client: Callable[..., TestClient], sample: "Sample") -> None:
    client = make_client()
    client.post("/v1/predictions", files=sample.files, data=sample.data)
    client.post("/v1/predictions", files={"image": b"not an image"}, data=sample.data)
    text = client.get("/metrics").text
    assert 'cadx_requests_total{method="POST",route="/v1/predictions",status="200"} 1.0' in text
    assert 'cadx_refusals_total{code="unknown_image_format"} 1.0' in text
    assert 'cadx_model_info{demonstration_only="true",' in text
    for stage in ("upload", "queue", "read", "roi"):
        assert f'cadx_stage_seconds_count{{stage="{stage}"}}' in text
    for method in ("ensemble", "cnn", "lesion"):
        assert f'method="{method}",model="small"}} 1.0' in text
    assert "cadx_jobs_waiting 0.0" in text
    assert "_created" not in text


def test_paths_and_methods_that_are_not_there(client: TestClient) -> None:
    missing = client.get("/v2/predictions")
    assert (missing.status_code, missing.json()["code"]) == (404, "path_unknown")
    wrong = client.get("/v1/predictions")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "method_not_allowed")
    assert wrong.headers["allow"] == "POST"
    assert wrong.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_health_pages_answer_head(client: TestClient, path: str) -> None:
    asked = client.head(path)
    assert (asked.status_code, asked.headers["content-type"]) == (200, client.get(path).headers["content-type"])
    assert client.delete(path).headers["allow"] == "GET, HEAD"
    assert client.head("/v1/models").status_code == 405


def test_a_refusal_for_want_of_threads_says_so(
    make_client: Callable[..., TestClient], sample: "Sample", monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("can't start new thread")

    client = make_client()
    monkeypatch.setattr("app.images.held.read_mammogram", fail)
    response = client.post("/v1/predictions", files=sample.files, data=sample.data)
    assert (response.status_code, response.json()["code"]) == (503, "threads_exhausted")
    assert "raise the limit" in response.json()["remedy"]


def test_every_answer_is_careful_and_named(client: TestClient) -> None:
    for path in ("/healthz", "/nothing", "/openapi.json", "/docs"):
        headers = client.get(path, headers={"X-Request-ID": "mine-1"}).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["x-request-id"] == "mine-1"
        assert "server" not in headers


def test_viewers_are_let_in_by_origin_only(make_client: Callable[..., TestClient]) -> None:
    client = make_client(cors_origins=("https://viewer.example",))
    wanted = "x-api-key,traceparent,tracestate,baggage"
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": wanted}
    friend = client.options("/v1/predictions", headers={"Origin": "https://viewer.example", **asked})
    assert friend.status_code == 200
    assert friend.headers["access-control-allow-origin"] == "https://viewer.example"
    assert {"tracestate", "baggage"} <= set(friend.headers["access-control-allow-headers"].split(", "))
    stranger = client.options("/v1/predictions", headers={"Origin": "https://other.example", **asked})
    assert "access-control-allow-origin" not in stranger.headers


def test_a_fault_of_the_service_is_a_problem_that_tells_nothing(
    make_client: Callable[..., TestClient],
    sample: "Sample",
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("DOE^JANE")

    client = make_client()
    monkeypatch.setattr("app.images.held.read_mammogram", fail)
    response = client.post("/v1/predictions", files=sample.files, data=sample.data)
    assert (response.status_code, response.json()["code"]) == (500, "internal_error")
    assert response.headers["content-type"] == "application/problem+json"
    assert "DOE" not in response.text
    assert "DOE" not in caplog.text
    assert 'cadx_refusals_total{code="internal_error"} 1.0' in client.get("/metrics").text
