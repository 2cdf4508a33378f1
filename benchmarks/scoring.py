"""Scoring an archive: two processes, a Dask cluster of two, and a million simulated lesions through its scheduler.

python benchmarks/scoring.py BUNDLE [--lesions 600] [--skip million]
python benchmarks/scoring.py BUNDLE --skip phantoms --million 1000000
"""

import argparse
import os
import resource
import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from rich.console import Console

from cadx.records import ROI_SIZE_PX
from training.cohort.cases import Label, read_manifest, write_manifest
from training.phantoms import PlannedLesion, write_planned_cohort
from training.scheduling import InProcess, Runner
from training.scheduling.choice import Scheduler
from training.scheduling.dask_cluster import open_cluster
from training.scheduling.processes import Processes
from training.scoring.inputs import Input, Source, input_key
from training.scoring.marks import manifest_source
from training.scoring.rows import FEATURE_COLUMNS, IMAGE_BYTES, KEY, PROBABILITIES
from training.scoring.run import ScoringSettings, score_source
from training.scoring.task import PartReport, ScoringTask
from training.scoring.work import Part

SALT = "0" * 32
COPIES = 5
QUIET = Console(quiet=True)


def load() -> str:
    return f"load {os.getloadavg()[0]:.1f}"


def phantoms(folder: Path, lesions: int) -> Path:
    """Write phantoms, each in five files: making them takes longer than scoring them."""
    distinct = -(-lesions // COPIES)
    plan = [PlannedLesion(f"B{k:04d}", f"P{k:04d}", Label(k % 2), 8.0 + k % 9, 1, (2026, k)) for k in range(distinct)]
    cases = read_manifest(write_planned_cohort(folder, plan))
    copies = []
    for number in range(lesions):
        case = cases[number // COPIES]
        image = case.image.with_name(f"{number:05d}.dcm")
        shutil.copy(case.image, image)
        copies.append(replace(case, image=image))
    write_manifest(folder / "manifest.csv", copies)
    return folder / "manifest.csv"


def warmed(runner: Runner, bundle: Path, manifest: Path, folder: Path) -> None:
    """Let every worker load the model: a part each, until all have."""
    source = manifest_source(manifest)
    few = Source("few", source.root, 16, lambda: iter(list(source.walk())[:16]))
    score_source(bundle, few, folder, runner, ScoringSettings(salt=SALT, lesions_a_part=2))


def compare(bundle: Path, lesions: int, repeats: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        manifest = phantoms(folder / "phantoms", lesions)
        source = manifest_source(manifest)
        contents = []
        for repeat in range(repeats):
            for kind in ("two processes", "LocalCluster(2 x 1)", "in this process")[: 3 if repeat == 0 else 2]:
                out = folder / f"{repeat}-{kind}"
                with opened(kind) as runner:
                    warmed(runner, bundle, manifest, folder / f"warm-{repeat}-{kind}")
                    started = time.perf_counter()
                    score_source(bundle, source, out, runner, ScoringSettings(salt=SALT))
                    seconds = time.perf_counter() - started
                contents.append({path.name: path.read_bytes() for path in out.glob("part-*")})
                print(f"{kind:22} {seconds:7.1f} s, {lesions / seconds:6.1f} lesions/s, {load()}", flush=True)
        same = all(content == contents[0] for content in contents)
        print(f"Parquet files the same to the bit in all {len(contents)} runs: {same}")


@contextmanager
def opened(kind: str) -> Iterator[Runner]:
    """A runner by name, with all of its workers started."""
    if kind == "in this process":
        yield InProcess()
    elif kind == "two processes":
        with Processes(2, "training.scoring.task") as processes:
            processes.start()
            yield processes
    else:
        with open_cluster(Scheduler(local_workers=2), QUIET) as cluster:
            yield cluster


def simulated(seconds: float, task: ScoringTask, part: Part) -> PartReport:
    """Write rows as a real part does, after so many seconds a lesion in the place of computing."""
    time.sleep(seconds * len(part))
    values = dict.fromkeys((*PROBABILITIES, *FEATURE_COLUMNS), 0.123456789)
    rows = [
        values
        | {KEY: input_key(task.results.salt, item), "prediction_id": f"p-{number:032x}", "flags": ["border"]}
        | {"x": item.x, "y": item.y, "model_digest": task.digest, "image_sha256": "0" * 64, IMAGE_BYTES: -1}
        | {"image_modified_ns": -1}
        for number, item in enumerate(part)
    ]
    task.results.write(rows, task.columns)
    return PartReport(len(rows), Counter())


def many(count: int) -> Iterator[Input]:
    return (Input(f"images/{number:07d}.dcm", number % ROI_SIZE_PX + 0.5, 100.5) for number in range(count))


def million(bundle: Path, count: int, size: int, seconds: float) -> None:
    with tempfile.TemporaryDirectory() as name:
        out = Path(name) / "results"
        source = Source("simulated", Path(name), count, lambda: many(count))
        peaks: list[float] = []
        ended = threading.Event()

        def watch() -> None:
            while not ended.wait(2):
                peaks.append(int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20)

        watcher = threading.Thread(target=watch, daemon=True)
        with open_cluster(Scheduler(local_workers=2), QUIET) as runner:
            watcher.start()
            before = resource.getrusage(resource.RUSAGE_SELF)
            started = time.perf_counter()
            score_source(
                bundle,
                source,
                out,
                runner,
                ScoringSettings(salt=SALT, lesions_a_part=size),
                do_part=partial(simulated, seconds),
            )
            wall = time.perf_counter() - started
            after = resource.getrusage(resource.RUSAGE_SELF)
        ended.set()
        tasks = -(-count // size)
        own = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        quarter = max(1, len(peaks) // 4)
        memory = ", ".join(f"{max(peaks[k : k + quarter] or [0]):.0f}" for k in range(0, 4 * quarter, quarter))
        disk = sum(path.stat().st_size for path in out.glob("part-*")) / 2**20
        print(
            f"{count:,} lesions in {tasks:,} tasks of {size}: {wall:.1f} s of wall time, {load()}; scheduler and "
            f"client in one process: {own:.1f} CPU s, {1000 * own / tasks:.1f} ms a task; most of its resident memory "
            f"over four quarters of the run: {memory} MiB; {disk:.0f} MiB of Parquet",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--lesions", type=int, default=600)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--million", type=int, default=1_000_000)
    parser.add_argument("--size", type=int, default=1000, help="lesions a task of the simulation")
    parser.add_argument("--seconds", type=float, default=0.0, help="slept for each simulated lesion")
    parser.add_argument("--skip", choices=["phantoms", "million"])
    given = parser.parse_args()
    if given.skip != "phantoms":
        compare(given.bundle, given.lesions, given.repeats)
    if given.skip != "million":
        million(given.bundle, given.million, given.size, given.seconds)


if __name__ == "__main__":
    main()
