"""The processes of a demonstration: Debian's Orthanc, the service, and a phantom study in the archive."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pydicom

from training.cohort.cases import Case, Label, read_manifest
from training.phantoms import PlannedLesion, write_planned_cohort

PLUGINS = Path("/usr/share/orthanc/plugins")
PLUGIN_NAMES = ("libOrthancDicomWeb.so", "libOrthancGdcm.so")
PACS = "demo"
READY_SECONDS = 60.0
STOP_SECONDS = 20.0
INSTALL = "apt-get install --no-install-recommends orthanc orthanc-dicomweb orthanc-gdcm"


@dataclass(frozen=True, slots=True)
class Archive:
    """A running PACS on loopback."""

    url: str
    dicom_port: int
    user: str
    password: str

    @property
    def dicomweb(self) -> str:
        """Prefix of QIDO, WADO and STOW."""
        return f"{self.url}/dicom-web"

    def pacs_file(self) -> str:
        """What CADX_PACS_FILE says of it."""
        return f'[{PACS}]\nurl = "{self.dicomweb}"\nuser = "{self.user}"\npassword = "{self.password}"\n'


@dataclass(frozen=True, slots=True)
class MarkedView:
    """An image of the phantom study and where its lesion lies."""

    case: Case
    study: str
    series: str
    instance: str


def free_port() -> int:
    """A port of the loopback interface that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(
    command: list[str], log: Path, environment: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program, its output in a file, until the block ends."""
    with log.open("wb") as output:
        # In a group of its own: Ctrl-C comes to this program alone, which then ends the others in their order.
        process = subprocess.Popen(  # noqa: S603 - the demonstration's own commands
            command, env=os.environ | (environment or {}), stdout=output, stderr=output, start_new_session=True
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_until_answering(process: subprocess.Popen[bytes], url: str, log: Path, auth: tuple[str, str] | None) -> None:
    """Return when a program answers; end the demonstration if it does not."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(url, auth=auth, timeout=5, trust_env=False).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    sys.exit(f"{url} does not answer; its log:\n{log.read_text(errors='replace')[-2000:]}")


@contextmanager
def running_orthanc(folder: Path, port: int, dicom_port: int) -> Iterator[Archive]:
    """Run Debian's Orthanc with an empty database and a password made for this run."""
    binary = shutil.which("Orthanc")
    if binary is None or not (PLUGINS / PLUGIN_NAMES[0]).exists():
        sys.exit(f"Orthanc and its DICOMweb plugin are needed (Debian: {INSTALL}).")
    archive = Archive(f"http://127.0.0.1:{port}", dicom_port, "demo", secrets.token_urlsafe(16))
    database = folder / "orthanc-db"
    shutil.rmtree(database, ignore_errors=True)
    configuration = {
        "Name": "mammo-cadx demonstration",
        "StorageDirectory": str(database),
        "IndexDirectory": str(database),
        "HttpPort": port,
        "DicomPort": dicom_port,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": True,
        "RegisteredUsers": {archive.user: archive.password},
        "Plugins": [str(PLUGINS / name) for name in PLUGIN_NAMES if (PLUGINS / name).exists()],
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/", "StudiesMetadata": "Full", "SeriesMetadata": "Full"},
    }
    path, log = folder / "orthanc.json", folder / "orthanc.log"
    path.touch(mode=0o600)
    path.write_text(json.dumps(configuration, indent=2), encoding="utf-8")
    with running([binary, str(path)], log) as process:
        wait_until_answering(process, f"{archive.url}/system", log, (archive.user, archive.password))
        yield archive


@contextmanager
def running_service(folder: Path, model: Path, archive: Archive, port: int) -> Iterator[str]:
    """Run the service on loopback, with the archive as its PACS; yields its address."""
    pacs_file, log = folder / "pacs.toml", folder / "service.log"
    pacs_file.touch(mode=0o600)
    pacs_file.write_text(archive.pacs_file(), encoding="utf-8")
    environment = {
        "CADX_HOST": "127.0.0.1",
        "CADX_PORT": str(port),
        "CADX_MODELS_DIR": str(model.parent),
        "CADX_MODEL": model.name,
        "CADX_PACS_FILE": str(pacs_file),
    }
    with running([sys.executable, "-m", "app"], log, environment) as process:
        url = f"http://127.0.0.1:{port}"
        wait_until_answering(process, f"{url}/readyz", log, None)
        yield url


def load_study(folder: Path, archive: Archive) -> list[MarkedView]:
    """Write CC and MLO of a phantom lesion and put them into the archive by STOW-RS."""
    plan = [PlannedLesion("DEMO", "PHANTOM-DEMO", Label.MALIGNANT, 14.0, 2, (2016, 3, 0))]
    cases = read_manifest(write_planned_cohort(folder / "study", plan))
    views = []
    for case in cases:
        store(archive, case.image.read_bytes())
        header = pydicom.dcmread(case.image, stop_before_pixels=True)
        views.append(MarkedView(case, header.StudyInstanceUID, header.SeriesInstanceUID, header.SOPInstanceUID))
    return views


def store(archive: Archive, content: bytes) -> None:
    """Put a file into the archive by STOW-RS."""
    boundary = secrets.token_hex(16)
    body = b"".join(
        (
            f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode(),
            content,
            f"\r\n--{boundary}--\r\n".encode(),
        )
    )
    httpx.post(
        f"{archive.dicomweb}/studies",
        content=body,
        headers={
            "Content-Type": f'multipart/related; type="application/dicom"; boundary={boundary}',
            "Accept": "application/dicom+json",
        },
        auth=(archive.user, archive.password),
        timeout=60,
        trust_env=False,
    ).raise_for_status()
