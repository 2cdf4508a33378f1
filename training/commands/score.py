"""`cadx-train score`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from training.commands.options import Scheduler

if TYPE_CHECKING:
    from training.scoring.inputs import Source
    from training.scoring.run import ScoringOutcome


def score(
    bundle: Annotated[
        Path, typer.Argument(help="Folder of a fitted bundle; on a cluster, where every worker finds it.")
    ],
    source: Annotated[
        str, typer.Argument(help="A manifest (CSV), a folder of DICOM files, or pacs:NAME of --pacs-file.")
    ],
    out: Annotated[Path, typer.Option(help="Folder of results; the same command goes on in it.")],
    marks: Annotated[
        list[Path] | None,
        typer.Option(
            help="Where the lesions are, for a folder or a PACS: a CSV, or a file or folder of SR and GSPS objects. "
            "Repeat it. By default the SR and GSPS objects beside the images."
        ),
    ] = None,
    query: Annotated[
        str, typer.Option(help="For a PACS, which studies: StudyDate=20260101-20260131&ModalitiesInStudy=MG.")
    ] = "",
    pacs_file: Annotated[
        Path | None, typer.Option(help="TOML file that names the PACS, as CADX_PACS_FILE of the service.")
    ] = None,
    identifiers: Annotated[
        bool, typer.Option("--identifiers", help="Write paths and lesion, patient and instance identifiers as well.")
    ] = False,
    retry_refused: Annotated[
        bool, typer.Option("--retry-refused", help="Try lesions again that were refused before, and failed reports.")
    ] = False,
    report: Annotated[
        str,
        typer.Option(
            help="Report each assessed lesion as a DICOM SR (TID 1500), which names the patient: a folder, or "
            "pacs:NAME of --pacs-file."
        ),
    ] = "",
    reports_per_second: Annotated[
        float | None,
        typer.Option(min=0.1, help="At most, all workers together; by default 5 for a PACS, no limit for a folder."),
    ] = None,
    comprehensive: Annotated[
        bool, typer.Option("--comprehensive", help="Write reports as Comprehensive SR, not Comprehensive 3D SR.")
    ] = False,
    scheduler: Scheduler = None,
) -> None:
    """Score an archive or a cohort with a frozen bundle: Parquet, a row a lesion and view; stop it whenever you like.

    A manifest:  cadx-train score models/mine cases.csv --out results/cases

    A folder:  cadx-train score models/mine archive/ --marks marks.csv --out results/archive

    A PACS:  cadx-train score models/mine pacs:archive --pacs-file pacs.toml --query 'StudyDate=20260101-20260131' --out
    results/january

    Killed anywhere and given again, the same command goes on: each lesion has exactly one row in the end. What cannot
    be assessed is a row with its refusal code. Read the results with pandas.read_parquet("results/cases"). No row bears
    a path or an identifier unless --identifiers is given. With --report each row says what became of its report; given
    later, it reports what was scored without. A marks CSV has x, y and image (or sop_instance_uid), and
    where known lesion_id, frame, pixel_spacing_mm, view.
    """
    from training.progress import rated_progress_bar
    from training.scheduling.choice import open_runner
    from training.scoring.reports import report_target
    from training.scoring.run import ScoringSettings, score_source

    if not report and (reports_per_second is not None or comprehensive):
        raise typer.BadParameter("--reports-per-second and --comprehensive go with --report")
    console = Console(highlight=False)
    target = None
    if report:
        target = report_target(report, pacs_file, out, per_second=reports_per_second, comprehensive=comprehensive)
    listed = _source(source, marks or [], query, pacs_file)
    settings = ScoringSettings(identifiers=identifiers, retry_refused=retry_refused, report=target)
    try:
        with (
            open_runner(scheduler, console, listed.count, "training.scoring.task") as runner,
            rated_progress_bar(console, "scoring", "lesions") as progress,
        ):
            outcome = score_source(bundle, listed, out, runner, settings, progress)
    except KeyboardInterrupt:
        console.print(f"Stopped. What was scored is kept in {out}; the same command goes on.", markup=False)
        raise typer.Exit(130) from None
    _print(console, outcome, out)


def _source(given: str, marks: list[Path], query: str, pacs_file: Path | None) -> "Source":
    from training.errors import ScoringSourceUnusable
    from training.scoring.folder import folder_source
    from training.scoring.marks import manifest_source
    from training.scoring.pacs import pacs_source

    if given.startswith("pacs:"):
        if pacs_file is None:
            raise ScoringSourceUnusable(given, "--pacs-file does not say which PACS that is")
        return pacs_source(pacs_file, given.removeprefix("pacs:"), query, marks)
    path = Path(given)
    if path.is_dir():
        return folder_source(path, marks)
    if marks:
        raise ScoringSourceUnusable(given, "--marks goes with a folder or a PACS; a manifest holds its own")
    return manifest_source(path)


def _print(console: Console, outcome: "ScoringOutcome", out: Path) -> None:
    """Print the counts, the refusals, the drift, and what the numbers may not be used for."""
    from rich.table import Table

    from cadx.flags import FlagCode

    summary = outcome.summary
    console.print(
        f"{out}: {summary.rows} rows, {summary.assessed} assessed, {summary.rows - summary.assessed} refused; "
        f"{outcome.now} done now, {outcome.before} before.",
        soft_wrap=True,
        markup=False,
    )
    if summary.refusals:
        table = Table("refusal", "rows")
        for code, count in summary.refusals.items():
            table.add_row(code, f"{count:,}")
        console.print(table)
    if summary.flags:
        table = Table("flag", "meaning", "rows")
        headings = {flag.value: flag.heading for flag in FlagCode}
        for code, count in summary.flags.items():
            table.add_row(code, headings.get(code, ""), f"{count:,}")
        console.print(table)
    if summary.reports:
        counts = ", ".join(f"{count:,} {state}" for state, count in summary.reports.items())
        console.print(f"reports: {counts}", soft_wrap=True, markup=False)
    console.print(f"drift: {summary.drift_note}", markup=False)
    if summary.drift:
        for name, index in summary.shifted.items():
            console.print(f"  {name}: {index:.2f}", markup=False)
        console.print(f"  {len(summary.shifted)} of {len(summary.drift)} quantities have shifted.", markup=False)
    for notice in summary.notices:
        console.print(notice, style="bold yellow", markup=False)
