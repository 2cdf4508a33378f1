"""Schedulers and workers of their own on loopback, as an operator starts them."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.conftest import free_ports

ROOT = Path(__file__).parents[3]
QUIET_SECONDS = 20.0


class Deployment:
    """A scheduler and workers in processes of their own, which can be killed and started again at the same address."""

    def __init__(self, folder: Path) -> None:
        (self.port,) = free_ports(1)
        self.address = f"tcp://127.0.0.1:{self.port}"
        self._folder = folder
        self._started: list[subprocess.Popen[bytes]] = []

    def start_scheduler(self) -> subprocess.Popen[bytes]:
        return self._start("scheduler", "--host", "127.0.0.1", "--port", str(self.port), "--no-dashboard")

    def start_worker(self, *more: str) -> subprocess.Popen[bytes]:
        once = ("--host", "127.0.0.1", "--nthreads", "1", "--no-dashboard", "--death-timeout", "30")
        return self._start("worker", self.address, *once, "--local-directory", str(self._folder), *more)

    def stop(self) -> None:
        for process in self._started:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        for process in self._started:
            process.wait(QUIET_SECONDS)

    def _start(self, *arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "dask", *arguments]
        with (self._folder / "log").open("ab") as log:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=os.environ | {"PYTHONPATH": str(ROOT)},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._started.append(process)
        return process


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[Deployment]:
    made = Deployment(tmp_path)
    yield made
    made.stop()
