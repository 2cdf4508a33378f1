"""`cadx-train verdicts`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from training.commands.options import Replace

if TYPE_CHECKING:
    from training.analysis.verdicts import ReaderFigures
    from training.stats.proportion import Proportion

ROWS = (
    ("accepted", "accepted"),
    ("modified", "modified"),
    ("rejected", "rejected"),
    ("call is the answer's, unaided", "agrees_unaided"),
    ("call is the answer's, aided", "agrees_aided"),
    ("category changed", "changed_category"),
    ("call changed", "changed_call"),
    ("of other calls, became the answer's", "won_over"),
    ("of the answer's calls, left it", "put_off"),
)


def verdicts(
    folder: Annotated[Path, typer.Argument(help="Folder of readers' verdicts (DICOM reports), and of other files.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder for verdicts.csv and verdicts.json; none: only printed.")
    ] = None,
    skip_unusable: Annotated[
        bool, typer.Option("--skip-unusable", help="Leave verdicts that are not whole out, instead of stopping.")
    ] = False,
    replace: Replace = False,
) -> None:
    """Count what readers made of the answers: accepted, modified, rejected; agreement; changes of mind.

    Changes of mind need the assessment that the reader gave before the answer was shown. For each reader and for all,
    with Wilson's 95 % intervals.

    cadx-train verdicts reports --out readers
    """
    from training.analysis.verdicts import count_verdicts
    from training.outputs import check_folder
    from training.progress import progress_bar
    from training.study.verdict_files import VERDICTS, read_verdicts, write_verdicts

    if out is not None:
        check_folder(out, VERDICTS, replace=replace)
    console = Console(highlight=False)
    with progress_bar(console, "files") as progress:
        found = read_verdicts(folder, skip_unusable=skip_unusable, progress=progress)
    figures = count_verdicts(found.verdicts)
    for line in found.broken:
        console.print(f"left out: {line}", style="yellow", markup=False)
    for each in figures:
        print_reader(console, each)
    console.print(
        f"{len(found.verdicts)} verdicts; {found.superseded} replaced by a later one of the same reader, "
        f"{found.passed_over} other files.",
        markup=False,
    )
    if out is not None:
        write_verdicts(out, found, figures)
        console.print(f"wrote {out}/verdicts.csv, verdicts.json", markup=False, soft_wrap=True)


def print_reader(console: Console, figures: "ReaderFigures") -> None:
    """Print one reader's figures as a table."""
    from rich.markup import escape
    from rich.table import Table

    title = f"{escape(figures.reader)}: {figures.verdicts} verdicts, {figures.outlined} with an outline of their own"
    table = Table(title=title, title_justify="left")
    for heading in ("", "of", "share", "95 % CI"):
        table.add_column(heading, justify="right" if heading else "left")
    for label, name in ROWS:
        table.add_row(label, *_cells(getattr(figures, name)))
    change = figures.probability_change
    table.add_row("reader's probability, mean change", "", "not told" if change is None else f"{change:+.3f}", "")
    console.print(table)


def _cells(found: "Proportion | None") -> tuple[str, str, str]:
    if found is None:
        return "0", "not told", ""
    return (
        f"{found.successes} of {found.rows}",
        f"{100 * found.value:.1f} %",
        f"{100 * found.low:.1f} to {100 * found.high:.1f}",
    )
