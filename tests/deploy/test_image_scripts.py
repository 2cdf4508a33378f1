import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import ModuleType

import numpy as np
import onnx
import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from cadx.cnn import load_exported

Load = Callable[[str], ModuleType]


def write(folder: Path, names: dict[str, bytes]) -> None:
    for name, content in names.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def listing(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() or path.is_symlink()}


# --- trim -----------------------------------------------------------------------------------------------------------


def test_trimming_drops_what_nobody_opens_and_keeps_the_rest(
    image_script: Load, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    packages = tmp_path / "lib/python3.11/site-packages"
    kept = {
        "numpy/__init__.py",
        "numpy/testing/__init__.py",
        "skimage/__init__.pyi",
        "skimage/data/orb_descriptor_positions.txt",
        "torch/bin/torch_shm_manager",
        "torch/testing/__init__.py",
        "othertests/tests/kept.py",
        "pydicom/data/palettes/hotiron.dcm",
    }
    dropped = {
        "numpy/_core/include/numpy/arrayobject.h",
        "numpy/linalg/tests/test_linalg.py",
        "numpy/__init__.pyi",
        "scipy/special/_ufuncs.pyx",
        "skimage/data/astronaut.png",
        "torch/bin/test_jit",
        "torch/include/torch/torch.h",
        "pydicom/data/test_files/a.dcm",
    }
    write(packages, dict.fromkeys(kept | dropped, b"12345"))
    trim = image_script("trim")
    assert trim.main(tmp_path) == 0
    assert listing(packages) == kept
    assert "left" in capsys.readouterr().out


def test_copies_of_a_library_become_links_to_it(image_script: Load, tmp_path: Path) -> None:
    names = dict.fromkeys(("g/libx.so", "g/libx.so.3", "g/libx.so.3.2", "h/libx.so"), b"same") | {"g/liby.so": b"else"}
    write(tmp_path, names)
    image_script("trim").link_repeated_libraries(tmp_path)
    links = {name for name in names if (tmp_path / name).is_symlink()}
    assert links == {"g/libx.so.3", "g/libx.so.3.2"}
    assert {name: (tmp_path / name).read_bytes() for name in names} == names


# --- SBOM -----------------------------------------------------------------------------------------------------------

DPKG_STATUS = """Package: zlib1g
Status: install ok installed
Architecture: amd64
Version: 1:1.2.13.dfsg-1
Description: compression library
 Status: not a field

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1

Package: libstdc++6
Status: install ok installed
Architecture: amd64
Version: 12.2.0-14+deb12u1
"""


def test_the_list_of_parts_has_both_kinds_and_is_valid(
    image_script: Load, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    python = {"type": "library", "bom-ref": "a", "name": "numpy", "version": "2.4.6", "purl": "pkg:pypi/numpy@2.4.6"}
    document = {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": [python]}
    write(tmp_path, {"python.json": json.dumps(document).encode(), "status": DPKG_STATUS.encode()})
    assert image_script("sbom").main(tmp_path / "python.json", tmp_path / "status") == 0
    written = capsys.readouterr().out
    assert [component["purl"] for component in json.loads(written)["components"]] == [
        "pkg:pypi/numpy@2.4.6",
        "pkg:deb/debian/libstdc%2B%2B6@12.2.0-14%2Bdeb12u1?arch=amd64&distro=debian-12",
        "pkg:deb/debian/zlib1g@1%3A1.2.13.dfsg-1?arch=amd64&distro=debian-12",
    ]
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(written) is None


# --- smoke ----------------------------------------------------------------------------------------------------------


def test_the_smoke_run_needs_no_exporter_to_write_a_valid_backbone(image_script: Load) -> None:
    model = image_script("smoke").tiny_backbone()
    onnx.checker.check_model(onnx.load_model_from_string(model), full_check=True)
    gray = np.random.default_rng(3).random((2, 512, 512), dtype=np.float32)
    tiles = gray.reshape(2, 8, 64, 8, 64).astype(np.float64).mean(axis=(2, 4)).reshape(2, 64)
    np.testing.assert_allclose(load_exported(model).features(gray), tiles, rtol=1e-5)


# --- health check ---------------------------------------------------------------------------------------------------


@contextmanager
def answering(status: int) -> Iterator[int]:
    """Serve one status on a free port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/readyz" else 404)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def health(repository: Path, port: int) -> int:
    command = [sys.executable, "-I", str(repository / "deploy/image/healthcheck.py")]
    environment = {**os.environ, "CADX_PORT": str(port)}
    return subprocess.run(command, env=environment, capture_output=True, timeout=20, check=False).returncode


@pytest.mark.parametrize(("status", "exit_status"), [(200, 0), (503, 1), (500, 1)])
def test_healthy_is_ready(repository: Path, status: int, exit_status: int) -> None:
    with answering(status) as port:
        assert health(repository, port) == exit_status


def test_no_answer_is_unhealthy(repository: Path) -> None:
    with answering(200) as port:
        pass
    assert health(repository, port) == 1
