"""What `--scheduler` says: nothing, an address, local[:N] or slurm[:FILE]."""

import re
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from cadx.runtime.machine import usable_cores
from training.errors import ClusterNotInstalled, SchedulerUnknown
from training.scheduling.processes import Processes
from training.scheduling.runner import InProcess, Runner

PROCESSES_PAY_FROM = 64
"""Items: as many are done in the time that processes take to start."""

_ADDRESS = re.compile(r"(tcp|tls|ucx|ws|wss)://[^\s/]+")


@dataclass(frozen=True, slots=True)
class Scheduler:
    """A Dask scheduler that is to be asked, or made.

    Attributes
    ----------
    address
        Of one that runs already; empty where one is made.
    local_workers
        Processes of this machine for a cluster of its own; 0: none.
    slurm
        Keywords of `dask_jobqueue.SLURMCluster` for a cluster of jobs; None: none. ``workers`` is the number of jobs.
    """

    address: str = ""
    local_workers: int = 0
    slurm: dict[str, Any] | None = field(default=None)


def parse_scheduler(given: str) -> Scheduler:
    """Understand what was given.

    Raises
    ------
    SchedulerUnknown
        Saying what is wrong with it.
    """
    kind, _, rest = given.partition(":")
    if _ADDRESS.fullmatch(given):
        return Scheduler(address=given)
    if kind == "local":
        if rest and not (rest.isascii() and rest.isdigit() and 0 < int(rest) <= 4096):
            raise SchedulerUnknown(given, "after local: stands a number of workers")
        return Scheduler(local_workers=int(rest) if rest else usable_cores())
    if kind == "slurm":
        return Scheduler(slurm=_slurm_settings(given, Path(rest)) if rest else {})
    raise SchedulerUnknown(given, "neither an address (tcp://host:port) nor local nor slurm")


def _slurm_settings(given: str, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SchedulerUnknown(given, f"{path} cannot be read ({type(error).__name__})") from None
    except tomllib.TOMLDecodeError as error:
        raise SchedulerUnknown(given, f"{path} is not TOML: {error}") from None


@contextmanager
def open_runner(scheduler: str | None, console: Console, items: int, module: str) -> Iterator[Runner]:
    """Make what does the work, for the length of a block.

    Parameters
    ----------
    scheduler
        As given; None: this machine without Dask, in processes where there are enough items to pay for starting them.
    items
        How many there are to do.
    module
        What workers import when they start.

    Raises
    ------
    SchedulerUnknown, ClusterNotInstalled, SchedulerUnreachable
        When there is no such scheduler.
    """
    if scheduler is None:
        cores = usable_cores()
        if items < PROCESSES_PAY_FROM or cores == 1:
            yield InProcess()
            return
        with Processes(cores, module) as processes:
            yield processes
        return
    chosen = parse_scheduler(scheduler)
    try:
        from training.scheduling.dask_cluster import open_cluster
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in {"dask", "distributed", "dask_jobqueue"}:
            raise
        raise ClusterNotInstalled() from None
    with open_cluster(chosen, console) as cluster:
        yield cluster


@contextmanager
def given_runner(scheduler: str | None, console: Console) -> Iterator[Runner | None]:
    """Make the runner of a scheduler that was given; None where none was, and the command works as without.

    Raises
    ------
    SchedulerUnknown, ClusterNotInstalled, SchedulerUnreachable
        As `open_runner` does.
    """
    if scheduler is None:
        yield None
        return
    with open_runner(scheduler, console, 0, "") as runner:
        yield runner
