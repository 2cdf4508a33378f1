"""What many tests share: real data where there are any, a small phantom cohort, and a bundle fitted on it."""

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from cadx.cnn import BackboneSpec
from training.cohort.cases import Case, read_manifest
from training.fitting.fit import FitSettings, fit_models, save_fit
from training.phantoms import write_phantom_cohort, write_unseen_phantom

SMALL_BACKBONE = BackboneSpec("squeezenet1_1", "features.12.cat", "random:0", "mean")
"""A small CNN that needs no weights file: quick to build, and everything made with it says "not pretrained"."""


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of real mammograms and weights; tests that need it are skipped without it."""
    folder = os.environ.get("CADX_SHARED")
    if not folder:
        pytest.skip("CADX_SHARED is not set: no real images or weights here")
    return Path(folder)


@pytest.fixture(scope="session")
def phantom_manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Manifest of a cohort of 12 lesions in DICOM files."""
    return write_phantom_cohort(tmp_path_factory.mktemp("phantoms"), 12, seed=7)


@pytest.fixture(scope="session")
def unseen_phantom(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """One view of a lesion that is in no cohort."""
    return write_unseen_phantom(tmp_path_factory.mktemp("unseen"), seed=7)


@pytest.fixture(scope="session")
def bundle_folder(tmp_path_factory: pytest.TempPathFactory, phantom_manifest: Path) -> Path:
    """A real bundle, fitted on the small cohort. Do not write into it: copy it first."""
    settings = FitSettings(
        backbone=SMALL_BACKBONE,
        folds=3,
        synthetic=True,
        source="phantoms of the tests",
        keep_cases=True,
        keep_thumbnails=True,
    )
    folder = tmp_path_factory.mktemp("models") / "small"
    save_fit(fit_models(read_manifest(phantom_manifest), settings), folder)
    return folder


ORTHANC_PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
ORTHANC_READY_SECONDS = 30.0


@dataclass(frozen=True)
class Orthanc:
    """A real PACS on loopback, with a user and a password."""

    process: subprocess.Popen[bytes]
    port: int
    dicom_port: int
    user: str = "reader"
    password: str = "of the tests"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def dicomweb(self) -> str:
        return f"{self.url}/dicom-web"

    @property
    def auth(self) -> tuple[str, str]:
        return self.user, self.password

    def post(self, path: str, content: bytes) -> httpx.Response:
        """Ask Orthanc's own interface."""
        return httpx.post(f"{self.url}{path}", content=content, auth=self.auth, timeout=30, trust_env=False)

    def upload(self, content: bytes) -> None:
        """Put a file into it by a way of its own."""
        self.post("/instances", content).raise_for_status()

    def toml(self, name: str = "archive", more: str = "") -> str:
        """The entry of a PACS file that names it."""
        return f'[{name}]\nurl = "{self.dicomweb}"\nuser = "{self.user}"\npassword = "{self.password}"\n{more}\n'


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens at, all different."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()


@pytest.fixture(scope="session")
def start_orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Orthanc]]:
    """Start an Orthanc with the DICOMweb plugin; skipped where Debian's is not installed."""
    binary = shutil.which("Orthanc")
    if binary is None or not ORTHANC_PLUGIN.exists():
        pytest.skip("Orthanc and its DICOMweb plugin are not installed (Debian: orthanc orthanc-dicomweb)")
    started: list[subprocess.Popen[bytes]] = []

    def start(**changes: object) -> Orthanc:
        folder = tmp_path_factory.mktemp("orthanc")
        port, dicom_port = free_ports(2)
        configuration: dict[str, object] = {
            "Name": "tests",
            "StorageDirectory": str(folder / "db"),
            "IndexDirectory": str(folder / "db"),
            "HttpPort": port,
            "DicomPort": dicom_port,
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": True,
            "RegisteredUsers": {Orthanc.user: Orthanc.password},
            "Plugins": [str(ORTHANC_PLUGIN)],
            "DicomWeb": {"Enable": True, "Root": "/dicom-web/", "StudiesMetadata": "Full", "SeriesMetadata": "Full"},
            **changes,
        }
        (folder / "orthanc.json").write_text(json.dumps(configuration), encoding="utf-8")
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen([str(binary), str(folder / "orthanc.json")], stdout=log, stderr=log)
        started.append(process)
        server = Orthanc(process, port, dicom_port)
        deadline = time.monotonic() + ORTHANC_READY_SECONDS
        while True:
            try:
                httpx.get(f"{server.url}/system", auth=server.auth, timeout=2, trust_env=False).raise_for_status()
            except httpx.HTTPError:
                assert process.poll() is None, (folder / "log").read_text(errors="replace")
                assert time.monotonic() < deadline, "Orthanc does not answer"
                time.sleep(0.1)
            else:
                return server

    yield start
    for process in started:
        process.terminate()
    for process in started:
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="session")
def orthanc(start_orthanc: Callable[..., Orthanc]) -> Orthanc:
    """The Orthanc that tests share: they put in studies of their own."""
    return start_orthanc()
