"""uvicorn with the guarded protocol, around an application that refuses before it reads."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from app.server.connections import OVER_LIMIT, guarded_protocol

MIB = 2**20


async def refuse(scope: Scope, _: Receive, send: Send) -> None:
    answer = b"crowded" if OVER_LIMIT in scope["state"] else b"refused"
    headers = [(b"content-length", str(len(answer)).encode())]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": answer})


@contextmanager
def served(header_seconds: float, max_connections: int, discard_seconds: float) -> Iterator[int]:
    protocol = guarded_protocol(header_seconds, max_connections, discard_seconds)
    config = uvicorn.Config(refuse, port=0, http=protocol, lifespan="off", log_config=None, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(10)
        assert not thread.is_alive()


@pytest.fixture
def serve() -> Iterator[Callable[..., int]]:
    with ExitStack() as stack:
        yield lambda head=10.0, lines=100, drain=15.0: stack.enter_context(served(head, lines, drain))


def request(length: int) -> bytes:
    return b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + str(length).encode() + b"\r\n\r\n"


def read_answer(line: socket.socket) -> bytes:
    answer = b""
    while not answer.endswith((b"refused", b"crowded")):
        piece = line.recv(4096)
        assert piece, answer
        answer += piece
    return answer


def trickle(line: socket.socket, count: int) -> None:
    for _ in range(count):
        line.sendall(b"a")
        time.sleep(0.05)


def test_who_sends_a_refused_body_to_its_end_still_gets_the_answer_and_keeps_the_line(
    serve: Callable[..., int],
) -> None:
    with socket.create_connection(("127.0.0.1", serve()), timeout=20) as line:
        for _ in range(2):
            line.sendall(request(6 * MIB))
            line.sendall(bytes(6 * MIB))
            assert read_answer(line).startswith(b"HTTP/1.1 503")


def test_a_refused_body_is_drained_slowly(serve: Callable[..., int]) -> None:
    with socket.create_connection(("127.0.0.1", serve(drain=60.0)), timeout=20) as line:
        line.sendall(request(1024 * MIB))
        assert read_answer(line)
        # What the line holds is taken at once; what it then takes is 256 KiB every 20 ms, not what loopback can do.
        line.settimeout(0.5)
        started, sent = time.monotonic(), 0
        while time.monotonic() < started + 1.0:
            try:
                sent += line.send(bytes(MIB))
            except TimeoutError:
                break
        assert sent < 100 * MIB


def test_a_refused_body_may_not_trickle_for_ever(serve: Callable[..., int]) -> None:
    with socket.create_connection(("127.0.0.1", serve(drain=0.3)), timeout=20) as line:
        line.sendall(request(1000))
        assert read_answer(line)
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            trickle(line, 200)


def test_slow_heads_are_cut_off(serve: Callable[..., int]) -> None:
    with socket.create_connection(("127.0.0.1", serve(head=0.3)), timeout=20) as line:
        line.sendall(b"POST / HT")
        assert line.recv(100) == b""


def test_requests_on_too_many_lines_are_marked(serve: Callable[..., int]) -> None:
    port = serve(lines=2)
    with ExitStack() as stack:
        lines = [stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=20)) for _ in range(3)]
        for line in lines[:2]:
            line.sendall(request(0))
            read_answer(line)
        lines[2].sendall(request(0))
        assert read_answer(lines[2]).endswith(b"crowded")
