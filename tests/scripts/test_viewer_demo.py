"""The demonstration with a PACS: it starts, answers, stores, and leaves nothing running."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil
import pytest

from tests.conftest import ORTHANC_PLUGIN, free_ports

SECONDS = 90.0


@pytest.mark.skipif(not ORTHANC_PLUGIN.exists(), reason="Debian's orthanc-dicomweb is not installed")
def test_it_stores_a_result_and_ctrl_c_ends_everything(bundle_folder: Path, tmp_path: Path) -> None:
    service, pacs, dicom = map(str, free_ports(3))
    log = tmp_path / "out"
    command = [sys.executable, "-m", "scripts.viewer_demo", "--model", str(bundle_folder), "--folder", str(tmp_path)]
    command += ["--port", service, "--pacs-port", pacs, "--dicom-port", dicom]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CADX_")}
    with log.open("wb") as output:
        demo = subprocess.Popen(command, stdout=output, stderr=output, env=clean)
    try:
        deadline = time.monotonic() + SECONDS
        while "Ctrl-C" not in log.read_text():
            assert demo.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)
        asked = re.search(r"curl -s '(\S+)' .* -d '(.+)'", log.read_text())
        assert asked is not None
        answer = httpx.post(asked[1], json=json.loads(asked[2]), timeout=60, trust_env=False)
        assert [each["state"] for each in answer.json()["stored"]] == ["stored", "stored"]
        started = psutil.Process(demo.pid).children(recursive=True)
        assert len(started) >= 2
        demo.send_signal(signal.SIGINT)
        assert demo.wait(60) == 0
        assert log.read_text().endswith("stopped\n")
        assert psutil.wait_procs(started, timeout=10)[1] == []
    finally:
        demo.kill()


def test_a_model_that_is_not_there_is_said_at_once(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "scripts.viewer_demo",
        "--model",
        str(tmp_path),
        "--folder",
        str(tmp_path / "demo"),
    ]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert "make demo" in ended.stderr
    assert not (tmp_path / "demo").exists()
