"""Spans, read by a collector of our own on loopback."""

import gzip
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from starlette.testclient import TestClient

from app.errors import TracingNotInstalled
from app.observability.tracing import Tracing

if TYPE_CHECKING:
    from tests.app.conftest import Sample

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.fixture
def collector() -> Iterator[tuple[str, list[Any]]]:
    spans: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                for scope in resource.scope_spans:
                    spans.extend(scope.spans)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1/traces", spans
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_request_is_a_span_of_its_callers_trace(
    make_client: Callable[..., TestClient], collector: tuple[str, list[Any]], sample: "Sample"
) -> None:
    endpoint, spans = collector
    client = make_client(otlp_endpoint=endpoint)
    for flags in ("01", "00"):
        headers = {"traceparent": f"00-{TRACE}-{PARENT}-{flags}", "X-Request-ID": f"reader-{flags}"}
        answer = client.post("/v1/predictions", files=sample.files, data=sample.data, headers=headers)
    client.post("/v1/predictions", files={"image": b"no image"}, data=sample.data)
    client.get("/healthz")
    service = client.app.state.service  # type: ignore[attr-defined]
    service.tracing.close()
    assert [span.name for span in spans] == ["POST /v1/predictions"] * 2
    span, refused = spans
    assert span.trace_id.hex() == TRACE
    assert span.parent_span_id.hex() == PARENT
    assert span.end_time_unix_nano > span.start_time_unix_nano
    attributes = {item.key: item.value for item in span.attributes}
    assert attributes["http.response.status_code"].int_value == 200
    assert attributes["cadx.request_id"].string_value == "reader-01"
    assert attributes["cadx.model"].string_value == "small"
    assert attributes["cadx.roi_ms"].double_value > 0
    assert answer.headers["traceparent"].split("-")[1] == TRACE
    assert {item.key: item.value.string_value for item in refused.attributes}["error.type"] == "unknown_image_format"


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.resources", None)
    with pytest.raises(TracingNotInstalled):
        Tracing("http://127.0.0.1:9/v1/traces", "1")
