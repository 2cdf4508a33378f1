"""A Dask cluster as a runner: the one module that imports Dask.

A scheduler that is lost is waited for, and what was in flight given out again; a worker that is lost costs the parts
that it held. Nothing but small tasks and small reports passes through the scheduler.
"""

import asyncio
import contextlib
import logging
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import Any

import dask
from distributed import Client, Future, LocalCluster, wait
from distributed.scheduler import KilledWorker
from rich.console import Console

from cadx.errors import CadxError
from training.errors import SchedulerUnknown, SchedulerUnreachable, TaskFailed
from training.scheduling.choice import Scheduler
from training.scheduling.processes import applied_alone
from training.scheduling.runner import Died, Done, Outcome, Part, Result, Take

CONNECT_SECONDS = 10.0
LOST_SECONDS = 120.0
"""How long a scheduler that vanished is waited for."""
FIRST_WORKER_SECONDS = 60.0
"""How long an address may be without workers at the start; jobs of a queue may wait for hours."""
PARTS_AHEAD = 2
"""Parts given out for each thread of the workers: one that is done, one that waits."""
LOOK_SECONDS = 1.0
SETTINGS = {
    "distributed.scheduler.allowed-failures": 1,
    "distributed.scheduler.worker-saturation": 1.0,
    "distributed.admin.low-level-log-length": 10,
    "distributed.worker.daemon": True,
    "distributed.worker.profile.enabled": False,
    "distributed.comm.timeouts.connect": "10s",
    "distributed.logging.distributed": "error",
}
"""Of clusters that are made here. A part is blamed when it was on two workers that died: none may wait on a worker
behind another, which may be the one that kills. Dask's profiler looks at each worker a hundred times a second: a tenth
of its work. The log would keep the last 1,000 parts."""
NO_PROFILER = "export DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED=False"
SLURM_SETTINGS = frozenset(
    {
        *("account", "config_name", "cores", "death_timeout", "interface", "job_cpu", "job_directives_skip"),
        *("job_extra_directives", "job_mem", "job_script_prologue", "local_directory", "log_directory", "memory"),
        *("name", "processes", "protocol", "python", "queue", "scheduler_options", "shared_temp_directory"),
        *("shebang", "walltime", "worker_extra_args"),
    }
)
"""Keywords of `dask_jobqueue.SLURMCluster` that a file may set, beside ``workers``."""

_LOST = (CancelledError, asyncio.CancelledError, OSError, TimeoutError)


class DaskRunner:
    """Does parts on the workers of a scheduler.

    Parameters
    ----------
    connect
        Makes a client; again when the scheduler was lost.
    address
        For messages.
    console
        Told when the scheduler is lost.
    """

    def __init__(self, connect: Callable[[], Client], address: str, console: Console) -> None:
        self._connect = connect
        self.address = address
        self._console = console
        self._client = connect()

    @property
    def workers(self) -> int:
        """Threads of all workers, as far as they have come."""
        return max(1, int(sum(self._client.nthreads().values())))

    @property
    def dashboard(self) -> str:
        """Address of the page that shows what the workers do."""
        return str(self._client.dashboard_link)

    def wait_for_workers(self, seconds: float | None) -> None:
        """Wait for the first worker.

        Raises
        ------
        SchedulerUnreachable
            When none comes in time.
        """
        try:
            self._client.wait_for_workers(1, timeout=seconds)
        except TimeoutError:
            raise SchedulerUnreachable(self.address, f"no worker came within {seconds:g} s") from None

    def run(self, function: Callable[[Part], Result], take: Take[Part]) -> Iterator[Outcome[Part, Result]]:
        """See `training.scheduling.Runner`."""
        again: list[Part] = []

        def next_part() -> Part | None:
            return again.pop() if again else take()

        while True:
            pending: dict[Future[Any], Part] = {}
            try:
                yield from self._run(function, next_part, pending)
            except _LOST:
                again += pending.values()
                self._reconnect()
            else:
                return
            finally:
                if pending and self._client.status == "running":
                    with contextlib.suppress(*_LOST):
                        self._client.cancel(list(pending), force=True)

    def close(self) -> None:
        """Let go of the scheduler."""
        with contextlib.suppress(*_LOST):
            self._client.close(timeout=2)

    def _run(
        self, function: Callable[[Part], Result], take: Take[Part], pending: dict[Future[Any], Part]
    ) -> Iterator[Outcome[Part, Result]]:
        while True:
            room = PARTS_AHEAD * self.workers
            while len(pending) < room and (part := take()) is not None:
                pending[self._client.submit(applied_alone, function, part, pure=False)] = part
            if not pending:
                return
            with contextlib.suppress(TimeoutError), self._client.as_current():
                wait(list(pending), timeout=LOOK_SECONDS, return_when="FIRST_COMPLETED")
            for future in [future for future in pending if future.status != "pending"]:
                yield self._outcome(future, pending)

    def _outcome(self, future: Future[Any], pending: dict[Future[Any], Part]) -> Outcome[Part, Result]:
        """Say what became of a part, and forget it, unless the scheduler was lost meanwhile."""
        try:
            result = future.result(timeout=CONNECT_SECONDS)
        except KilledWorker:
            return Died(pending.pop(future))
        except _LOST:
            raise
        except CadxError:
            raise
        except Exception as error:
            raise TaskFailed(type(error).__qualname__) from error
        return Done(pending.pop(future), result)

    def _reconnect(self) -> None:
        """Wait for the scheduler to come back.

        Raises
        ------
        SchedulerUnreachable
            When it does not.
        """
        self._console.print("The scheduler was lost; waiting for it. What was scored is kept.", style="yellow")
        self.close()
        deadline = time.monotonic() + LOST_SECONDS
        while True:
            try:
                self._client = self._connect()
            except (OSError, TimeoutError, SchedulerUnreachable):
                if time.monotonic() > deadline:
                    raise SchedulerUnreachable(self.address, f"it was lost for {LOST_SECONDS:g} s") from None
                time.sleep(LOOK_SECONDS)
            else:
                return


@contextmanager
def open_cluster(scheduler: Scheduler, console: Console) -> Iterator[DaskRunner]:
    """Connect to a scheduler, or make one for the length of a block.

    A cluster on this machine listens on loopback alone.

    Raises
    ------
    SchedulerUnreachable
        When the address does not answer, or has no worker.
    SchedulerUnknown
        When SLURM's settings are none that `dask_jobqueue` takes.
    """
    for name in ("distributed", "distributed.client"):  # which tells each lost connection with a traceback
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with contextlib.ExitStack() as stack:
        if scheduler.address:
            with dask.config.set({"distributed.comm.timeouts.connect": f"{CONNECT_SECONDS:g}s"}):
                runner = DaskRunner(lambda: _client(scheduler.address), scheduler.address, console)
            patience: float | None = FIRST_WORKER_SECONDS
        else:
            stack.enter_context(dask.config.set(SETTINGS))
            cluster = stack.enter_context(contextlib.closing(_cluster(scheduler)))
            runner = DaskRunner(lambda: Client(cluster, set_as_default=False), cluster.scheduler_address, console)
            patience = FIRST_WORKER_SECONDS if scheduler.slurm is None else None
        stack.callback(runner.close)
        console.print(f"Dask scheduler {runner.address}, dashboard {runner.dashboard}", soft_wrap=True)
        runner.wait_for_workers(patience)
        yield runner


def _client(address: str) -> Client:
    try:
        return Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise SchedulerUnreachable(address, f"it does not answer ({type(error).__name__})") from None


def _cluster(scheduler: Scheduler) -> Any:
    if scheduler.slurm is None:
        return LocalCluster(
            n_workers=scheduler.local_workers,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
        )
    settings = dict(scheduler.slurm)
    jobs = settings.pop("workers", 1)
    settings["job_script_prologue"] = [NO_PROFILER, *settings.get("job_script_prologue", ())]
    unknown = sorted(settings.keys() - SLURM_SETTINGS)
    if unknown:
        raise SchedulerUnknown("slurm", f"these settings are not known: {', '.join(unknown)}")
    try:
        cluster = slurm_cluster()(**{"cores": 1, "processes": 1, **settings})
    except (TypeError, ValueError) as error:
        raise SchedulerUnknown("slurm", f"dask_jobqueue does not take these settings: {error}") from None
    cluster.scale(jobs=jobs)
    return cluster


def slurm_cluster() -> Any:
    """Import the class without what its package does to a process: Ctrl-C would end it with success and no word."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    from dask_jobqueue.slurm import SLURMCluster

    for number, handler in before.items():
        signal.signal(number, handler)
    return SLURMCluster
