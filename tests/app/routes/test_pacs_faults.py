"""A PACS that is slow, gone or not to be trusted, and a service that goes on with everything else."""

import io
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pydicom
from pydicom.uid import generate_uid
from starlette.testclient import TestClient

from tests.cadx.exchange.dicomweb.played import Pacs, related, says, served
from tests.conftest import Orthanc

if TYPE_CHECKING:
    from http.server import BaseHTTPRequestHandler

    from tests.app.conftest import LiveServer, Sample

    StartServer = Callable[..., AbstractContextManager[LiveServer]]

URL = "/v1/predictions"
UIDS = {"study": "1.2.3", "series": "1.2.4", "instance": "1.2.5"}
ASKERS = 12


def pacs_file(folder: Path, text: str) -> Path:
    path = folder / "pacs.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_slow_pacs_holds_up_neither_health_nor_uploads(
    start_server: "StartServer", bundle_folder: Path, sample: "Sample", tmp_path: Path
) -> None:
    def trickle(handler: "BaseHTTPRequestHandler") -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", 'multipart/related; type="application/dicom"; boundary=xx')
        handler.end_headers()
        for byte in related(sample.content):
            handler.wfile.write(bytes([byte]))
            time.sleep(0.05)

    with (
        served(Pacs(trickle)) as url,
        start_server(
            CADX_MODELS_DIR=str(bundle_folder.parent),
            CADX_PACS_FILE=str(pacs_file(tmp_path, f'[slow]\nurl = "{url}"\n')),
            CADX_PACS_SECONDS="6",
        ) as server,
        ThreadPoolExecutor(ASKERS) as pool,
    ):
        body = {"dicomweb": {"pacs": "slow", **UIDS}, "x": 1.0, "y": 1.0}
        asked = [pool.submit(httpx.post, f"{server.url}{URL}", json=body, timeout=30) for _ in range(ASKERS)]
        served_meanwhile = 0
        while not any(each.done() for each in asked):
            assert httpx.get(f"{server.url}/healthz", timeout=5).status_code == 200
            uploaded = httpx.post(f"{server.url}{URL}", files=sample.files, data=sample.data, timeout=20)
            assert uploaded.status_code == 200, uploaded.text
            served_meanwhile += 1
        assert served_meanwhile >= 3
        answers = {(each.result().status_code, each.result().json()["code"]) for each in asked}
        assert answers == {(504, "pacs_too_slow")}


def test_a_pacs_that_is_killed_is_said_and_what_was_fetched_is_still_there(
    make_client: Callable[..., TestClient], start_orthanc: Callable[..., Orthanc], sample: "Sample", tmp_path: Path
) -> None:
    orthanc = start_orthanc()
    orthanc.upload(sample.content)
    dataset = pydicom.dcmread(io.BytesIO(sample.content), stop_before_pixels=True)
    reference = {
        "pacs": "archive",
        "study": str(dataset.StudyInstanceUID),
        "series": str(dataset.SeriesInstanceUID),
        "instance": str(dataset.SOPInstanceUID),
    }

    client = make_client(pacs_file=pacs_file(tmp_path, orthanc.toml()))

    def ask(query: str = "", **more: Any) -> Any:
        return client.post(URL + query, json={"dicomweb": {**reference, **more}, "x": sample.x, "y": sample.y})

    probability = ask().json()["probability"]
    orthanc.process.kill()
    orthanc.process.wait()
    assert ask().json()["probability"] == probability
    for answer in (ask(instance=generate_uid()), ask("?store=sr")):
        assert (answer.status_code, answer.json()["code"]) == (502, "pacs_unreachable")
    assert client.get("/v1/pacs").json()["pacs"][0]["answers"] is False
    uploaded = client.post(URL, files=sample.files, data=sample.data)
    assert uploaded.json()["probability"] == probability


def test_redirects_and_wrong_instances_never_leave_the_pacs(
    make_client: Callable[..., TestClient], sample: "Sample", tmp_path: Path
) -> None:
    """What would let a caller, or a PACS, send the service elsewhere or slip in another patient's image."""
    elsewhere, another = Pacs(says(body=related(sample.content))), Pacs(says(body=related(sample.content)))
    with (
        served(elsewhere) as target,
        served(Pacs(says(302, Location=f"{target}/studies/1.2.3"))) as redirects,
        served(another) as url,
    ):
        text = f'[redirects]\nurl = "{redirects}"\n[another]\nurl = "{url}"\n'
        client = make_client(pacs_file=pacs_file(tmp_path, text))

        def code(pacs: str, **more: str) -> str:
            answer = client.post(URL, json={"dicomweb": {"pacs": pacs, **UIDS, **more}, "x": 1, "y": 1})
            told: str = answer.json()["code"]
            return told

        assert code("redirects") == "pacs_answer_unreadable"
        assert code("another") == "pacs_sent_another_instance"
        asked = len(another.asked)
        for hostile in ("1.2/../../../admin", "1.2?x=1", "http://127.0.0.1/", "1.2%2F..", "1..2" * 20):
            assert code("another", study=hostile) == "invalid_request"
        assert code(target) == "pacs_unknown"
    assert elsewhere.asked == []
    assert len(another.asked) == asked
