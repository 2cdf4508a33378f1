"""Progress of long work: a bar on a terminal, one line elsewhere."""

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
