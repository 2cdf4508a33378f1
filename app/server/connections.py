"""uvicorn's HTTP protocol, harder to keep busy, and with problem documents where HTTP itself is broken."""

import asyncio
from http import HTTPStatus

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.errors import HeadersTooLarge, RequestMalformed
from app.problems import PROBLEM_TYPE, problem_of
from cadx.errors import CadxError

OVER_LIMIT = "over_connection_limit"
DISCARD_SECONDS = 15.0
MAX_HEADER_BYTES = 2**16
"""Of a request's headers with its first line, and of what may stand between or behind the pieces of a chunked body."""
_HEAD_STEP_BYTES = 2**13
_DISCARD_PAUSE_SECONDS = 0.02
_INCOMING = memoryview(bytearray(2**18))


class GuardedProtocol(HttpToolsProtocol, asyncio.BufferedProtocol):
    """Adds guards to uvicorn's protocol; `guarded_protocol` sets their limits.

    **Slow request headers.** uvicorn limits how long a connection may stay idle between requests, not how slowly the
    headers of one may trickle in; without a limit, a few thousand such clients use up every connection.

    **Large request headers.** Neither uvicorn nor its parser limits their size: whatever comes is kept. Here they are
    refused with 431 beyond `MAX_HEADER_BYTES`, and what comes after that is discarded.

    **Upgrades.** No other protocol is spoken here, so a wish for one is ignored (RFC 9110, section 7.8). The parser
    takes what follows such a header for the other protocol's bytes, and a body would be lost; so it is given the
    request again without that header.

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
    _in_head = True
    _header_bytes = 0
    _body_came = False
    _refused = False

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

    def data_received(self, data: bytes) -> None:
        """Give the parser what came: request headers in small pieces, so that their limit is kept."""
        if self._refused:
            self._discard_slowly()
        while len(data) and not self._refused and not self.transport.is_closing():
            step = _HEAD_STEP_BYTES if self._in_head else len(data)
            data = data[self._parse(data[:step]) :]

    def on_message_begin(self) -> None:
        """Expect request headers from now on."""
        super().on_message_begin()
        self._in_head, self._header_bytes = True, 0
        self._start_header_timer()

    def on_headers_complete(self) -> None:
        """Mark what comes on a connection too many; a wish for an upgrade makes `_parse` begin again."""
        self._in_head, self._header_bytes = False, 0
        if self._wishes_upgrade():
            return
        self._stop_timers()
        if len(self.connections) > self.max_connections:
            self.scope["state"][OVER_LIMIT] = self.max_connections
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Slow down what comes after the answer."""
        self._header_bytes, self._body_came = 0, True
        super().on_body(body)
        if self.cycle.response_complete:
            self._discard_slowly()

    def on_message_complete(self) -> None:
        """Nothing more is expected; the next request's headers may come."""
        self._in_head = True
        if self._wishes_upgrade():
            return
        self._stop_timers()
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing more is expected."""
        self._stop_timers()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP with a problem document."""
        self.transport.write(_refusal(RequestMalformed(400, msg), "Check the client: what it sends is not HTTP/1.1."))
        self.transport.close()

    def _parse(self, data: bytes) -> int:
        """Give the parser a piece; return how much of it was taken."""
        self._unset_keepalive_if_required()
        in_head, self._body_came = self._in_head, False
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as stop:
            self._start_without_upgrade()
            return int(stop.args[0])
        except httptools.HttpParserError:
            message = "Invalid HTTP request received."
            self.logger.warning(message)
            self.send_400_response(message)
            return len(data)
        if self._in_head == in_head and not self._body_came:  # nothing but headers, or the framing of a chunked body
            self._header_bytes += len(data)
            if self._header_bytes > MAX_HEADER_BYTES:
                self._refuse_headers()
        return len(data)

    def _wishes_upgrade(self) -> bool:
        return self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT"

    def _start_without_upgrade(self) -> None:
        """Give a new parser the request's headers without that one."""
        version, method = self.parser.get_http_version().encode(), self.parser.get_method()
        lines = [b"%s %s HTTP/%s" % (method, self.url, version)]
        lines += [b"%s: %s" % header for header in self.headers if header[0] != b"upgrade"]
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn sets it
        self._parse(b"\r\n".join(lines) + b"\r\n\r\n")

    def _refuse_headers(self) -> None:
        self.logger.warning("Request headers of more than %d bytes refused.", MAX_HEADER_BYTES)
        self._refused = True
        self._stop_timers()
        if self.cycle is not None and not self.cycle.response_complete:  # an answer is on its way: none fits between
            self.transport.close()
            return
        self.transport.write(_refusal(HeadersTooLarge(MAX_HEADER_BYTES // 2**10)))
        self._discard_slowly()

    def _discard_slowly(self) -> None:
        self.flow.pause_reading()
        self.loop.call_later(_DISCARD_PAUSE_SECONDS, self._discard_on)
        self._discard_timer = self._discard_timer or self.loop.call_later(self.discard_seconds, self.transport.close)

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


def _refusal(error: CadxError, remedy: str | None = None) -> bytes:
    """The whole response to what never becomes a request of the application."""
    problem = problem_of(error, "", "-")
    problem.remedy = remedy or problem.remedy
    body = problem.model_dump_json().encode()
    headers = (
        f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}\r\ncontent-type: {PROBLEM_TYPE}\r\n"
        f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    return headers.encode() + body
