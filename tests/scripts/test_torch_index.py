"""Where make takes torch from: asked of a server of our own, never of the real one."""

import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from scripts.torch_index import CPU_INDEX, choose

ROOT = Path(__file__).parents[2]


class Index(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path.startswith("/slow"):
            time.sleep(1.0)
        self.send_response(404 if self.path.startswith("/gone") else 200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class names it)
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Index) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


def test_linux_without_a_gpu_takes_the_cpu_build_where_its_index_answers(server: str) -> None:
    index, line = choose(f"{server}/whl/cpu", 2.0, system="Linux", gpu=False)
    assert index == f"{server}/whl/cpu"
    assert "the CPU build" in line
    assert "\n" not in line


@pytest.mark.parametrize("path", ["gone", "slow"])
def test_an_index_that_does_not_answer_in_time_is_not_waited_for(server: str, path: str) -> None:
    started = time.monotonic()
    index, line = choose(f"{server}/{path}", 0.3, system="Linux", gpu=False)
    assert time.monotonic() - started < 0.9
    assert index == ""
    assert "did not answer within 0.3 s" in line


def test_no_server_at_all_is_not_waited_for() -> None:
    assert choose("http://127.0.0.1:9/whl/cpu", 2.0, system="Linux", gpu=False)[0] == ""


@pytest.mark.parametrize(("system", "gpu"), [("Linux", True), ("Darwin", False), ("Windows", False)])
def test_nobody_is_asked_where_the_registrys_build_is_the_right_one(system: str, gpu: bool) -> None:
    index, line = choose("http://127.0.0.1:9/never-asked", 2.0, system=system, gpu=gpu)
    assert index == ""
    assert "from pip's index" in line


def shown(*arguments: str) -> str:
    command = ["make", "--no-print-directory", "-n", "-W", "pyproject.toml", "install", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_make_asks_unless_it_is_told() -> None:
    assert "index=$(python3 scripts/torch_index.py); " in shown()
    assert "torch_index.py" not in shown("TORCH_INDEX=")
    assert "index=https://example.org/cpu; " in shown("TORCH_INDEX=https://example.org/cpu")
    assert CPU_INDEX in (ROOT / "README.md").read_text()
