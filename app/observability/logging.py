"""The log: one JSON object a line, with the request's id and trace, and never a patient's data.

What an exception says about itself may quote a file's content, so an unexpected one is logged as its type and the
places it came through, not its message.
"""

import json
import logging
import re
import secrets
import sys
import traceback
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

_TRACEPARENT = re.compile(r"00-(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(slots=True)
class RequestNote:
    """What is known of the request in hand, for the log and the metrics.

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


_CURRENT: ContextVar[RequestNote | None] = ContextVar("cadx_request", default=None)


def begin_request(request_id: str, traceparent: str) -> RequestNote:
    """Start the note of a request, going on with the caller's id and trace where they are well-formed."""
    found = _TRACEPARENT.fullmatch(traceparent)
    if found and (set(found["trace"]) == {"0"} or set(found["span"]) == {"0"}):
        found = None
    note = RequestNote(
        request_id=request_id if _REQUEST_ID.fullmatch(request_id) else secrets.token_hex(16),
        trace_id=found["trace"] if found else secrets.token_hex(16),
        parent_span_id=found["span"] if found else "",
        span_id=secrets.token_hex(8),
        trace_flags=found["flags"] if found else "00",
    )
    _CURRENT.set(note)
    return note


def current_request() -> RequestNote:
    """The note of the request in hand; an empty one outside of any."""
    return _CURRENT.get() or RequestNote()


class JsonLines(logging.Formatter):
    """Format a record as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; exceptions give their type and places only."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        note = _CURRENT.get()
        if note is not None:
            line |= {"request_id": note.request_id, "trace_id": note.trace_id}
        line |= getattr(record, "facts", {})
        if record.exc_info and record.exc_info[1] is not None:
            line |= exception_facts(record.exc_info[1])
        return json.dumps(line, default=str)


def exception_facts(error: BaseException) -> dict[str, Any]:
    """Type of an exception and the places it came through, without its message."""
    frames = traceback.extract_tb(error.__traceback__)
    return {
        "error_type": type(error).__qualname__,
        "places": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-12:]],
    }


def configure_logging(level: str) -> None:
    """Send every log record of the process to standard error as JSON."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("pydicom", "PIL", "multipart", "python_multipart"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
