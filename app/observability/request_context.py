"""The request in flight: its id, its trace, its caller, known wherever its work is done."""

import re
import secrets
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

_TRACEPARENT = re.compile(r"00-(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(slots=True)
class RequestContext:
    """What is known of the request in flight, for the log and the metrics.

    Attributes
    ----------
    request_id
        Given by the caller (X-Request-ID) or made here.
    trace_id, parent_span_id, span_id, trace_flags
        W3C Trace Context.
    key_name
        Name of the API key, when there is one.
    refusal_code
        Code of the problem that the request ended with.
    facts
        Further facts of the answer: model, flags, stages.
    """

    request_id: str = "-"
    trace_id: str = ""
    parent_span_id: str = ""
    span_id: str = ""
    trace_flags: str = "00"
    key_name: str = ""
    refusal_code: str = ""
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def traceparent(self) -> str:
        """The header that tells the caller which trace and span this request was."""
        return f"00-{self.trace_id}-{self.span_id}-{self.trace_flags}"


_CURRENT: ContextVar[RequestContext | None] = ContextVar("cadx_request", default=None)


def begin_request(request_id: str, traceparent: str) -> RequestContext:
    """Start the context of a request, going on with the caller's id and trace where they are well-formed."""
    found = _TRACEPARENT.fullmatch(traceparent)
    if found and (set(found["trace"]) == {"0"} or set(found["span"]) == {"0"}):
        found = None
    context = RequestContext(
        request_id=request_id if _REQUEST_ID.fullmatch(request_id) else secrets.token_hex(16),
        trace_id=found["trace"] if found else secrets.token_hex(16),
        parent_span_id=found["span"] if found else "",
        span_id=secrets.token_hex(8),
        trace_flags=found["flags"] if found else "00",
    )
    _CURRENT.set(context)
    return context


def request_in_flight() -> RequestContext | None:
    """The context of the request that this code runs for; none outside of any."""
    return _CURRENT.get()


def current_request() -> RequestContext:
    """The context of the request that this code runs for; an empty one outside of any."""
    return _CURRENT.get() or RequestContext()
