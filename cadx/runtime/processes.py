"""Python-heavy work in processes of their own.

Threads share one interpreter lock. A lesion's description holds it for some 35 ms, so that a process full of threads
describes 25 lesions a second on however many cores; processes describe 25 on each.

The standard library's process pool is not used, because it wants semaphores (files in a shared memory folder, which a
full or forbidden disk refuses), leaves its children behind when the parent is killed, and is broken for good when one
child dies.
"""

import contextlib
import logging
import os
import pickle
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import IO, Any, ParamSpec, Self, TypeVar, cast

from cadx.errors import CadxError
from cadx.runtime.machine import tune_process

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

_LOG = logging.getLogger(__name__)
_PIPE_BYTES = 2**20
_END_SECONDS = 5.0
_KEPT_MIB = 16


class ProcessFailed(Exception):
    """Work in another process ended in an exception that is no refusal; says where, without its message."""


@dataclass(frozen=True, slots=True)
class _Raised:
    """What the child sends instead of a result."""

    error: Exception


@dataclass(frozen=True, slots=True)
class ProcessUsage:
    """What the processes use together, as far as the system tells (Linux); otherwise zeros.

    Attributes
    ----------
    resident_bytes
        Memory; what they share is counted in each.
    cpu_seconds
        Time of the cores, since each began.
    """

    resident_bytes: int
    cpu_seconds: float


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
    """

    def __init__(self, module: str, compute_threads: int = 1) -> None:
        self._module = module
        self._compute_threads = compute_threads
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
        ProcessFailed
            When it raised anything else, or the process died twice.
        """
        for _ in range(2):
            process = self._take()
            try:
                answer = process.call(function, args, kwargs)
            except (OSError, EOFError, pickle.UnpicklingError):
                _LOG.warning("worker_process_died", extra={"facts": {"exit_code": self._kill(process)}})
                continue
            except BaseException:
                self._kill(process)
                raise
            with self._lock:
                self._busy.discard(process)
                self._idle.append(process)
            if isinstance(answer, _Raised):
                raise answer.error
            return cast(Result, answer)
        raise ProcessFailed(f"{function.__qualname__}: the process died twice")

    def close(self) -> None:
        """End the processes; no call may be going on."""
        with self._lock:
            while self._idle:
                self._idle.pop().end()

    def usage(self) -> ProcessUsage:
        """What the processes use together."""
        with self._lock:
            usages = [process.usage() for process in (*self._idle, *self._busy)]
        return ProcessUsage(sum(usage.resident_bytes for usage in usages), sum(usage.cpu_seconds for usage in usages))

    def _take(self) -> "_Process":
        with self._lock:
            process = self._idle.pop() if self._idle else None
        process = process or _Process(self._module, self._compute_threads)
        with self._lock:
            self._busy.add(process)
        return process

    def _kill(self, process: "_Process") -> int:
        with self._lock:
            self._busy.discard(process)
        return process.kill()


class _Process:
    """One child, seen from the parent."""

    def __init__(self, module: str, compute_threads: int) -> None:
        # The child finds modules where the parent does, whatever folder either was started in.
        program = f"import sys; sys.path[:] = {sys.path!r}; from cadx.runtime.processes import work; work()"
        arguments = [sys.executable, "-c", program, module, str(compute_threads)]
        self._child = subprocess.Popen(  # noqa: S603 - this very interpreter, with our own program
            arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._calls, self._answers = cast(IO[bytes], self._child.stdin), cast(IO[bytes], self._child.stdout)
        self._ready = False
        for pipe in (self._calls, self._answers):
            _widen(pipe)

    def wait(self) -> None:
        if not self._ready:
            self._ready = bool(_received(self._answers))

    def call(self, function: Callable[..., object], args: tuple[object, ...], kwargs: dict[str, object]) -> object:
        self.wait()
        pickle.dump((function, args, kwargs), self._calls, protocol=5)
        self._calls.flush()
        return _received(self._answers)

    def usage(self) -> ProcessUsage:
        try:
            # After the name in parentheses, from proc(5): 14 utime, 15 stime (ticks), 24 rss (pages).
            fields = Path(f"/proc/{self._child.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        except OSError:
            return ProcessUsage(0, 0.0)
        ticks, pages = int(fields[11]) + int(fields[12]), int(fields[21])
        return ProcessUsage(pages * os.sysconf("SC_PAGE_SIZE"), ticks / os.sysconf("SC_CLK_TCK"))

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


def work() -> None:
    """Be a child: answer calls until the parent closes the pipe, which its end does too."""
    module, compute_threads = sys.argv[1:]
    # Signals for the service reach its whole process group; the parent decides what to finish first.
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    calls, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # Whatever prints, prints to standard error.
    import_module(module)
    tune_process(int(compute_threads), _KEPT_MIB)
    with contextlib.suppress(EOFError, pickle.UnpicklingError, BrokenPipeError):
        _answer(answers, True)
        while True:
            function, args, kwargs = _received(calls)
            _answer(answers, _outcome(function, args, kwargs))


def _outcome(function: Callable[..., object], args: tuple[Any, ...], kwargs: dict[str, Any]) -> object:
    try:
        return function(*args, **kwargs)
    except CadxError as error:
        return _Raised(error)
    except Exception as error:  # noqa: BLE001 - told to the parent without the message, which may quote what it saw
        places = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
        return _Raised(ProcessFailed(f"{type(error).__qualname__} at {', '.join(places[-4:])}"))


def _received(pipe: IO[bytes]) -> Any:
    return pickle.load(pipe)  # noqa: S301 - what this program's other half wrote


def _answer(answers: IO[bytes], answer: object) -> None:
    pickle.dump(answer, answers, protocol=5)
    answers.flush()


def _widen(pipe: IO[bytes]) -> None:
    """Let a pipe hold an image, so that neither side waits for the other in the middle of it."""
    if sys.platform == "linux":
        import fcntl

        with contextlib.suppress(OSError):  # The system's limit for all pipes of a user may be reached.
            fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
