"""A real server on loopback: load, faults, and what it leaves behind."""

import io
import json
import shutil
import signal
import socket
import statistics
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
import psutil
import pydicom
import pytest

from app.auth.api_keys import new_key

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from tests.app.conftest import LiveServer, Sample
    from training.cohort.cases import Case

URL = "/v1/predictions"
MIB = 2**20


def log_lines(server: "LiveServer") -> list[dict[str, Any]]:
    return [json.loads(line) for line in server.log_text().splitlines()]


def wait_for(condition: "Callable[[], bool]", seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def test_log_is_json_with_the_trace_and_without_the_patient(
    live_server: "LiveServer", unseen_phantom: "Case", sample: "Sample"
) -> None:
    dataset = pydicom.dcmread(unseen_phantom.image)
    # What no hexadecimal of a trace can hold.
    dataset.PatientName, dataset.PatientID, dataset.AccessionNumber = "DOE^JANE", "ZQ4711", "ZK0815"
    buffer = io.BytesIO()
    dataset.save_as(buffer)
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    headers = {"X-Request-ID": "reader-77", "traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    files = {"image": ("DOE_JANE.dcm", buffer.getvalue())}
    answer = httpx.post(f"{live_server.url}{URL}", files=files, data=sample.data, headers=headers, timeout=30)
    assert answer.status_code == 200
    assert answer.headers["x-request-id"] == "reader-77"
    assert answer.headers["traceparent"].split("-")[1] == trace
    broken = {"image": ("DOE_JANE.dcm", buffer.getvalue()[:2000])}
    assert httpx.post(f"{live_server.url}{URL}", files=broken, data=sample.data, timeout=30).status_code == 422
    wait_for(lambda: "reader-77" in live_server.log_text())
    (line,) = [line for line in log_lines(live_server) if line.get("request_id") == "reader-77"]
    assert (line["route"], line["status"], line["trace_id"], line["model"]) == (URL, 200, trace, "small")
    for secret in ("DOE", "JANE", "ZQ4711", "ZK0815"):
        assert secret not in live_server.log_text()
        assert secret not in answer.text


def test_what_is_not_http_is_refused_as_a_problem(live_server: "LiveServer") -> None:
    with socket.create_connection(("127.0.0.1", live_server.port), timeout=10) as line:
        line.sendall(b"\x16\x03\x01 this is no HTTP\r\n\r\n")
        answer = line.recv(4096).decode()
    assert answer.startswith("HTTP/1.1 400")
    assert "application/problem+json" in answer
    assert json.loads(answer.split("\r\n\r\n", 1)[1])["code"] == "request_malformed"


def test_a_client_that_hangs_up_frees_its_worker(live_server: "LiveServer", sample: "Sample") -> None:
    many = {"x": [str(sample.x)] * 32, "y": [str(sample.y)] * 32}
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(
            f"{live_server.url}{URL}/lesions",
            files=sample.files,
            data=many,
            headers={"X-Request-ID": "gone-1"},
            timeout=httpx.Timeout(10, read=0.1),
        )

    def idle() -> bool:
        text = httpx.get(f"{live_server.url}/metrics", timeout=10).text
        return "cadx_jobs_running 0.0" in text and "cadx_upload_bytes 0.0" in text

    wait_for(idle)
    (line,) = [line for line in log_lines(live_server) if line.get("request_id") == "gone-1"]
    assert (line["status"], line["code"]) == (499, "client_disconnected")
    assert line["seconds"] < 1


@pytest.fixture(scope="module")
def key() -> tuple[str, str]:
    return new_key("reader")


@pytest.fixture(scope="module")
def strict_server(
    start_server: "Callable[..., AbstractContextManager[LiveServer]]", bundle_folder: Path, key: tuple[str, str]
) -> "Iterator[LiveServer]":
    """A server with keys and tight limits, on a machine whose disk is full."""
    with start_server(
        disk_full=True,
        CADX_MODELS_DIR=str(bundle_folder.parent),
        CADX_API_KEYS=key[1],
        CADX_HEADER_SECONDS="0.5",
        CADX_UPLOAD_SECONDS="4",
        CADX_MAX_BODY_MB="32",
        CADX_WORKERS="1",
        CADX_QUEUE_CAPACITY="2",
        TMPDIR="/nonexistent",
    ) as server:
        yield server


def test_a_full_disk_does_not_matter(strict_server: "LiveServer", key: tuple[str, str]) -> None:
    rows, columns = 4096, 3328
    y, x = np.ogrid[:rows, :columns]
    disc = 6000 / (1 + np.exp((np.hypot(y - 2000.0, x - 1500.0) - 80) / 8))
    levels = (9000 + disc + 800 * np.sin(x / 31) * np.cos(y / 47)).astype(">u2")
    image = f"P5 {columns} {rows} 65535\n".encode() + levels.tobytes()
    data = {"x": "1500", "y": "2000", "pixel_spacing_mm": "0.07"}
    headers = {"X-API-Key": key[0]}
    form = httpx.post(f"{strict_server.url}{URL}", files={"image": image}, data=data, headers=headers, timeout=30)
    headers["Content-Type"] = "image/x-portable-graymap"
    bare = httpx.post(f"{strict_server.url}{URL}", content=image, params=data, headers=headers, timeout=30)
    assert [form.status_code, bare.status_code] == [200, 200], form.text
    assert form.json()["id"] == bare.json()["id"]


def test_200_wrong_keys_open_nothing_and_are_not_logged(strict_server: "LiveServer", key: tuple[str, str]) -> None:
    wrong = [new_key("x")[0] for _ in range(199)] + [key[0][:-1]]
    with httpx.Client(base_url=strict_server.url, timeout=10) as client:
        statuses = {client.get("/v1/models", headers={"X-API-Key": attempt}).status_code for attempt in wrong}
        assert statuses == {401}
        assert client.get("/v1/models", headers={"X-API-Key": key[0]}).status_code == 200
        assert 'cadx_refusals_total{code="key_unknown"} 200.0' in client.get("/metrics").text
    text = strict_server.log_text()
    assert not any(attempt in text for attempt in [*wrong, key[0]])


def test_a_wrong_key_is_refused_before_the_body(strict_server: "LiveServer") -> None:
    with socket.create_connection(("127.0.0.1", strict_server.port), timeout=10) as line:
        line.sendall(
            b"POST /v1/predictions HTTP/1.1\r\nHost: a\r\nX-API-Key: wrong\r\n"
            b"Content-Type: application/dicom\r\nContent-Length: 20000000\r\n\r\n"
        )
        assert line.recv(4096).startswith(b"HTTP/1.1 401")


@pytest.mark.parametrize("announced", [True, False])
def test_a_gigabyte_is_cut_off(strict_server: "LiveServer", key: tuple[str, str], announced: bool) -> None:
    process = psutil.Process(strict_server.process.pid)
    before = process.memory_info().rss
    length = b"Content-Length: 1073741824" if announced else b"Transfer-Encoding: chunked"
    piece = b"\0" * MIB if announced else b"100000\r\n" + b"\0" * MIB + b"\r\n"
    sent = 0
    with socket.create_connection(("127.0.0.1", strict_server.port), timeout=10) as line:
        line.sendall(
            b"POST /v1/predictions?x=1&y=1 HTTP/1.1\r\nHost: a\r\nX-API-Key: " + key[0].encode() + b"\r\n"
            b"Content-Type: application/dicom\r\n" + length + b"\r\n\r\n"
        )
        answer = b""
        line.setblocking(False)
        deadline = time.monotonic() + 20
        while not answer and sent < 1024 and time.monotonic() < deadline:
            try:
                answer = line.recv(4096)
            except BlockingIOError:
                line.settimeout(10)
                try:
                    line.sendall(piece)
                    sent += 1
                except OSError:
                    line.settimeout(1)
                    answer = line.recv(4096)
                line.setblocking(False)
        line.settimeout(10)
        try:
            while b"request_id" not in answer and (more := line.recv(4096)):
                answer += more
        except ConnectionResetError:
            pass  # The server closed the line while we still sent: what we had read before is the answer.
    assert answer.startswith(b"HTTP/1.1 413"), answer[:200]
    assert sent <= 8 if announced else 32 <= sent <= 64
    assert process.memory_info().rss - before < 128 * MIB


def test_slow_heads_and_bodies_are_cut_off_while_others_are_served(
    strict_server: "LiveServer", key: tuple[str, str], sample: "Sample"
) -> None:
    def slow_head() -> float:
        started = time.monotonic()
        with socket.create_connection(("127.0.0.1", strict_server.port), timeout=10) as line:
            for letter in b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-Slow: aaaaaaaaaaaaaaaaaaaaaaaaaaaaa":
                try:
                    line.sendall(bytes([letter]))
                except OSError:
                    break
                time.sleep(0.05)
            else:
                pytest.fail("a slow head was not cut off")
        return time.monotonic() - started

    def slow_body() -> bytes:
        with socket.create_connection(("127.0.0.1", strict_server.port), timeout=10) as line:
            line.sendall(
                b"POST /v1/predictions?x=1&y=1 HTTP/1.1\r\nHost: a\r\nX-API-Key: " + key[0].encode() + b"\r\n"
                b"Content-Type: application/dicom\r\nContent-Length: 100000\r\n\r\n"
            )
            line.settimeout(0.1)
            for _ in range(100):
                line.sendall(b"a")
                try:
                    return line.recv(4096)
                except TimeoutError:
                    continue
        pytest.fail("a slow body was not cut off")

    headers = {"X-API-Key": key[0]}
    with ThreadPoolExecutor(20) as pool:
        heads = [pool.submit(slow_head) for _ in range(10)]
        bodies = [pool.submit(slow_body) for _ in range(10)]
        waits, served = [], False
        while not (all(task.done() for task in heads) and all(task.done() for task in bodies)):
            started = time.monotonic()
            assert httpx.get(f"{strict_server.url}/healthz", timeout=5).status_code == 200
            waits.append(time.monotonic() - started)
            if not served:
                answer = httpx.post(
                    f"{strict_server.url}{URL}", files=sample.files, data=sample.data, headers=headers, timeout=10
                )
                served = answer.status_code == 200 and sum(task.done() for task in bodies) == 7
            time.sleep(0.02)
        assert served, "slow bodies kept a good request out"
        assert all(task.result() < 3 for task in heads)
        # Three got a place and were then too slow; the others found none.
        assert Counter(task.result()[9:12] for task in bodies) == {b"408": 3, b"503": 7}
    assert statistics.median(waits) < 0.5


def test_the_service_is_one_process(
    start_server: "Callable[..., AbstractContextManager[LiveServer]]", bundle_folder: Path, sample: "Sample"
) -> None:
    with start_server(CADX_MODELS_DIR=str(bundle_folder.parent), CADX_WORKERS="2") as server:
        assert httpx.post(f"{server.url}{URL}", files=sample.files, data=sample.data, timeout=30).status_code == 200
        assert psutil.Process(server.process.pid).children() == []


def test_requests_on_too_many_lines_are_refused_in_words_and_health_goes_on(
    start_server: "Callable[..., AbstractContextManager[LiveServer]]", bundle_folder: Path
) -> None:
    with (
        start_server(CADX_MODELS_DIR=str(bundle_folder.parent), CADX_MAX_CONNECTIONS="2") as server,
        httpx.Client(base_url=server.url, timeout=10) as first,
        httpx.Client(base_url=server.url, timeout=10) as second,
    ):
        wait_for(lambda: first.get("/readyz").status_code == second.get("/v1/models").status_code == 200)
        crowded = httpx.get(f"{server.url}/v1/models", timeout=10)
        assert (crowded.status_code, crowded.json()["code"]) == (503, "too_many_connections")
        assert crowded.json()["facts"] == {"retry_after_seconds": 1, "limit": 2}
        assert (crowded.headers["Retry-After"], crowded.headers["Connection"]) == ("1", "close")
        assert httpx.get(f"{server.url}/healthz", timeout=10).status_code == 200
        assert first.get("/v1/models").status_code == 200


def test_overload_is_refused_at_once_and_health_goes_on(
    strict_server: "LiveServer", key: tuple[str, str], sample: "Sample"
) -> None:
    stop = threading.Event()

    def load() -> Counter[int]:
        seen: Counter[int] = Counter()
        with httpx.Client(base_url=strict_server.url, headers={"X-API-Key": key[0]}, timeout=30) as client:
            while not stop.is_set():
                answer = client.post(URL, files=sample.files, data=sample.data)
                seen[answer.status_code] += 1
                assert answer.status_code == 200 or int(answer.headers["Retry-After"]) >= 1
        return seen

    with ThreadPoolExecutor(12) as pool:
        loads = [pool.submit(load) for _ in range(12)]
        waits = []
        for _ in range(40):
            started = time.monotonic()
            assert httpx.get(f"{strict_server.url}/healthz", timeout=5).status_code == 200
            waits.append(time.monotonic() - started)
            time.sleep(0.02)
        stop.set()
        total = sum((task.result() for task in loads), Counter())
    assert set(total) == {200, 503}
    # The clients share this process and these cores with the probe; benchmarks/service.py measures it properly.
    assert statistics.median(waits) < 0.5


def send_until(stopped: threading.Event, url: str, sample: "Sample", name: str) -> dict[str, str]:
    """Send one request after the other, each over a line of its own; gives what became of each."""
    outcomes = {}
    number = 0
    while not stopped.is_set():
        number += 1
        request_id = f"{name}-{number}"
        try:
            answer = httpx.post(
                f"{url}{URL}", files=sample.files, data=sample.data, headers={"X-Request-ID": request_id}, timeout=30
            )
            outcomes[request_id] = f"{answer.status_code} {answer.json().get('model', {}).get('digest', '')}"
        except httpx.TransportError as error:
            outcomes[request_id] = type(error).__name__
            time.sleep(0.01)
    return outcomes


def test_reload_under_load_then_sigterm_under_load(
    start_server: "Callable[..., AbstractContextManager[LiveServer]]",
    bundle_folder: Path,
    tmp_path: Path,
    sample: "Sample",
) -> None:
    folder = tmp_path / "models" / "small"
    shutil.copytree(bundle_folder, folder)
    manifest = folder / "bundle.json"
    good = manifest.read_bytes()
    stopped = threading.Event()
    with (
        start_server(CADX_MODELS_DIR=str(folder.parent), CADX_WORKERS="2", CADX_QUEUE_CAPACITY="16") as server,
        ThreadPoolExecutor(4) as pool,
    ):
        loads = [pool.submit(send_until, stopped, server.url, sample, f"load{n}") for n in range(4)]

        def reload_with(content: bytes, outcome: str) -> None:
            manifest.write_bytes(content)
            server.process.send_signal(signal.SIGHUP)
            wait_for(lambda: f'"outcome": "{outcome}"' in server.log_text(), 60)

        def digest() -> str:
            return str(httpx.get(f"{server.url}/v1/models/small", timeout=10).json()["digest"])

        first = digest()
        reload_with(b"\0garbage", "refused")
        assert digest() == first
        reload_with(good.replace(b'"version": "', b'"version": "2+'), "replaced")
        second = digest()
        assert second != first
        time.sleep(0.3)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(60) == 0
        stopped.set()
        outcomes = {name: outcome for load in loads for name, outcome in load.result().items()}
        wait_for(lambda: "Finished server process" in server.log_text())
    logged = {line["request_id"]: line["status"] for line in log_lines(server) if line.get("event") == "request"}
    answered = {name for name, outcome in outcomes.items() if outcome.startswith("200")}
    assert {outcomes[name].split()[1] for name in answered} == {first, second}
    # Whatever the server took up, it answered; what failed at the client never reached it.
    lost = {name: outcome for name, outcome in outcomes.items() if name in logged and name not in answered}
    assert lost == {}
    assert {logged[name] for name in answered} == {200}
