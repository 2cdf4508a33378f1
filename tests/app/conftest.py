"""A service in this process, and real servers on loopback."""

import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, sync_playwright
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from tests.conftest import free_ports
from training.cohort.cases import Case

READY_SECONDS = 60.0
CHROMIUM_FLAGS = (
    *("--no-sandbox", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


@dataclass(frozen=True)
class Sample:
    """An image and a marked center, ready to be sent."""

    content: bytes
    x: float
    y: float

    @property
    def files(self) -> dict[str, tuple[str, bytes]]:
        return {"image": ("image", self.content)}

    @property
    def data(self) -> dict[str, str]:
        return {"x": str(self.x), "y": str(self.y)}


@pytest.fixture(scope="session")
def sample(unseen_phantom: Case) -> Sample:
    return Sample(unseen_phantom.image.read_bytes(), unseen_phantom.center.x, unseen_phantom.center.y)


@pytest.fixture(scope="session")
def settings(bundle_folder: Path) -> Settings:
    return Settings(models_dir=bundle_folder.parent, workers=2)


@pytest.fixture(scope="session")
def client(settings: Settings) -> Iterator[TestClient]:
    """A client of a service with one model, without keys."""
    with TestClient(create_app(settings), raise_server_exceptions=False) as opened:
        yield opened


@pytest.fixture
def make_client(bundle_folder: Path) -> Iterator[Callable[..., TestClient]]:
    """Make a client of a service with other settings."""
    with ExitStack() as stack:

        def make(**changes: Any) -> TestClient:
            chosen = Settings(**{"models_dir": bundle_folder.parent, "workers": 1, **changes})
            return stack.enter_context(TestClient(create_app(chosen), raise_server_exceptions=False))

        yield make


@dataclass(frozen=True)
class LiveServer:
    """A service in a process of its own."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def log_text(self) -> str:
        return self.log.read_text(encoding="utf-8")


@contextmanager
def open_chromium(*flags: str) -> Iterator[Browser]:
    """Debian's Chromium, which makes no connection but its pages' own; the test is skipped without it."""
    binary = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if binary is None:
        pytest.skip("no Chromium here")
    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=binary, args=[*CHROMIUM_FLAGS, *flags])
        yield opened
        opened.close()


# Of a module, and no more: while a browser is open, no other test of this thread can run an event loop.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser for pages of documents."""
    with open_chromium("--disable-gpu") as opened:
        yield opened


def free_port() -> int:
    return free_ports(1)[0]


def no_files() -> None:
    """What a full disk does to a process: it can write to no file (pipes and sockets are none)."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


@contextmanager
def run_server(folder: Path, *, disk_full: bool = False, **environment: str) -> Iterator[LiveServer]:
    """Run ``python -m app`` until it is ready, then for the block."""
    port = free_port()
    log = folder / f"server-{port}.log"
    variables = {name: value for name, value in os.environ.items() if not name.startswith("CADX_")}
    variables |= {"CADX_PORT": str(port), **environment}
    with log.open("wb") as output:
        # The log goes through `cat`, so that the server itself holds no file open for writing.
        keeper = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=output)
        process = subprocess.Popen(
            [sys.executable, "-m", "app"],
            env=variables,
            stdout=keeper.stdin,
            stderr=keeper.stdin,
            preexec_fn=no_files if disk_full else None,
        )
        assert keeper.stdin is not None
        keeper.stdin.close()
    server = LiveServer(process, port, log)
    try:
        wait_until_ready(server)
        yield server
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        keeper.wait(20)


def wait_until_ready(server: LiveServer) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and server.process.poll() is None:
        try:
            if httpx.get(f"{server.url}/readyz", timeout=5).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    pytest.fail(f"the server did not become ready:\n{server.log_text()[-2000:]}")


@pytest.fixture(scope="session")
def start_server(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., AbstractContextManager[LiveServer]]:
    """Run a server with settings of its own: ``with start_server(CADX_...=...) as server``."""
    return partial(run_server, tmp_path_factory.mktemp("servers"))


@pytest.fixture(scope="session")
def live_server(
    bundle_folder: Path, start_server: Callable[..., AbstractContextManager[LiveServer]]
) -> Iterator[LiveServer]:
    """One server for every test that does not end or flood it."""
    with start_server(CADX_MODELS_DIR=str(bundle_folder.parent), CADX_LOG_LEVEL="debug") as server:
        yield server
