"""OHIF's dist from npm, a real Orthanc, a real service with keys, one origin in front of them, and a Chromium."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import uvicorn
from playwright.sync_api import Browser

from app.auth.api_keys import Right, new_key
from scripts.viewer_demo.gateway import Upstream, basic_login, make_gateway
from scripts.viewer_demo.ohif_configuration import ohif_configuration
from tests.app.conftest import LiveServer, open_chromium
from tests.app.ohif.study import ViewerStudy, write_study
from tests.app.ohif.viewer import NO_TOUR, WEBGL_FLAGS, Viewer
from tests.conftest import Orthanc, free_ports

DIST = Path(__file__).parents[3] / "build" / "ohif"
FULL, OTHER = "3.13.2", "3.12.10"
PACS = "archive"


@dataclass(frozen=True)
class Hospital:
    """A PACS with a study, and the service that knows it; both want a login, which the gateway adds."""

    orthanc: Orthanc
    service: LiveServer
    study: ViewerStudy
    key: str

    def ask(self, body: dict[str, object], path: str = "") -> httpx.Response:
        """Ask the service itself, as another client would."""
        headers = {"X-API-Key": self.key}
        url = f"{self.service.url}/v1/predictions{path}"
        return httpx.post(url, json=body, headers=headers, timeout=60, trust_env=False)


@pytest.fixture(scope="session")
def hospital(
    orthanc: Orthanc,
    bundle_folder: Path,
    start_server: Callable[..., AbstractContextManager[LiveServer]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Hospital]:
    folder = tmp_path_factory.mktemp("viewer")
    study = write_study(folder)
    for view in study.views:
        orthanc.upload(view.content)
    pacs_file = folder / "pacs.toml"
    pacs_file.write_text(orthanc.toml(PACS), encoding="utf-8")
    key, entry = new_key("viewer", (Right.READ, Right.STORE))
    environment = {
        "CADX_MODELS_DIR": str(bundle_folder.parent),
        "CADX_PACS_FILE": str(pacs_file),
        "CADX_API_KEYS": entry,
    }
    with start_server(**environment) as service:
        yield Hospital(orthanc, service, study, key)


@contextmanager
def running_gateway(hospital: Hospital, dist: Path, cadx: dict[str, object]) -> Iterator[str]:
    """Serve OHIF at one origin with PACS and service."""
    upstreams = {
        "dicom-web": Upstream(hospital.orthanc.url, basic_login(*hospital.orthanc.auth)),
        "cadx": Upstream(hospital.service.url, {"X-API-Key": hospital.key}, strip=True),
    }
    (port,) = free_ports(1)
    gateway = make_gateway(dist, ohif_configuration(cadx), upstreams)
    server = uvicorn.Server(uvicorn.Config(gateway, host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser that draws images."""
    with open_chromium(*WEBGL_FLAGS) as opened:
        yield opened


@pytest.fixture(scope="module")
def open_viewer(chromium: Browser, hospital: Hospital) -> Callable[..., AbstractContextManager[Viewer]]:
    """Open an OHIF of a version with settings of the module; skipped where that version was not fetched."""

    @contextmanager
    def opened(version: str, **cadx: object) -> Iterator[Viewer]:
        dist = DIST / version
        if not (dist / "index.html").exists():
            pytest.skip(f"OHIF {version} is not in {dist}: `make ohif-dist` fetches it")
        with running_gateway(hospital, dist, cadx) as url:
            context = chromium.new_context(viewport={"width": 1400, "height": 900})
            context.add_init_script(NO_TOUR)
            viewer = Viewer(context.new_page(), url)
            viewer.open(hospital.study.uid)
            yield viewer
            context.close()

    return opened
