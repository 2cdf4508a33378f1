"""A PACS that speaks only DIMSE: Orthanc is the bridge, with the configuration of deploy/bridge."""

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pydicom
import pytest
from starlette.testclient import TestClient

from tests.conftest import Orthanc, free_ports
from training.cohort.cases import Case

BRIDGE = Path(__file__).parents[3] / "deploy" / "bridge"
ARRIVES_SECONDS = 30.0


@dataclass(frozen=True)
class StoreScp:
    """dcmtk's storescp: what a PACS without DICOMweb is to the bridge."""

    port: int
    folder: Path

    def received(self, modality: str) -> pydicom.Dataset:
        """Wait for an object of a modality."""
        deadline = time.monotonic() + ARRIVES_SECONDS
        while time.monotonic() < deadline:
            for path in self.folder.iterdir():
                try:
                    found = pydicom.dcmread(path)
                except (pydicom.errors.InvalidDicomError, EOFError):  # still being written
                    continue
                if found.get("Modality") == modality:
                    return found
            time.sleep(0.2)
        pytest.fail(f"no {modality} arrived")


@pytest.fixture
def store_scp(tmp_path: Path) -> Iterator[StoreScp]:
    binary = shutil.which("storescp")
    if binary is None:
        pytest.skip("dcmtk is not installed (Debian: dcmtk)")
    folder = tmp_path / "pacs"
    folder.mkdir()
    (port,) = free_ports(1)
    process = subprocess.Popen([binary, "--aetitle", "PACS", "--output-directory", str(folder), str(port)])
    yield StoreScp(port, folder)
    process.terminate()
    process.wait(10)


def bridge_configuration(pacs_port: int, dicom_port: int, pacs_title: str = "PACS") -> dict[str, object]:
    """What deploy/bridge says, but for places, ports and the password."""
    told = json.loads((BRIDGE / "orthanc.json").read_text())
    kept = {name: told[name] for name in ("DicomWeb", "DicomAet", "DicomCheckCalledAet")}
    ((name, (title, _, _)),) = told["DicomModalities"].items()
    assert title == pacs_title
    return kept | {
        "DicomPort": dicom_port,
        "DicomModalities": {name: [title, "127.0.0.1", pacs_port]},
        "LuaScripts": [str(BRIDGE / Path(script).name) for script in told["LuaScripts"]],
    }


def uids(case: Case) -> dict[str, str]:
    header = pydicom.dcmread(case.image, stop_before_pixels=True)
    return {"study": header.StudyInstanceUID, "series": header.SeriesInstanceUID, "instance": header.SOPInstanceUID}


def test_an_image_comes_by_c_store_and_the_results_go_on_by_c_store(
    start_orthanc: Callable[..., Orthanc],
    store_scp: StoreScp,
    make_client: Callable[..., TestClient],
    unseen_phantom: Case,
    tmp_path: Path,
) -> None:
    (dicom_port,) = free_ports(1)
    bridge = start_orthanc(**bridge_configuration(store_scp.port, dicom_port))
    store_scu = ["storescu", "-aec", "BRIDGE", "127.0.0.1", str(dicom_port), str(unseen_phantom.image)]
    subprocess.run(store_scu, check=True, timeout=30)
    path = tmp_path / "pacs.toml"
    path.write_text(bridge.toml(), encoding="utf-8")
    body = {"dicomweb": {"pacs": "archive", **uids(unseen_phantom)}, "x": unseen_phantom.center.x}
    answer = make_client(pacs_file=path).post(
        "/v1/predictions", json={**body, "y": unseen_phantom.center.y}, params={"store": ["sr", "seg"]}
    )
    assert answer.status_code == 200, answer.text
    assert [each["state"] for each in answer.json()["stored"]] == ["stored"] * 2
    report, overlay = store_scp.received("SR"), store_scp.received("SEG")
    assert [report.SOPInstanceUID, overlay.SOPInstanceUID] == [each["instance"] for each in answer.json()["stored"]]
    assert report.StudyInstanceUID == overlay.StudyInstanceUID == uids(unseen_phantom)["study"]
    told = [item.MeasuredValueSequence[0].FloatingPointValue for item in numbers(report)]
    assert 100 * answer.json()["probability"] in told
    assert not any(pydicom.dcmread(each).Modality == "MG" for each in store_scp.folder.iterdir()), "no image goes back"


def numbers(item: pydicom.Dataset) -> list[pydicom.Dataset]:
    """Every NUM item of a report."""
    inner = [found for each in item.get("ContentSequence", []) for found in numbers(each)]
    return [item, *inner] if item.get("ValueType") == "NUM" else inner


def test_an_image_is_fetched_by_c_move(start_orthanc: Callable[..., Orthanc], unseen_phantom: Case) -> None:
    pacs_port, dicom_port = free_ports(2)
    pacs = start_orthanc(
        DicomAet="PACS", DicomPort=pacs_port, DicomModalities={"bridge": ["BRIDGE", "127.0.0.1", dicom_port]}
    )
    pacs.upload(unseen_phantom.image.read_bytes())
    bridge = start_orthanc(**bridge_configuration(pacs_port, dicom_port))
    wanted = uids(unseen_phantom)
    query = {"Level": "Study", "Query": {"StudyInstanceUID": wanted["study"]}}
    found = bridge.post("/modalities/pacs/query", json.dumps(query).encode()).json()
    bridge.post(f"{found['Path']}/retrieve", b'{"TargetAet": "BRIDGE", "Synchronous": true}').raise_for_status()
    url = f"{bridge.dicomweb}/studies/{wanted['study']}/instances"
    there = httpx.get(url, auth=bridge.auth, trust_env=False).json()
    assert [each["00080018"]["Value"][0] for each in there] == [wanted["instance"]]
