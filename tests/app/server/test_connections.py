"""uvicorn with the guarded protocol, around an application that refuses before it reads."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from app.server.connections import MAX_HEADER_BYTES, OVER_LIMIT, guarded_protocol

MIB = 2**20


async def refuse(scope: Scope, _: Receive, send: Send) -> None:
    answer = b"crowded" if OVER_LIMIT in scope["state"] else b"refused"
    headers = [(b"content-length", str(len(answer)).encode())]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": answer})


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Say how the request came: method, path, the names of its headers, and its body's length and bytes."""
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body, more = body + message["body"], message["more_body"]
    names = ",".join(sorted(name.decode() for name, _ in scope["headers"]))
    answer = f"{scope['method']} {scope['path']} {names} {len(body)} {sum(body)};".encode()
    headers = [(b"content-length", str(len(answer)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})


@contextmanager
def served(
    header_seconds: float, max_connections: int, discard_seconds: float, application: ASGIApp = refuse
) -> Iterator[int]:
    protocol = guarded_protocol(header_seconds, max_connections, discard_seconds)
    config = uvicorn.Config(
        application, port=0, http=protocol, lifespan="off", log_config=None, timeout_graceful_shutdown=1
    )
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
        yield lambda head=10.0, lines=100, drain=15.0, application=refuse: stack.enter_context(
            served(head, lines, drain, application)
        )


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


UPGRADE = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAB\r\n"


def answers(port: int, sent: bytes, count: int, piece: int = 0) -> list[str]:
    """Send bytes, whole or in pieces, and read so many answers of `echo`."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        for start in range(0, len(sent), piece or len(sent)):
            line.sendall(sent[start : start + (piece or len(sent))])
        got = b""
        while got.count(b";") < count:
            more = line.recv(4096)
            assert more, got
            got += more
    return [answer.split("\r\n\r\n")[-1] for answer in got.decode().split(";")[:count]]


@pytest.mark.parametrize("piece", [0, 1, 7])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_wish_for_another_protocol_is_ignored_and_the_body_kept(
    serve: Callable[..., int], piece: int, chunked: bool
) -> None:
    body = bytes(range(1, 200))
    framing = b"Transfer-Encoding: chunked\r\n" if chunked else b"Content-Length: 199\r\n"
    framed = b"c7\r\n" + body + b"\r\n0\r\n\r\n" if chunked else body
    post = b"POST /a HTTP/1.1\r\nHost: a\r\n" + UPGRADE + framing + b"\r\n" + framed
    get = b"GET /b HTTP/1.1\r\nHost: a\r\n" + UPGRADE + b"\r\n"
    length = "transfer-encoding" if chunked else "content-length"
    names = sorted(["connection", length, "host", "http2-settings"])
    expected = [f"POST /a {','.join(names)} 199 {sum(body)}", "GET /b connection,host,http2-settings 0 0"]
    port = serve(application=echo)
    assert answers(port, post + get + post, 3, piece) == [*expected, expected[0]]


def test_an_upgrade_waits_for_its_body_like_any_request(serve: Callable[..., int]) -> None:
    with socket.create_connection(("127.0.0.1", serve(application=echo)), timeout=20) as line:
        line.sendall(b"POST /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n" + UPGRADE)
        line.sendall(b"Content-Length: 300000\r\n\r\n")
        assert line.recv(4096) == b"HTTP/1.1 100 Continue\r\n\r\n"
        for _ in range(3):
            line.sendall(b"\x01" * 100_000)
        answer = b""
        while piece := line.recv(4096):
            answer += piece
            if answer.endswith(b";"):
                break
        assert answer.endswith(b" 300000 300000;")


def test_many_upgrades_in_one_piece(serve: Callable[..., int]) -> None:
    count = 500
    get = b"GET /b HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n"
    assert answers(serve(application=echo), get * count, count) == ["GET /b connection 0 0"] * count


def test_connect_is_no_method_here(serve: Callable[..., int]) -> None:
    with socket.create_connection(("127.0.0.1", serve(application=echo)), timeout=20) as line:
        line.sendall(b"CONNECT elsewhere:443 HTTP/1.1\r\nHost: elsewhere:443\r\n\r\n")
        assert line.recv(4096).startswith(b"HTTP/1.1 400")


def head_of(size: int) -> bytes:
    """A request without a body whose headers have a size in bytes."""
    start, end = b"GET /large HTTP/1.1\r\nHost: a\r\n", b"\r\n"
    filler = b""
    while (left := size - len(start) - len(filler) - len(end)) > 0:
        length = left if left < 2000 else 1000
        filler += b"X-A: " + b"a" * (length - 7) + b"\r\n"
    return start + filler + end


@pytest.mark.parametrize("before", [0, 3])
def test_headers_within_the_limit_are_taken(serve: Callable[..., int], before: int) -> None:
    head = head_of(MAX_HEADER_BYTES - 20_000)
    assert answers(serve(application=echo), head * (before + 1), before + 1)[-1].endswith(" 0 0")


def refusal(port: int, sent: bytes, endless: bytes, limit: int) -> tuple[bytes, int]:
    """What came back while bytes were sent again and again, and how many were sent."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        line.sendall(sent)
        count = len(sent)
        line.settimeout(0.02)
        while count < limit:
            with suppress(TimeoutError):
                count += line.send(endless)
            try:
                answer = line.recv(4096)
            except TimeoutError:
                continue
            return answer, count
    pytest.fail("nothing came back")


@pytest.mark.parametrize(
    "endless",
    [b"X-Filler: " + b"a" * 1000 + b"\r\n", b"a" * 4096, b"a:b\r\n" * 500],
    ids=["many fields", "one field", "short fields"],
)
def test_larger_headers_are_refused_in_words(serve: Callable[..., int], endless: bytes) -> None:
    answer, count = refusal(serve(application=echo), b"GET / HTTP/1.1\r\nX-B: ", endless, 4 * MIB)
    assert answer.startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")
    assert b"connection: close" in answer
    problem = json.loads(answer.split(b"\r\n\r\n", 1)[1])
    assert (problem["code"], problem["status"], problem["facts"]) == ("headers_too_large", 431, {"limit_kb": 64})
    assert count < MIB


def test_who_sends_large_headers_to_their_end_still_gets_the_answer(serve: Callable[..., int]) -> None:
    with socket.create_connection(("127.0.0.1", serve(application=echo)), timeout=30) as line:
        line.sendall(b"GET / HTTP/1.1\r\n" + (b"X-Filler: " + b"a" * 1000 + b"\r\n") * 4000)
        assert line.recv(4096).startswith(b"HTTP/1.1 431")


@pytest.mark.parametrize("endless", [b"a" * 4096, b"X-Trailer: a\r\n" * 300], ids=["one", "many"])
def test_what_follows_a_chunked_body_is_limited_too(serve: Callable[..., int], endless: bytes) -> None:
    start = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-T: "
    with socket.create_connection(("127.0.0.1", serve(application=echo)), timeout=20) as line:
        line.sendall(start)
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            line.sendall(endless * 5000)


def test_a_long_body_in_small_chunks_is_no_header(serve: Callable[..., int]) -> None:
    start = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    body = b"2\r\n\x01\x01\r\n" * 100_000 + b"0\r\n\r\n"
    assert answers(serve(application=echo), start + body, 1)[0].endswith(" 200000 200000")
