"""From a click on a mammogram that is open to the answer on the screen, in a real browser (Chromium, by Playwright).

    python benchmarks/click_to_answer.py models/demo [--clicks 40] [--workers 2]

The service runs as `python -m app` on this machine; the image is an uncompressed 4096 x 3328 mammogram of 16 bits
(26 MiB). Each click is somewhere else about the lesion, so that nothing can be remembered. The time runs from the
browser's own time stamp of the mouse button's release to the first picture that the browser draws after the
probability and the outline are there. `SURFACES` is what is clicked on.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
from benchmarks.service import CENTER, COLUMNS, ROWS, free_port, write_images  # noqa: E402 - after the path

FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
# Tells how long each answer took, from the release of the button to the frame after the number was written.
WATCH = """() => {
  let released = 0;
  window.clicks = [];
  addEventListener('pointerup', event => { released = event.timeStamp; }, true);
  new MutationObserver(() => {
    if (!released || !document.querySelector('data[data-name=probability]')) return;
    const from = released;
    released = 0;
    requestAnimationFrame(() => requestAnimationFrame(now => window.clicks.push(now - from)));
  }).observe(document.querySelector('#answer'), {childList: true});
}"""
REQUESTS = """() => performance.getEntriesByType('resource')
  .filter(({name}) => name.includes('/v1/predictions')).map(({duration}) => duration)"""


def click_on_page(page: Page, url: str, image: Path, clicks: int) -> tuple[list[float], Mapping[str, float]]:
    """Our own page at `/`."""
    page.goto(url)
    page.locator("#model", has_text="Model").wait_for()
    started = time.perf_counter()
    page.set_input_files("#file", image)
    page.locator("#marks fieldset").wait_for(timeout=60_000)
    opened = time.perf_counter() - started
    page.evaluate(WATCH)
    box = page.locator("canvas").bounding_box()
    assert box is not None
    scale = min(box["width"] / COLUMNS, box["height"] / ROWS)
    left = box["x"] + (box["width"] - COLUMNS * scale) / 2
    top = box["y"] + (box["height"] - ROWS * scale) / 2
    rng = np.random.default_rng(0)
    for number in range(clicks):
        # Far enough from the last mark that it is a new one and not a drag of it.
        angle, reach = number * 2.4, 18 + 6 * rng.random()
        x, y = left + CENTER[0] * scale + reach * np.cos(angle), top + CENTER[1] * scale + reach * np.sin(angle)
        page.mouse.click(x, y)
        page.wait_for_function("count => window.clicks.length > count", arg=number, timeout=60_000)
    times: list[float] = page.evaluate("window.clicks")
    requests: list[float] = page.evaluate(REQUESTS)
    return times, {
        "of these the request, p50, ms": statistics.median(requests),
        "to open the file, until a center can be marked, s": opened,
    }


SURFACES: Mapping[str, Callable[[Page, str, Path, int], tuple[list[float], Mapping[str, float]]]] = {
    "page": click_on_page,
}


@contextmanager
def service(models: Path, workers: int) -> Iterator[str]:
    """Run the service with one model."""
    port = free_port()
    settings = {"CADX_PORT": str(port), "CADX_WORKERS": str(workers)}
    settings |= {"CADX_MODELS_DIR": str(models.parent), "CADX_MODEL": models.name}
    process = subprocess.Popen(
        [sys.executable, "-m", "app"],
        env=os.environ | settings | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}/"
    try:
        for _ in range(600):
            try:
                with urllib.request.urlopen(f"{url}readyz", timeout=5):
                    break
            except OSError:
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--clicks", type=int, default=40)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--surface", choices=SURFACES, action="append", help="what is clicked on; all without it")
    arguments = parser.parse_args()
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        sys.exit("Chromium is needed (Debian: chromium)")
    with tempfile.TemporaryDirectory() as folder, service(arguments.bundle.absolute(), arguments.workers) as url:
        image, _ = write_images(Path(folder))
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=chromium, args=FLAGS)
            for name in arguments.surface or SURFACES:
                page = browser.new_page(viewport={"width": 1280, "height": 800})
                before = os.getloadavg()[0]
                times, more = SURFACES[name](page, url, image, arguments.clicks)
                page.close()
                ordered = sorted(times)
                p95 = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
                print(
                    f"{name}: {len(times)} clicks on {image.stat().st_size / 1e6:.1f} MB: "
                    f"p50 {statistics.median(times):.0f} ms, p95 {p95:.0f} ms, "
                    f"{ordered[0]:.0f} to {ordered[-1]:.0f} ms; {os.cpu_count()} cores, "
                    f"load average {before:.1f} before and {os.getloadavg()[0]:.1f} after"
                )
                for what, value in more.items():
                    print(f"    {what}: {value:.2f}")
            browser.close()


if __name__ == "__main__":
    main()
