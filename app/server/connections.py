"""uvicorn's HTTP protocol, harder to keep busy, and with problem documents where HTTP itself is broken."""

import asyncio
import json
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

OVER_LIMIT = "over_connection_limit"
DISCARD_SECONDS = 15.0
_DISCARD_PAUSE_SECONDS = 0.02
_INCOMING = memoryview(bytearray(2**18))


class GuardedProtocol(HttpToolsProtocol, asyncio.BufferedProtocol):
    """Adds three guards to uvicorn's protocol; `guarded_protocol` sets their limits.

    **Slow request headers.** uvicorn limits how long a connection may stay idle between requests, not how slowly the
    headers of one may trickle in; without a limit, a few thousand such clients use up every connection.

    **Too many connections.** Requests on more connections than there may be are marked, and the application refuses
    them.

    **Refused bodies.** A client that was refused before its body may send all of it before it looks at the answer.
    Closing the connection would lose the answer; reading on at full speed costs the admitted requests their share of
    the machine (18 refused clients took nearly all of it). So the rest is discarded slowly, and not for ever.

    It also reads into one buffer for all connections, which the parser has emptied before the next read, instead of
    making a bytes object of each piece.
    """

    header_seconds: float
    discard_seconds: float
    max_connections: int
    _header_timer: asyncio.TimerHandle | None = None
    _discard_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Expect request headers from now on."""
        super().connection_made(transport)
        self._start_header_timer()

    def get_buffer(self, sizehint: int) -> memoryview:
        """Say where the next bytes are to go."""
        return _INCOMING

    def buffer_updated(self, nbytes: int) -> None:
        """Take the bytes that came."""
        self.data_received(_INCOMING[:nbytes])  # type: ignore[arg-type]

    def on_message_begin(self) -> None:
        """Expect request headers from now on."""
        super().on_message_begin()
        self._start_header_timer()

    def on_headers_complete(self) -> None:
        """Mark what comes on a connection too many."""
        self._stop_timers()
        if len(self.connections) > self.max_connections:
            self.scope["state"][OVER_LIMIT] = self.max_connections
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Slow down what comes after the answer."""
        super().on_body(body)
        if self.cycle.response_complete:
            self.flow.pause_reading()
            self.loop.call_later(_DISCARD_PAUSE_SECONDS, self._discard_on)
            self._discard_timer = self._discard_timer or self.loop.call_later(
                self.discard_seconds, self.transport.close
            )

    def on_message_complete(self) -> None:
        """Nothing more is expected."""
        self._stop_timers()
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing more is expected."""
        self._stop_timers()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP with a problem document."""
        self.transport.write(_bad_request(msg))
        self.transport.close()

    def _start_header_timer(self) -> None:
        self._stop_timers()
        self._header_timer = self.loop.call_later(self.header_seconds, self.transport.close)

    def _stop_timers(self) -> None:
        for timer in (self._header_timer, self._discard_timer):
            if timer is not None:
                timer.cancel()
        self._header_timer = self._discard_timer = None

    def _discard_on(self) -> None:
        if not self.transport.is_closing():
            self.flow.resume_reading()


def guarded_protocol(
    header_seconds: float, max_connections: int, discard_seconds: float = DISCARD_SECONDS
) -> type[GuardedProtocol]:
    """The protocol class with its limits, as uvicorn wants it.

    Parameters
    ----------
    header_seconds
        Time that the headers of a request may take to arrive.
    max_connections
        Connections that may be open; requests on more are marked with `OVER_LIMIT` in their scope's state.
    discard_seconds
        Time that the rest of a refused body may take.
    """
    limits = {"header_seconds": header_seconds, "max_connections": max_connections, "discard_seconds": discard_seconds}
    return type("LimitedProtocol", (GuardedProtocol,), limits)


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
    headers = (
        "HTTP/1.1 400 Bad Request\r\ncontent-type: application/problem+json\r\n"
        f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    return headers.encode() + body
