"""The log: one JSON object a line, with the request's id and trace, and never a patient's data.

What an exception says about itself may quote a file's content, so an unexpected one is logged as its type and the
places it came through, not its message.
"""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

from app.observability.request_context import request_in_flight


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
        context = request_in_flight()
        if context is not None:
            line |= {"request_id": context.request_id, "trace_id": context.trace_id}
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
