"""How a service starts: with few threads, on every address, with every worker warm."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import psutil
import pytest

from app.errors import AddressUnusable, ThreadsTooFew
from app.main import create_app
from app.server.run import run_server
from app.service import ensure_threads, load_models, make_service, warm_workers
from app.settings import Settings
from cadx.assessment import Assessment, assess

if TYPE_CHECKING:
    from tests.app.conftest import LiveServer

ROOT = Path(__file__).parents[2]
PIDS = Path("/sys/fs/cgroup/pids")


@pytest.fixture
def few_processes(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Make a control group for so many processes and threads: the file that a process joins it by."""
    made: list[Path] = []

    def make(count: int) -> Path:
        folder = PIDS / f"mammo-cadx-{os.getpid()}-{count}"
        try:
            folder.mkdir()
            (folder / "pids.max").write_text(str(count))
        except OSError:
            pytest.skip("no control group of pids can be made here")
        made.append(folder)
        return folder / "cgroup.procs"

    yield make
    for folder in made:
        folder.rmdir()


@pytest.mark.parametrize("count", [1, 3, 6, 12])
def test_too_few_threads_are_told_with_what_to_do(
    few_processes: Callable[[int], Path], bundle_folder: Path, count: int
) -> None:
    group = few_processes(count)
    environment = os.environ | {"CADX_MODELS_DIR": str(bundle_folder.parent), "CADX_WORKERS": "2", "CADX_PORT": "0"}
    done = subprocess.run(
        [sys.executable, "-m", "app"],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        preexec_fn=lambda: group.write_text(str(os.getpid())),
    )
    assert done.returncode == 78, done.stderr[-2000:]
    first, second = done.stderr.splitlines()
    assert first.startswith(f"cadx-serve: threads_too_few: The system lets this process start {count - 1} threads")
    assert "Raise the limit on processes and threads" in second


def test_what_is_asked_for_is_enough(bundle_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = make_service(Settings(models_dir=bundle_folder.parent, workers=3, compute_threads=2))
    ensure_threads(service)
    monkeypatch.setattr("app.service.startable_threads", lambda wanted: wanted - 1)
    with pytest.raises(ThreadsTooFew) as refused:
        ensure_threads(service)
    assert refused.value.needed == 3 * 3 + 2 + 8


def test_every_worker_is_warm_before_the_port_opens(bundle_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = make_service(Settings(models_dir=bundle_folder.parent, workers=3))
    threads: set[str] = set()

    def noted(*arguments: Any) -> Assessment:
        threads.add(threading.current_thread().name)
        return assess(*arguments)

    monkeypatch.setattr("app.service.assess", noted)
    try:
        load_models(service)
        warm_workers(service)
        assert len(threads) == 3
        assert service.jobs.running == 0
    finally:
        service.jobs.close()


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="no IPv6 here")
def test_ipv6s_any_address_takes_ipv4_too(
    start_server: "Callable[..., AbstractContextManager[LiveServer]]", bundle_folder: Path
) -> None:
    with start_server(CADX_MODELS_DIR=str(bundle_folder.parent), CADX_HOST="::", CADX_WORKERS="1") as server:
        for host in ("127.0.0.1", "[::1]"):
            assert httpx.get(f"http://{host}:{server.port}/healthz", timeout=10).status_code == 200
        assert f"Listening on port {server.port}, IPv6 and IPv4" in server.log_text()


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="no IPv6 here")
def test_a_port_in_use_is_told(bundle_folder: Path) -> None:
    with socket.create_server(("::", 0), family=socket.AF_INET6) as taken:
        settings = Settings(models_dir=bundle_folder.parent, host="::", port=taken.getsockname()[1])
        service = make_service(settings)
        with pytest.raises(AddressUnusable, match="Address already in use"):
            run_server(create_app(service=service), service)


def test_large_request_headers_leave_memory_and_health_as_they_were(
    live_server: "LiveServer",
) -> None:
    process = psutil.Process(live_server.process.pid)
    before = process.memory_info().rss
    piece = b"X-Filler: " + b"a" * 1000 + b"\r\n"
    with socket.create_connection(("127.0.0.1", live_server.port), timeout=20) as line:
        line.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n")
        line.sendall(piece * 4000)
        assert line.recv(4096).startswith(b"HTTP/1.1 431")
        assert httpx.get(f"{live_server.url}/healthz", timeout=2).status_code == 200
    assert process.memory_info().rss - before < 16 * 2**20
