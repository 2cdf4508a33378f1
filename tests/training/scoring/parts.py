"""Parts of scoring that meet faults, in a module that other processes import."""

import os
import resource
import signal
import time

from cadx.bundle import load_bundle
from training.scoring.task import PartReport, ScoringTask, score_part
from training.scoring.work import Part

POISON = "L0002-01-CC.dcm"


def poisoned(task: ScoringTask, part: Part) -> PartReport:
    """Be killed by one image, as by a fault of a decoder."""
    if any(item.image.endswith(POISON) for item in part):
        os.kill(os.getpid(), signal.SIGKILL)
    return score_part(task, part)


def killed_once(task: ScoringTask, part: Part) -> PartReport:
    """Be killed in the middle of the first part that any worker does."""
    first = task.results.folder.parent / "killed"
    if not first.exists():
        first.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return score_part(task, part)


def slow(task: ScoringTask, part: Part) -> PartReport:
    time.sleep(0.3)
    return score_part(task, part)


def no_room(task: ScoringTask, part: Part) -> PartReport:
    """Write to a disk that takes two files, and of the third only the beginning."""
    if len(task.results.parts()) < 2:
        return score_part(task, part)
    load_bundle(task.bundle, task.digest)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        return score_part(task, part)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def other_bundle(task: ScoringTask, part: Part) -> PartReport:
    """Find another model where this one should be: what a worker whose disk was not brought up to date does."""
    (task.bundle / "bundle.json").write_bytes((task.bundle / "bundle.json").read_bytes().replace(b"0.1.0", b"0.1.1"))
    return score_part(task, part)
