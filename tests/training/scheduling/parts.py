"""Parts of work for tests, in a module that is quick to import in another process."""

import ctypes
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from training.errors import ResultsNotWritable


def doubled(part: int) -> int:
    return 2 * part


def deadly(part: int) -> int:
    """Kill the process of one part."""
    if part == 7:
        os.kill(os.getpid(), signal.SIGKILL)
    return 2 * part


@dataclass(frozen=True)
class ShortPart:
    """A part that may not take long."""

    number: int
    limit_seconds: float = 3.0


def hanging(part: ShortPart) -> int:
    """Hang as compiled code does, so that no other thread of the process runs."""
    if part.number == 3:
        ctypes.PyDLL(None).sleep(600)
    return 2 * part.number


def slow(part: int) -> int:
    """Take longer than a part with a limit may."""
    time.sleep(4.0)
    return 2 * part


def noted(folder: Path, part: int) -> int:
    """Take a while, and leave a note of who did it."""
    (folder / f"{part}-{os.getpid()}").touch()
    time.sleep(0.2)
    return 2 * part


def faulty(part: int) -> int:
    raise ZeroDivisionError(f"secret {part}")


def refusing(part: int) -> int:
    raise ResultsNotWritable("results", "No space left on device")
