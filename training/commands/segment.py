"""`cadx-train segment`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cadx.lesion import DEFAULT_METHOD
from cadx.mammogram.policy import ReadingPolicy
from training.commands.options import READING, ForProcessing, Manifest, Method, Plane, Replace, Voi


def segment(
    manifest: Manifest,
    out: Annotated[Path, typer.Option(help="Folder to write: contact sheets, features.csv, lesions/.")],
    method: Method = DEFAULT_METHOD,
    pictures: Annotated[
        bool, typer.Option(help="Draw every lesion with its trace; the contact sheets are always made.")
    ] = True,
    voi: Voi = READING.voi,
    plane: Plane = READING.spacing_plane,
    for_processing: ForProcessing = False,
    replace: Replace = False,
) -> None:
    """Outline and measure every lesion of a manifest, to see how segmentation behaves before fitting anything.

    Writes contact sheets of 30 lesions each, features.csv with one row a case (outcome, reason, flags, every feature),
    and for every lesion a picture of its outline beside the trace of the levels that were considered.

    Then:  look at contact-sheet-01.png
    """
    from training.cohort.cases import read_manifest
    from training.outputs import check_folder
    from training.pictures.contact_sheets import SEGMENTATION, write_segmentation_report
    from training.progress import progress_bar

    check_folder(out, SEGMENTATION, replace=replace)
    console = Console(highlight=False)
    cases = read_manifest(manifest)
    policy = ReadingPolicy(voi, plane, for_processing)
    with progress_bar(console, "lesions outlined") as advance:
        report = write_segmentation_report(cases, out, method, policy, pictures=pictures, progress=advance)
    for outcome, count in report.outcomes.items():
        console.print(f"{outcome}: {count}", markup=False)
    for line in report.refused:
        console.print(f"! {line}", markup=False)
    for line in (*map(str, report.sheets), str(report.table)):
        console.print(f"wrote {line}", markup=False)
