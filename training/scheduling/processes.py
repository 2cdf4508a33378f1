"""Processes of this machine, without Dask."""

import faulthandler
import functools
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Self

from cadx.runtime.machine import tune_process
from cadx.runtime.processes import WorkerProcesses
from cadx.runtime.worker import ProcessFailed
from training.scheduling.runner import Died, Done, Limited, Outcome, Part, Result, Take

PART_SECONDS = 3600.0
"""Longest time of one part, far above what 1,000 lesions take: a process that hangs is killed, and the part halved."""
_STANDARD_ERROR = 2


class Processes:
    """Does as many parts at a time as there are processes, each with one thread of computing.

    Parameters
    ----------
    count
        Processes.
    module
        Imported by each when it starts.
    """

    def __init__(self, count: int, module: str) -> None:
        self.workers = count
        self._processes = WorkerProcesses(module, call_seconds=PART_SECONDS)
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="part")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        """End the processes; when the block failed, also those that are in the middle of a part."""
        self._processes.close()
        self._threads.shutdown(cancel_futures=True)

    def start(self) -> None:
        """Start all of them, and wait until they have imported the module."""
        self._processes.start(self.workers)
        self._processes.wait()

    def run(self, function: Callable[[Part], Result], take: Take[Part]) -> Iterator[Outcome[Part, Result]]:
        """See `Runner`. A process that dies is replaced and the part tried once more before it is called dead."""
        pending: dict[Future[Result], Part] = {}
        while True:
            while len(pending) < self.workers and (part := take()) is not None:
                pending[self._threads.submit(self._processes.call, applied, function, part)] = part
            if not pending:
                return
            for future in wait(pending, return_when=FIRST_COMPLETED).done:
                part = pending.pop(future)
                try:
                    result = future.result()
                except ProcessFailed:
                    yield Died(part)
                else:
                    yield Done(part, result)


def applied(function: Callable[[Part], Result], part: Part) -> Result:
    """Call a function, which may be a partial and so have no name of its own."""
    return function(part)


def applied_alone(function: Callable[[Part], Result], part: Part) -> Result:
    """Do the same in a process that does nothing else, such as a worker of a cluster: it is tuned as ours are.

    The process ends when the part takes longer than it may; so it does where a library hangs and lets nothing else run.
    One part at a time is watched: workers have one thread.
    """
    _tune()
    if not isinstance(part, Limited):
        return applied(function, part)
    faulthandler.dump_traceback_later(part.limit_seconds, exit=True, file=_STANDARD_ERROR)
    try:
        return applied(function, part)
    finally:
        faulthandler.cancel_dump_traceback_later()


@functools.cache
def _tune() -> None:
    tune_process(1)
