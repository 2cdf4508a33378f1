"""uvicorn's HTTP protocol with a time limit on request heads, and problem documents where HTTP itself is broken."""

import asyncio
import json
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


def timed_protocol(head_seconds: float) -> type[HttpToolsProtocol]:
    """Make the protocol class for a time limit.

    uvicorn limits how long a line may stay idle between requests, not how slowly a head may trickle in; without a
    limit, a few thousand such lines use up every connection.
    """

    class TimedProtocol(HttpToolsProtocol):
        _head_timer: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._start_timer()

        def on_message_begin(self) -> None:
            super().on_message_begin()
            self._start_timer()

        def on_headers_complete(self) -> None:
            self._stop_timer()
            super().on_headers_complete()

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop_timer()
            super().connection_lost(exc)

        def send_400_response(self, msg: str) -> None:
            self.transport.write(_bad_request(msg))
            self.transport.close()

        def _start_timer(self) -> None:
            self._stop_timer()
            self._head_timer = self.loop.call_later(head_seconds, self.transport.close)

        def _stop_timer(self) -> None:
            if self._head_timer is not None:
                self._head_timer.cancel()
                self._head_timer = None

    return TimedProtocol


def _bad_request(reason: str) -> bytes:
    problem: dict[str, Any] = {
        "type": "urn:mammo-cadx:problem:request_malformed",
        "title": "The request breaks HTTP itself",
        "status": 400,
        "detail": f"The request could not be handled: {reason}",
        "instance": "",
        "code": "request_malformed",
        "remedy": "Check the client: what it sends is not HTTP/1.1.",
        "facts": {"status": 400, "reason": reason},
        "request_id": "-",
    }
    body = json.dumps(problem).encode()
    head = (
        "HTTP/1.1 400 Bad Request\r\ncontent-type: application/problem+json\r\n"
        f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    return head.encode() + body
