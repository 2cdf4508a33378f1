"""Progress of long work: a bar on a terminal, one line elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

ReportProgress = Callable[[int, int], None]
"""Told (done, in all) after every item of long work."""


def no_progress(done: int, total: int) -> None:
    """Take no notice."""


@contextmanager
def progress_bar(console: Console, label: str) -> Iterator[ReportProgress]:
    """Show a bar while the block runs; it moves when what it yields is told (done, in all)."""
    columns = (
        TextColumn("{task.description:<40}"),
        BarColumn(bar_width=28),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as bars:
        task = bars.add_task(label, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)


@contextmanager
def rated_progress_bar(console: Console, label: str, unit: str) -> Iterator[ReportProgress]:
    """Show a bar with throughput and time left: of what is done from now on, not of what was done before.

    Parameters
    ----------
    unit
        What is counted, in the plural, such as ``lesions``.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=28),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[rate]}"),
    )
    with Progress(*columns, console=console) as bars:
        task = bars.add_task(label, total=None, rate="")
        started, first = time.monotonic(), list[int]()

        def told(done: int, total: int) -> None:
            first[:] = first or [done]
            seconds = time.monotonic() - started
            bars.update(task, completed=done, total=total, rate=rate_text(done - first[0], total - done, seconds, unit))

        yield told


def rate_text(done: int, left: int, seconds: float, unit: str) -> str:
    """Say how fast it goes, and how long it still takes at that rate."""
    if done <= 0 or seconds <= 0:
        return ""
    rate = done / seconds
    minutes, rest = divmod(round(left / rate), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{rate:.1f} {unit}/s, {hours}:{minutes:02d}:{rest:02d} left"
