"""Parts of work for tests, in a module that is quick to import in another process."""

import os
import signal
import time
from pathlib import Path

from training.errors import ResultsNotWritable


def doubled(part: int) -> int:
    return 2 * part


def deadly(part: int) -> int:
    """Kill the process of one part."""
    if part == 7:
        os.kill(os.getpid(), signal.SIGKILL)
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
