"""Around every request: its id and trace, its time, the headers that keep a browser careful, and the last net."""

import logging
import time
from collections.abc import Collection, Mapping

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.auth.origins import check_host, check_origin
from app.errors import AccessError, InternalError, ThreadsExhausted, TooManyConnections
from app.observability.logging import exception_facts
from app.observability.metrics import Metrics
from app.observability.request_context import RequestContext, begin_request
from app.observability.tracing import Tracing
from app.problems import problem_response, status_of
from app.server.connections import OVER_LIMIT
from cadx.runtime.machine import lacks_threads

_LOG = logging.getLogger("app.access")
QUIET_ROUTES = frozenset({"/healthz", "/readyz", "/metrics"})
CLIENT_CLOSED = 499

SECURITY_HEADERS = {
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-resource-policy": b"same-origin",
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
    b"cache-control": b"no-store",
}


class RequestEnvelope:
    """ASGI middleware; see the module."""

    def __init__(
        self,
        application: ASGIApp,
        metrics: Metrics,
        tracing: Tracing | None = None,
        origins: Collection[str] = (),
        hosts: Collection[str] = (),
    ) -> None:
        self.application = application
        self.origins = frozenset(origins)
        self.hosts = frozenset(hosts)
        self.metrics = metrics
        self.tracing = tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.application(scope, receive, send)
            return
        headers = dict(scope["headers"])
        context = begin_request(_text(headers, b"x-request-id"), _text(headers, b"traceparent"))
        started = time.perf_counter()
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = _careful(message["headers"], context)
            await send(message)

        application = self.application
        if OVER_LIMIT in scope.get("state", ()) and scope["path"] not in QUIET_ROUTES:
            application = problem_response(TooManyConnections(scope["state"][OVER_LIMIT]), scope["path"])
        elif scope["path"] not in QUIET_ROUTES:
            try:
                check_host(_text(headers, b"host"), self.hosts)
                check_origin(_text(headers, b"origin"), _text(headers, b"host"), scope["scheme"], self.origins)
            except AccessError as error:
                application = problem_response(error, scope["path"])
        try:
            await application(scope, receive, send_with_headers)
        except ClientDisconnect:
            status, context.refusal_code = CLIENT_CLOSED, "client_disconnected"
        except Exception as error:  # noqa: BLE001 - the last net: logged without its message, answered as a problem
            refusal = ThreadsExhausted() if lacks_threads(error) else InternalError()
            _LOG.error("unexpected_error", extra={"facts": exception_facts(error)})
            if status == 0:
                await problem_response(refusal, scope["path"])(scope, receive, send_with_headers)
            status, context.refusal_code = status_of(type(refusal)), refusal.code
        finally:
            self._count(scope, context, status, time.perf_counter() - started)

    def _count(self, scope: Scope, context: RequestContext, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "unmatched")
        self.metrics.requests.labels(route, scope["method"], str(status)).inc()
        self.metrics.request_seconds.labels(route).observe(seconds)
        if self.tracing is not None and route not in QUIET_ROUTES:
            end_ns = time.time_ns()
            self.tracing.record(context, scope["method"], route, status, end_ns - round(1e9 * seconds), end_ns)
        if context.refusal_code:
            self.metrics.refusals.labels(context.refusal_code).inc()
        level = logging.DEBUG if route in QUIET_ROUTES and status < 400 else logging.INFO
        facts = {"method": scope["method"], "route": route, "status": status, "seconds": round(seconds, 4)}
        if context.key_name:
            facts["key"] = context.key_name
        if context.refusal_code:
            facts["code"] = context.refusal_code
        _LOG.log(level, "request", extra={"facts": facts | context.facts})


def _text(headers: Mapping[bytes, bytes], name: bytes) -> str:
    return headers.get(name, b"").decode("latin-1")


def _careful(headers: list[tuple[bytes, bytes]], context: RequestContext) -> list[tuple[bytes, bytes]]:
    present = {name.lower() for name, _ in headers}
    policy = next((value for name, value in headers if name.lower() == b"content-security-policy"), b"")
    if policy and b"frame-ancestors 'none'" not in policy:
        present.add(b"x-frame-options")  # A page may be framed by some, which the older header cannot say.
    added = [(name, value) for name, value in SECURITY_HEADERS.items() if name not in present]
    return [
        *headers,
        *added,
        (b"x-request-id", context.request_id.encode()),
        (b"traceparent", context.traceparent.encode()),
    ]
