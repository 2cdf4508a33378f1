"""A service and a fit in a home of their own: every file written, every name looked up, every connection tried.

onnxruntime keeps quiet about itself where CI or GITHUB_ACTIONS and the like are set, so the environment is made anew.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import psutil
import pytest

from tests.app.conftest import READY_SECONDS, free_port

if TYPE_CHECKING:
    from tests.app.conftest import Sample

ROOT = Path(__file__).parents[2]
READER = ROOT / "scripts" / "container_check" / "nothing_leaves.py"
STRACE = shutil.which("strace")

# Without strace, Python's own calls are refused; what compiled code does shows in the home's files alone.
GUARD = """
import sys

def refuse(event, arguments):
    if event in {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"}:
        raise AssertionError(event)

sys.addaudithook(refuse)
"""


class Watch:
    """How a program is run so that it is seen, and what was seen."""

    def __init__(self, folder: Path) -> None:
        self.home, self.log, self._guard = folder / "home", folder / "calls.log", folder / "guard"
        self.temporary = folder / "temporary"
        for made in (self.home, self._guard, self.temporary):
            made.mkdir()
        (self._guard / "sitecustomize.py").write_text(GUARD if STRACE is None else "")

    def command(self, *arguments: str) -> list[str]:
        """The program under strace, where there is one."""
        if STRACE is None:
            return [sys.executable, *arguments]
        calls = subprocess.run([sys.executable, READER], capture_output=True, text=True, check=True).stdout.strip()
        return [
            *(STRACE, "-f", "--seccomp-bpf", "-qq", "-e", f"trace={calls}", "-o", str(self.log)),
            *(sys.executable, *arguments),
        ]

    def environment(self, **variables: str) -> dict[str, str]:
        """Nothing of this process's environment but where programs lie, and no byte code from Python itself."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "TMPDIR": str(self.temporary),
            "PYTHONPATH": os.pathsep.join([str(self._guard), str(ROOT)]),
            "PYTHONDONTWRITEBYTECODE": "1",
            **variables,
        }

    def check(self, *folders: Path) -> None:
        """Fail on what was written but below the folders, looked up or connected to."""
        assert list(self.home.rglob("*")) == []
        if STRACE is not None:
            seen = subprocess.run(
                [sys.executable, READER, self.log, *folders], capture_output=True, text=True, check=False
            )
            assert seen.returncode == 0, seen.stdout[-3000:]


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    return Watch(tmp_path)


def test_a_service_writes_nothing_and_asks_nobody(watch: Watch, bundle_folder: Path, sample: "Sample") -> None:
    port = free_port()
    environment = watch.environment(CADX_MODELS_DIR=str(bundle_folder.parent), CADX_PORT=str(port))
    process = subprocess.Popen(watch.command("-m", "app"), env=environment, stderr=subprocess.PIPE, cwd=ROOT)
    try:
        wait_until_ready(process, port)
        answer = httpx.post(f"http://127.0.0.1:{port}/v1/predictions", files=sample.files, data=sample.data, timeout=60)
        assert answer.status_code == 200, answer.text
        time.sleep(1.0)  # onnxruntime calls from a thread, some time after its session began
    finally:
        # strace's only child is the service.
        served = psutil.Process(process.pid)
        (served.children() if STRACE else [served])[0].send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    watch.check()


def wait_until_ready(process: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + 2 * READY_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=5).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    pytest.fail("the service did not become ready")


def test_a_fit_writes_its_bundle_and_asks_nobody(watch: Watch, phantom_manifest: Path, tmp_path: Path) -> None:
    models = tmp_path / "models"
    models.mkdir()
    arguments = (
        *("fit", str(phantom_manifest), "--out", str(models / "quiet"), "--synthetic", "--folds", "3"),
        *("--backbone", "squeezenet1_1", "--layer", "features.12.cat", "--weights", "random:0"),
    )
    program = "from training.cli import main; main()"
    command, environment = watch.command("-c", program, *arguments), watch.environment()
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert (models / "quiet" / "bundle.json").is_file()
    watch.check(models, watch.temporary)  # torch makes an empty folder among the temporary ones


@pytest.mark.parametrize(
    "line",
    [
        '7 openat(6, "deviceid.tmp.1", O_WRONLY|O_CREAT|O_EXCL|O_NOFOLLOW|O_CLOEXEC, 0600) = 7',
        '7 mkdir("/home/a/.cache/Microsoft", 0700) = 0',
        '8 openat(AT_FDCWD, "/etc/resolv.conf", O_RDONLY|O_CLOEXEC <unfinished ...>',
        '8 connect(9, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("10.0.0.1")}, 16) = 0',
        '9 sendto(9, "abc", 3, 0, {sa_family=AF_INET6, sin6_port=htons(53)}, 28) = 3',
        '9 rename("/models/a", "/elsewhere/b") = 0',
    ],
)
def test_what_strace_saw_is_read_rightly(tmp_path: Path, line: str) -> None:
    log = tmp_path / "log"
    allowed = (
        'openat(AT_FDCWD, "/models/a", O_WRONLY|O_CREAT, 0600) = 3',
        '7 openat(AT_FDCWD, "/etc/passwd", O_RDONLY|O_CLOEXEC) = 3',
        '7 openat(AT_FDCWD, "/dev/null", O_RDWR|O_CLOEXEC) = 3',
        '7 connect(3, {sa_family=AF_UNIX, sun_path="/var/run/nscd/socket"}, 110) = -1 ENOENT (No such file)',
        "7 <... openat resumed>) = 9",
        "7 sendto(9, NULL, 0, 0, NULL, 0) = 3",
    )
    for lines, status in ((allowed, 0), ((*allowed, line), 1)):
        log.write_text("\n".join(lines) + "\n")
        assert subprocess.run([sys.executable, READER, log, "/models"], check=False).returncode == status
