"""Click to answer inside OHIF, on a mammogram of 27 MB that the service has in its cache; prints every run.

    make ohif-dist
    python benchmarks/ohif_click.py --model models/demo [--runs 30] [--ohif build/ohif/3.13.2]

From the mouse button's release to the number in the panel, by the page's own clock, in Debian's Chromium without a
graphics card, with Orthanc and the service on this machine. Each run removes the mark and clicks a little further on.
"""

import argparse
import io
import os
import shutil
import statistics
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import httpx
import numpy as np
import pydicom
import uvicorn
from playwright.sync_api import Page, sync_playwright

from scripts.viewer_demo.gateway import Upstream, basic_login, make_gateway
from scripts.viewer_demo.neighbors import PACS, free_port, running_orthanc, running_service, store
from scripts.viewer_demo.ohif_configuration import ohif_configuration
from tests.app.conftest import CHROMIUM_FLAGS
from tests.app.ohif.viewer import NO_TOUR, WEBGL_FLAGS, Viewer
from training.phantoms import write_unseen_phantom

ROWS, COLUMNS = 4096, 3328  # 27.3 MB of 16 bits
SPACING_MM = 0.1
# When the number is there: the listener is on the window, before the viewer's own.
WATCH = """() => {
  window.addEventListener('mouseup', () => {
    const started = performance.now();
    const watcher = new MutationObserver(() => {
      if (!document.querySelector('[data-cadx=done]')) return;
      window.tookMs = performance.now() - started;
      watcher.disconnect();
    });
    watcher.observe(document.body, {subtree: true, childList: true, attributes: true});
  }, {capture: true});
}"""


def large_phantom(folder: Path) -> tuple[bytes, str, float, float]:
    """A phantom on a large detector: its file, study and lesion."""
    case = write_unseen_phantom(folder, seed=7)
    dataset = pydicom.dcmread(case.image)
    small = dataset.pixel_array
    air = small.max() if dataset.PhotometricInterpretation == "MONOCHROME1" else small.min()
    large = np.full((ROWS, COLUMNS), air, small.dtype)
    left = 0 if dataset.ImageLaterality == "L" else COLUMNS - small.shape[1]
    large[1500 : 1500 + small.shape[0], left : left + small.shape[1]] = small
    dataset.Rows, dataset.Columns = large.shape
    dataset.PixelData = large.tobytes()
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue(), str(dataset.StudyInstanceUID), case.center.x + left, case.center.y + 1500


def click(viewer: Viewer, page: Page, x: float, y: float) -> float:
    """Click, wait for the number, remove the mark; seconds."""
    page.evaluate("() => { window.tookMs = undefined; }")
    viewer.click(x, y, (SPACING_MM, SPACING_MM))
    page.wait_for_function("() => window.tookMs !== undefined", timeout=60_000, polling=20)
    seconds = float(page.evaluate("() => window.tookMs")) / 1e3
    viewer.remove_all()
    page.wait_for_timeout(300)
    return seconds


def request(service: str, content: bytes, x: float, y: float) -> float:
    """The same question without a browser; seconds."""
    header = pydicom.dcmread(io.BytesIO(content), stop_before_pixels=True)
    uids = {"study": header.StudyInstanceUID, "series": header.SeriesInstanceUID, "instance": header.SOPInstanceUID}
    started = time.perf_counter()
    body = {"dicomweb": {"pacs": PACS, **uids}, "x": x, "y": y}
    httpx.post(f"{service}/v1/predictions", json=body, timeout=60, trust_env=False).raise_for_status()
    return time.perf_counter() - started


def tell(what: str, runs: list[float]) -> None:
    """All runs and their quantiles."""
    print(f"{what}, s:", " ".join(f"{seconds:.3f}" for seconds in runs))
    p95 = sorted(runs)[int(0.95 * (len(runs) - 1))]
    print(f"{what}: p50 {statistics.median(runs):.3f} s, p95 {p95:.3f} s")


def main() -> None:
    """Start everything, click, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", type=Path, default=Path("models/demo"))
    parser.add_argument("--ohif", type=Path, default=Path("build/ohif/3.13.2"))
    parser.add_argument("--runs", type=int, default=30)
    arguments = parser.parse_args()
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("Debian's chromium is needed")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        archive = stack.enter_context(running_orthanc(folder, free_port(), free_port()))
        service = stack.enter_context(running_service(folder, arguments.model, archive, free_port()))
        content, study, x, y = large_phantom(folder / "phantom")
        store(archive, content)
        upstreams = {
            "dicom-web": Upstream(archive.url, basic_login(archive.user, archive.password)),
            "cadx": Upstream(service, strip=True),
        }
        port = free_port()
        gateway = make_gateway(arguments.ohif, ohif_configuration({"pacs": PACS}), upstreams)
        server = uvicorn.Server(uvicorn.Config(gateway, port=port, log_level="error"))
        threading.Thread(target=server.run, daemon=True).start()
        while not server.started:
            time.sleep(0.05)
        driver = stack.enter_context(sync_playwright())
        browser = driver.chromium.launch(executable_path=chromium, args=[*CHROMIUM_FLAGS, *WEBGL_FLAGS])
        stack.callback(browser.close)
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.add_init_script(NO_TOUR)
        viewer = Viewer(page, f"http://127.0.0.1:{port}")
        viewer.open(study)
        page.wait_for_timeout(3000)
        page.evaluate(WATCH)
        print(f"{len(content) / 1e6:.1f} MB, OHIF {arguments.ohif.name}, {os.cpu_count()} cores")
        print(f"load average before: {os.getloadavg()[0]:.2f}")
        print(f"first click (the service fetches the image): {click(viewer, page, x, y):.3f} s")
        clicks, requests = [], []
        for i in range(arguments.runs):
            clicks.append(click(viewer, page, x + 5 * (i % 5) - 10, y))
            requests.append(request(service, content, x + 5 * (i % 5) - 10, y))
        tell("click to number", clicks)
        tell("the request alone, without a browser", requests)
        print(f"load average after: {os.getloadavg()[0]:.2f}")
        server.should_exit = True


if __name__ == "__main__":
    main()
