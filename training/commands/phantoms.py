"""`cadx-train phantoms`."""

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from training.commands.options import Replace


def phantoms(
    out: Annotated[Path, typer.Option(help="Folder to write: manifest.csv and images/.")],
    lesions: Annotated[int, typer.Option(min=1, help="Number of lesions, half of them malignant.")] = 60,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same files.")] = 0,
    file_format: Annotated[
        Literal["dicom", "png"], typer.Option("--format", help="png has the pixel spacing in the manifest.")
    ] = "dicom",
    paper_cohort: Annotated[
        bool,
        typer.Option(
            "--paper-cohort",
            help="As many as in Huynh 2016: 219 lesions, 607 views (261 benign, 346 malignant); --lesions is ignored.",
        ),
    ] = False,
    replace: Replace = False,
) -> None:
    """Write synthetic mammograms with masses, to try everything without data. They are never clinical evidence.

    Every lesion is one three-dimensional mass that is projected into two or three views (CC, MLO, ML), so that keeping
    lesions together in cross validation matters as it does in real data. Benign and malignant masses overlap in size,
    outline, margin and contrast.

    Then:  cadx-train fit DIR/manifest.csv --synthetic --out models/phantoms
    """
    from training.cohort.cases import read_manifest
    from training.outputs import check_folder
    from training.phantoms import PHANTOMS, PhantomFormat, plan_cohort, plan_paper_cohort, write_planned_cohort
    from training.progress import progress_bar

    check_folder(out, PHANTOMS, replace=replace)
    console = Console(highlight=False)
    plan = plan_paper_cohort(seed) if paper_cohort else plan_cohort(lesions, seed)
    with progress_bar(console, "phantom lesions") as advance:
        manifest = write_planned_cohort(out, plan, file_format=PhantomFormat(file_format), on_lesion=advance)
    views = len(read_manifest(manifest))
    console.print(f"{len(plan)} lesions in {views} views: {manifest}. Synthetic, never clinical evidence.")
