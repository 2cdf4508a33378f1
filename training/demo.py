"""`make demo`: the whole product once, on phantoms, as a user would run it."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from rich.console import Console

from cadx.bundle import BundleManifest
from cadx.bundle.files import MANIFEST
from cadx.cnn import BackboneSpec, why_no_imagenet_weights
from cadx.mammogram import ReadingPolicy
from training.cli import run
from training.cohort.cases import Case, read_manifest
from training.errors import OutputNotOurs
from training.features.extraction import read_roi
from training.fitting.bundle_place import check_bundle
from training.fitting.fit import FitSettings, fit_models, save_fit
from training.outputs import check_folder, read_json
from training.phantoms import PHANTOMS, write_phantom_cohort, write_unseen_phantom
from training.pictures.prediction import draw_prediction
from training.progress import progress_bar
from training.summary import figures_table

SEED = 2016
READY_SECONDS = 60.0
REQUEST_SECONDS = 60.0
STOP_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Demonstration:
    """What a demonstration makes and where.

    Attributes
    ----------
    folder
        For phantoms, answer, picture and the service's log.
    model
        Folder of the bundle.
    lesions
        Size of the training cohort.
    backbone
        The CNN; none: the paper's, with ImageNet weights where they can be had.
    """

    folder: Path = Path("demo")
    model: Path = Path("models/demo")
    lesions: int = 60
    backbone: BackboneSpec | None = None


def main() -> None:
    """Run the demonstration with its defaults."""
    demonstrate(Demonstration(), Console(highlight=False))


def demonstrate(demo: Demonstration, console: Console) -> None:
    """Phantoms, fit, bundle, service, one prediction over HTTP, one picture."""
    check_places(demo)
    console.rule("mammo-cadx demonstration: research use only, not a medical device")
    with progress_bar(console, "phantom lesions, as DICOM files") as progress:
        cohort = write_phantom_cohort(demo.folder / "phantoms", demo.lesions, SEED, on_lesion=progress)
    settings = FitSettings(
        backbone=demo.backbone or choose_backbone(console),
        synthetic=True,
        source="synthetic phantoms written by `make demo`",
    )
    manifest = save_fit(fit_models(read_manifest(cohort), settings, console), demo.model, replace=True)
    unseen = write_unseen_phantom(demo.folder / "unseen", SEED)
    with running_service(demo, console) as address:
        answer = predict(address, unseen)
    report(demo, console, manifest, unseen, answer)


def check_places(demo: Demonstration) -> None:
    """Refuse, before any work, to replace what no demonstration made.

    Raises
    ------
    OutputNotOurs
        When other files than phantoms, or a model of other cases, lie where the demonstration writes.
    OutputNotWritable
        When nothing can be written there.
    """
    check_folder(demo.folder / "phantoms", PHANTOMS, replace=True)
    check_bundle(demo.model, replace=True)
    cohort = read_json(demo.model / MANIFEST).get("cohort")
    if isinstance(cohort, dict) and cohort.get("synthetic") is not True:
        raise OutputNotOurs(str(demo.model), "a model of cases that are no phantoms", "a demonstration")


def choose_backbone(console: Console) -> BackboneSpec:
    """ImageNet weights where they can be had, else seeded random ones, and then loudly so."""
    obstacle = why_no_imagenet_weights(BackboneSpec().architecture)
    if obstacle is None:
        return BackboneSpec()
    console.rule("[bold red]NOT PRETRAINED, DEMONSTRATION ONLY")
    console.print(f"No ImageNet weights: {obstacle}.", style="bold red", markup=False)
    console.print("Going on with seeded random weights (random:0); README.md says how to bring the real ones.")
    return BackboneSpec(weights="random:0")


@contextmanager
def running_service(demo: Demonstration, console: Console) -> Iterator[str]:
    """Serve the demonstration model while the block runs; yields the service's address."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    settings = {"CADX_MODELS_DIR": str(demo.model.parent), "CADX_MODEL": demo.model.name, "CADX_PORT": str(port)}
    log = demo.folder / "service.log"
    console.print(f"starting the service on {address} (its log: {log})", markup=False)
    with log.open("w") as output:
        service = subprocess.Popen(
            [sys.executable, "-m", "app"], env=os.environ | settings, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            wait_until_ready(service, address, log)
            yield address
        finally:
            service.terminate()
            try:
                service.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                service.kill()
                service.wait()
    console.print("service stopped")


def free_port() -> int:
    """A port of the loopback interface that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_ready(service: subprocess.Popen[bytes], address: str, log: Path) -> None:
    """Return when the service has loaded its model and answered once with it; stop the demonstration if it does not."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if service.poll() is not None:
            break
        try:
            if httpx.get(f"{address}/readyz", timeout=5).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    sys.exit(f"the service did not become ready; its log:\n{log.read_text()[-2000:]}")


def predict(address: str, case: Case) -> dict[str, Any]:
    """Send one image and its marked center over HTTP."""
    with case.image.open("rb") as image:
        response = httpx.post(
            f"{address}/v1/predictions",
            files={"image": (case.image.name, image)},
            data={"x": str(case.center.x), "y": str(case.center.y)},
            timeout=REQUEST_SECONDS,
        )
    if not response.is_success:
        sys.exit(f"the service refused the phantom: {response.text}")
    answer: dict[str, Any] = response.json()
    return answer


def report(demo: Demonstration, console: Console, manifest: BundleManifest, case: Case, answer: dict[str, Any]) -> None:
    """Print the answer and the figures, draw the picture, and say what to do next."""
    (demo.folder / "answer.json").write_text(json.dumps(answer, indent=2), encoding="utf-8")
    picture = demo.folder / "prediction.png"
    draw_prediction(
        picture,
        read_roi(case, ReadingPolicy()),
        np.array(answer["contour"]),
        {
            "A: CNN": answer["cnn_probability"],
            "B: lesion": answer["lesion_probability"],
            "C: average": answer["probability"],
        },
        f"unseen phantom, in truth {case.label.name.lower()}",
        manifest.notices,
    )
    shown = answer | {"contour": [*answer["contour"][:2], f"... {len(answer['contour'])} points"]}
    console.print_json(json.dumps(shown))
    console.print(figures_table(manifest))
    for notice in manifest.notices:
        console.print(notice, style="bold red", markup=False)
    center = f"-F x={case.center.x:g} -F y={case.center.y:g}"
    console.print(
        f"""
The phantom is in truth {case.label.name.lower()}. Written: {picture}, {demo.folder / "answer.json"}, {demo.model}/

Next:
  make serve                     serve models/demo on http://127.0.0.1:8000, docs at /docs; then, elsewhere:
  curl -s http://127.0.0.1:8000/v1/predictions -F image=@{case.image} {center}
  .venv/bin/cadx-train fit YOUR.csv --out models/mine      your own cases (README.md: Your own cases)
  .venv/bin/cadx-train fit {demo.folder}/phantoms/manifest.csv --synthetic --out models/demo --replace
                                 with real ImageNet weights, online or offline (README.md: The CNN's weights)""",
        markup=False,
        soft_wrap=True,
    )


if __name__ == "__main__":
    run(main)
