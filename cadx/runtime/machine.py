"""How this process shares the machine: cores, threads, the interpreter's lock, memory."""

import ctypes
import math
import os
import sys
import threading
from pathlib import Path

from threadpoolctl import threadpool_limits

_SWITCH_SECONDS = 0.0005
_MIB = 2**20
_KEPT_MIB = 64
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h of glibc


def usable_cores(cgroup: Path = Path("/sys/fs/cgroup")) -> int:
    """Cores that this process may use: its CPU affinity, cut by the container's quota (cgroup version 2 or 1)."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, math.ceil(_quota(cgroup) or cores)))


def _quota(cgroup: Path) -> float | None:
    """Cores' worth of time that a control group gives; None without a limit."""
    texts = (
        _text(cgroup / "cpu.max"),
        *(f"{_text(folder / 'cpu.cfs_quota_us')} {_text(folder / 'cpu.cfs_period_us')}" for folder in _v1(cgroup)),
    )
    for text in texts:
        match text.split():
            case [quota, period] if quota.isdigit() and period.isdigit() and int(period) > 0:
                return int(quota) / int(period)
    return None  # "max" in version 2, -1 in version 1, or no such files


def _v1(cgroup: Path) -> tuple[Path, ...]:
    return tuple(cgroup / name for name in ("cpu", "cpu,cpuacct", "cpuacct,cpu"))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, ValueError):
        return ""


def startable_threads(wanted: int) -> int:
    """Count the threads that the system lets this process start now, up to `wanted`, by starting them.

    No number tells it: limits of the user, of the container and of the machine all count other processes too.
    """
    enough, started = threading.Event(), []
    try:
        for _ in range(wanted):
            thread = threading.Thread(target=enough.wait, daemon=True)
            thread.start()
            started.append(thread)
    except RuntimeError:  # "can't start new thread"
        pass
    finally:
        enough.set()
        for thread in started:
            thread.join()
    return len(started)


def lacks_threads(error: BaseException) -> bool:
    """Say whether an error is the system's refusal of one more thread or process."""
    return isinstance(error, BlockingIOError) or (
        isinstance(error, RuntimeError) and str(error) == "can't start new thread"
    )


def tune_process(compute_threads: int) -> None:
    """Set, on purpose and once, what libraries and interpreter otherwise decide for a program that is alone.

    Parameters
    ----------
    compute_threads
        Threads that BLAS and OpenMP use for one computation. Left alone, each library takes one thread a core for
        itself, so that several workers crowd each other out.
    """
    threadpool_limits(compute_threads)
    # A worker gives the interpreter up after half a millisecond, not five: health checks wait less.
    sys.setswitchinterval(_SWITCH_SECONDS)
    _keep_freed_memory()


def _keep_freed_memory() -> None:
    """Let the C library keep freed arrays of some MiB for the next request: fetching them anew costs a tenth of it."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, TypeError, AttributeError):  # pragma: no cover - another C library than glibc
        return
    mallopt(_M_MMAP_THRESHOLD, 32 * _MIB)
    mallopt(_M_TRIM_THRESHOLD, _KEPT_MIB * _MIB)
