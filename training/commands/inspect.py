"""`cadx-train inspect`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cadx.artifacts import artifact_flags
from cadx.mammogram.policy import ReadingPolicy
from training.commands.options import READING, ForProcessing, Plane, Replace, Voi


def inspect(
    file: Annotated[Path, typer.Argument(help="A DICOM mammogram, or a gray PNG, TIFF or PGM.")],
    x: Annotated[float | None, typer.Option(help="Column of a lesion's center, in pixels of the file.")] = None,
    y: Annotated[float | None, typer.Option(help="Row of a lesion's center, in pixels of the file.")] = None,
    out: Annotated[Path | None, typer.Option(help="Picture to write, such as picture.png.")] = None,
    spacing_mm: Annotated[float | None, typer.Option(help="Pixel spacing, for files that tell none.")] = None,
    frame: Annotated[int | None, typer.Option(help="Frame of a multi-frame file, from 1.")] = None,
    voi: Voi = READING.voi,
    plane: Plane = READING.spacing_plane,
    for_processing: ForProcessing = False,
    replace: Replace = False,
) -> None:
    """Show how one image is read: spacing, gray levels, polarity, what is doubtful, and the region about a center.

    cadx-train inspect image.dcm --x 1034 --y 2210 --out picture.png
    """
    from cadx.mammogram import read_mammogram
    from cadx.records import LesionCenter
    from cadx.roi import extract_roi
    from training.outputs import check_file
    from training.pictures.inspection import PICTURE, draw_reading, flag_lines, reading_facts, region_facts

    if (x is None) != (y is None):
        raise typer.BadParameter("give both --x and --y, or neither")
    if out is not None:
        check_file(out, PICTURE, replace=replace)
    policy = ReadingPolicy(voi, plane, for_processing)
    mammogram = read_mammogram(file, policy=policy, pixel_spacing_mm=spacing_mm, frame=frame)
    roi = extract_roi(mammogram, LesionCenter(x, y)) if x is not None and y is not None else None
    console = Console(highlight=False)
    table = Table(show_header=False, box=None)
    for name, text in (reading_facts(mammogram) | (region_facts(roi) if roi else {})).items():
        table.add_row(name, text)
    console.print(table)
    region_flags = roi.flags + artifact_flags(roi.gray, roi.tissue) if roi else ()
    lines = flag_lines(mammogram.flags + region_flags)
    for line in lines or ["nothing doubtful was found"]:
        console.print(f"! {line}" if lines else line, markup=False)
    if out is not None:
        draw_reading(out, mammogram, roi)
        console.print(f"picture: {out}", markup=False)
