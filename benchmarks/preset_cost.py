"""What a preset costs at serving: milliseconds of one assessment, memory, and the size of the bundle.

Each bundle is loaded in a process of its own and assesses the same view, one after the other; medians, and of
them what the answer itself times. Bundles as `cadx-train fit --preset paper|best` writes them.

Run:  python benchmarks/preset_cost.py models/paper models/best --image view.png --spacing-mm 0.2 --x 160 --y 160
"""

import argparse
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

from cadx.assessment import assess
from cadx.bundle import load_bundle
from cadx.mammogram import read_mammogram
from cadx.records import LesionCenter


def measure(arguments: argparse.Namespace, folder: Path) -> None:
    """Print one bundle's figures."""
    started = time.perf_counter()
    bundle = load_bundle(folder)
    loaded = time.perf_counter() - started
    image = read_mammogram(arguments.image, policy=bundle.policy, pixel_spacing_mm=arguments.spacing_mm)
    center = LesionCenter(arguments.x, arguments.y)
    total, cnn = [], []
    for _ in range(arguments.times + 2):
        started = time.perf_counter()
        answer = assess(bundle, image, center)
        total.append(1000 * (time.perf_counter() - started))
        cnn.append(answer.timings_ms["cnn_branch"])
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    size = sum(path.stat().st_size for path in folder.iterdir()) / 2**20
    times = f"{statistics.median(total[2:]):.0f} ({min(total[2:]):.0f})", f"{statistics.median(cnn[2:]):.0f}"
    row = (bundle.manifest.method.preset, *times, f"{loaded:.1f}", f"{memory:.0f}", f"{size:.1f}")
    print("| " + " | ".join(row) + " |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundles", type=Path, nargs="+")
    parser.add_argument("--image", type=Path, required=True)
    parser.add_argument("--spacing-mm", type=float)
    parser.add_argument("--x", type=float, required=True)
    parser.add_argument("--y", type=float, required=True)
    parser.add_argument("--times", type=int, default=20)
    arguments = parser.parse_args()
    if len(arguments.bundles) == 1:
        return measure(arguments, arguments.bundles[0])
    print("| preset | assessment, ms: median (least) | its CNN branch | load, s | peak memory, MiB | bundle, MiB |")
    print("|---|---|---|---|---|---|", flush=True)
    rest = [word for word in sys.argv[1:] if word not in map(str, arguments.bundles)]
    for folder in arguments.bundles:
        subprocess.run([sys.executable, __file__, str(folder), *rest], check=True)
    return None


if __name__ == "__main__":
    main()
