"""Work in processes of their own.

A file that kills its process costs nothing else, and a call that hangs can be ended.

The standard library's process pool is not used, because it wants semaphores (files in a shared memory folder, which a
full or forbidden disk refuses), leaves its children behind when the parent is killed, and is broken for good when one
child dies.
"""

import contextlib
import logging
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import IO, ParamSpec, Self, TypeVar, cast

from cadx.runtime.worker import ProcessFailed, Raised, received

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

_LOG = logging.getLogger(__name__)
_PIPE_BYTES = 2**20
_END_SECONDS = 5.0


class CallTimedOut(ProcessFailed):
    """A call took longer than its limit; its process was killed."""


class _ProcessDied(ProcessFailed):
    """A process ended in the middle of a call."""


class WorkerProcesses:
    """Processes that compute one call at a time each.

    As many calls run at once as threads make them; idle processes are kept. Arguments and results travel by pickle,
    through pipes that nobody else can open. A process ends when its parent does, however that ends.

    Parameters
    ----------
    module
        Imported by every process when it starts.
    compute_threads
        Threads that BLAS and OpenMP may use in each process.
    call_seconds
        Longest time of a call; then its process is killed. None: no limit.
    """

    def __init__(self, module: str, compute_threads: int = 1, call_seconds: float | None = None) -> None:
        self._module = module
        self._compute_threads = compute_threads
        self._call_seconds = call_seconds
        self._closed = False
        self._idle: list[_Process] = []
        self._busy: set[_Process] = set()
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self, count: int) -> None:
        """Start processes ahead of the first calls, without waiting for their imports."""
        started = [_Process(self._module, self._compute_threads) for _ in range(count)]
        with self._lock:
            self._idle += started

    def wait(self) -> None:
        """Wait until the processes that were started can take calls."""
        with self._lock:
            for process in self._idle:
                process.wait()

    def call(self, function: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        """Call a function of an importable module in a process, and wait for it.

        A process that dies (killed for memory, say) is replaced, and the call made once more.

        Raises
        ------
        Exception
            What the function raised, if it is one of the product's refusals.
        CallTimedOut
            When it took longer than `call_seconds`.
        ProcessFailed
            When it raised anything else, the process died twice, or the processes were closed.
        """
        for _ in range(2):
            with contextlib.suppress(_ProcessDied):
                return cast(Result, self._ask(self._take(), function, args, kwargs))
        raise ProcessFailed(f"{function.__qualname__}: the process died twice")

    def _ask(
        self,
        process: "_Process",
        function: Callable[..., object],
        args: tuple[object, ...],
        kwargs: dict[str, object],
    ) -> object:
        """Let a process that was taken compute a call, and give it back."""
        try:
            answer = process.call(function, args, kwargs, self._call_seconds)
        except (OSError, EOFError, pickle.UnpicklingError):
            exit_code = self._kill(process)
            if process.timed_out:
                _LOG.error("worker_process_timed_out", extra={"facts": {"limit_seconds": self._call_seconds}})
                raise CallTimedOut(f"{function.__qualname__}: longer than {self._call_seconds:g} s") from None
            _LOG.warning("worker_process_died", extra={"facts": {"exit_code": exit_code}})
            raise _ProcessDied(f"{function.__qualname__}: the process died") from None
        except BaseException:
            self._kill(process)
            raise
        self._give_back(process)
        if isinstance(answer, Raised):
            raise answer.error
        return answer

    def close(self) -> None:
        """End the processes: the idle ones as soon as they notice, those in a call, which nobody waits for, at once."""
        with self._lock:
            self._closed = True
            idle, busy = self._idle, tuple(self._busy)
            self._idle = []
        for process in idle:
            process.end()
        for process in busy:
            process.interrupt()

    def _take(self) -> "_Process":
        with self._lock:
            if self._closed:
                raise ProcessFailed("the worker processes are closed")
            process = self._idle.pop() if self._idle else None
        process = process or _Process(self._module, self._compute_threads)
        with self._lock:
            self._busy.add(process)
        return process

    def _give_back(self, process: "_Process") -> None:
        with self._lock:
            self._busy.discard(process)
            if not self._closed:
                self._idle.append(process)
                return
        process.end()

    def _kill(self, process: "_Process") -> int:
        with self._lock:
            self._busy.discard(process)
        return process.kill()


class _Process:
    """One child, seen from the parent."""

    def __init__(self, module: str, compute_threads: int) -> None:
        # The child finds modules where the parent does, whatever folder either was started in.
        program = f"import sys; sys.path[:] = {sys.path!r}; from cadx.runtime.worker import work; work()"
        arguments = [sys.executable, "-c", program, module, str(compute_threads)]
        self._child = subprocess.Popen(  # noqa: S603 - this very interpreter, with our own program
            arguments,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # OpenBLAS starts a thread a core as soon as it is imported, and where it may not, interrupts the process.
            env=os.environ | {"OPENBLAS_NUM_THREADS": str(compute_threads)},
        )
        self._calls, self._answers = cast(IO[bytes], self._child.stdin), cast(IO[bytes], self._child.stdout)
        self._ready = False
        self.timed_out = False
        for pipe in (self._calls, self._answers):
            _widen(pipe)

    def wait(self) -> None:
        if not self._ready:
            self._ready = bool(received(self._answers))

    def call(
        self,
        function: Callable[..., object],
        args: tuple[object, ...],
        kwargs: dict[str, object],
        limit_seconds: float | None,
    ) -> object:
        self.wait()
        with self._limit(limit_seconds):
            pickle.dump((function, args, kwargs), self._calls, protocol=5)
            self._calls.flush()
            return received(self._answers)

    @contextlib.contextmanager
    def _limit(self, seconds: float | None) -> Iterator[None]:
        """Kill the child if the block takes longer; its pipes then end, and the block with them."""
        if seconds is None:
            yield
            return
        timer = threading.Timer(seconds, self._time_out)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _time_out(self) -> None:
        self.timed_out = True
        self.interrupt()

    def interrupt(self) -> None:
        """Kill the child; whoever waits for its answer gets the end of the pipe, and closes it."""
        self._child.kill()

    def kill(self) -> int:
        self._child.kill()
        return self._close()

    def end(self) -> None:
        with contextlib.suppress(OSError):
            self._calls.close()
        try:
            self._child.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
        self._close()

    def _close(self) -> int:
        for pipe in (self._calls, self._answers):
            with contextlib.suppress(OSError):
                pipe.close()
        return self._child.wait()


def _widen(pipe: IO[bytes]) -> None:
    """Let a pipe hold an image, so that neither side waits for the other in the middle of it."""
    if sys.platform == "linux":
        import fcntl

        with contextlib.suppress(OSError):  # The system's limit for all pipes of a user may be reached.
            fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
