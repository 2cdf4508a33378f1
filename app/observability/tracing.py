"""One OpenTelemetry span a request, sent to a collector; only when CADX_OTLP_ENDPOINT is set and the extra is there.

The ids are those of the log and of the `traceparent` header, so that a span, a log line and an answer find each other.
"""

from typing import TYPE_CHECKING

from app.errors import TracingNotInstalled
from app.observability.request_context import RequestContext

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor
    from opentelemetry.trace import SpanContext

SAMPLED = 1


class Tracing:
    """Sends spans in the background.

    Parameters
    ----------
    endpoint
        URL of the collector (OTLP over HTTP).
    version
        Version of the service, told with every span.

    Raises
    ------
    TracingNotInstalled
        When the extra `otel` is not installed.
    """

    def __init__(self, endpoint: str, version: str) -> None:
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
        except ImportError:
            raise TracingNotInstalled from None
        self._resource = Resource.create({"service.name": "mammo-cadx", "service.version": version})
        self._processor: SpanProcessor = BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint))

    def record(self, context: RequestContext, method: str, route: str, status: int, start_ns: int, end_ns: int) -> None:
        """Send the span of a finished request, unless its caller's trace is not sampled."""
        from opentelemetry.sdk.trace import ReadableSpan
        from opentelemetry.trace import SpanKind, Status, StatusCode

        if context.parent_span_id and not int(context.trace_flags, 16) & SAMPLED:
            return
        attributes: dict[str, str | int | float] = {
            "http.request.method": method,
            "http.route": route,
            "http.response.status_code": status,
            "cadx.request_id": context.request_id,
            **{f"cadx.{name}": value for name, value in context.facts.items()},
        }
        if context.refusal_code:
            attributes["error.type"] = context.refusal_code
        parent = _context(context.trace_id, context.parent_span_id, remote=True) if context.parent_span_id else None
        span = ReadableSpan(
            name=f"{method} {route}",
            context=_context(context.trace_id, context.span_id, remote=False),
            parent=parent,
            resource=self._resource,
            attributes=attributes,
            kind=SpanKind.SERVER,
            status=Status(StatusCode.ERROR if status >= 500 else StatusCode.UNSET),
            start_time=start_ns,
            end_time=end_ns,
        )
        self._processor.on_end(span)

    def close(self) -> None:
        """Send what is left."""
        self._processor.shutdown()


def _context(trace_id: str, span_id: str, *, remote: bool) -> "SpanContext":
    from opentelemetry.trace import SpanContext, TraceFlags

    return SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=remote, trace_flags=TraceFlags(SAMPLED))
