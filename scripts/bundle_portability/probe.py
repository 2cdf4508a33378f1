"""Load a bundle in this environment, assess its reference image, and print how far its answers are from those kept."""

import hashlib
import json
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from cadx.assessment import assess
from cadx.bundle import load_bundle
from cadx.errors import CadxError
from cadx.mammogram import read_mammogram
from cadx.records import LesionCenter

LIBRARIES = ("numpy", "scipy", "scikit-image", "onnxruntime", "pillow", "scikit-learn", "joblib", "torch")


def main(folder: Path, wanted: str, install_seconds: str) -> int:
    """Return 0 when the bundle loads, which its own self-test decides."""
    installed = ", ".join(f"{name} {_version(name)}" for name in LIBRARIES)
    sys.stdout.write(f"{wanted}: Python {sys.version.split()[0]}; {installed}; installed in {install_seconds} s\n")
    started = time.perf_counter()
    try:
        bundle = load_bundle(folder)
    except CadxError as error:
        sys.stdout.write(f"  refused: {error.code}: {error}\n")
        return 1
    seconds = time.perf_counter() - started
    kept = json.loads((folder / "reference.json").read_text(encoding="utf-8"))
    image = read_mammogram(folder / "reference.png", policy=bundle.policy, pixel_spacing_mm=kept["pixel_spacing_mm"])
    answer = assess(bundle, image, LesionCenter(kept["x"], kept["y"]))
    features = {feature.definition.name: feature.value for feature in answer.features}
    relative = max(
        abs(features[name] - value) / max(abs(value), 1e-9)
        for name, value in kept["features"].items()
        if name in features
    )
    names = ("cnn_probability", "lesion_probability", "probability", "calibrated_probability")
    differences = {name: abs(getattr(answer, name) - kept[name]) for name in names}
    digest = hashlib.sha256(repr([*features.values(), *(getattr(answer, name) for name in names)]).encode()).hexdigest()
    sys.stdout.write(
        f"  loaded in {seconds:.1f} s; largest difference: features {relative:.1e} of their size, "
        + ", ".join(f"{name} {value:.1e}" for name, value in differences.items())
        + f"; digest of all numbers {digest[:12]}\n"
    )
    unneeded = sorted({"sklearn", "joblib", "torch"} & set(sys.modules))
    sys.stdout.write(f"  imported of scikit-learn, joblib, torch: {', '.join(unneeded) or 'none'}\n")
    return 0


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "-"


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
