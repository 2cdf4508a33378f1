"""`cadx-train import`: one sub-command a public data set."""

import csv
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from training.cohort.cases import OPTIONAL_COLUMNS, REQUIRED_COLUMNS, Label, write_manifest
from training.commands.options import Replace
from training.importers.digitizers import Digitizer
from training.importers.records import Imported
from training.importers.split import Split
from training.outputs import FileOutput, begins_with, check_file

import_cli = typer.Typer(
    help="""Make a manifest of a public data set, as its authors distribute it.

Images are referenced where they lie, never copied. What cannot be used is left out, counted by reason and listed in OUT
with the ending .skipped.csv. Data sets have licenses of their own: each sub-command's --help says where to look.""",
    no_args_is_help=True,
)

Folder = Annotated[Path, typer.Argument(help="The data set's folder.")]
Out = Annotated[Path, typer.Option(help="Manifest to write.")]
Calcifications = Annotated[
    bool, typer.Option("--include-calcifications", help="Keep calcifications too; the paper's method is for masses.")
]
SplitOption = Annotated[Split, typer.Option(help="Official split to take.")]
Benign = Annotated[str, typer.Option(help="BI-RADS categories that count as benign.")]
Malignant = Annotated[str, typer.Option(help="BI-RADS categories that count as malignant; 4 includes 4a, 4b, 4c.")]

SKIPPED_COLUMNS = ("place", "reason", "detail")
MANIFEST = FileOutput("a manifest", lambda path: begins_with(path, (*REQUIRED_COLUMNS, *OPTIONAL_COLUMNS)))
SKIPPED = FileOutput("a list of what was left out", lambda path: begins_with(path, SKIPPED_COLUMNS))


@import_cli.command("mini-mias")
def mini_mias(
    folder: Folder, out: Out, include_calcifications: Calcifications = False, replace: Replace = False
) -> None:
    """Import mini-MIAS: Info.txt and mdb001.pgm onwards, 0.2 mm a pixel.

    Where: the Mammographic Image Analysis Society's site (peipa.essex.ac.uk, "mini-MIAS").
    License: research use only, cite Suckling et al. 1994; see the data set's Licence.txt.

    Rules: y counts from the bottom, so row = 1024 - y; films 2k-1 and 2k are one patient; severity B or M is the label;
    every film is MLO. Left out: normals, rows without coordinates, and calcifications unless they are asked for.
    """
    from training.importers.mini_mias import import_mini_mias

    _check(out, replace)
    _write(out, import_mini_mias(folder, include_calcifications=include_calcifications))


@import_cli.command("cbis-ddsm")
def cbis_ddsm(
    folder: Folder,
    out: Out,
    digitizer: Annotated[
        Digitizer | None, typer.Option(help="Film digitizer of patients that the table does not name.")
    ] = None,
    digitizers: Annotated[
        Path | None, typer.Option(help="CSV with the columns patient_id and digitizer (dba, howtek, lumisys).")
    ] = None,
    split: SplitOption = Split.TRAINING,
    include_calcifications: Calcifications = False,
    replace: Replace = False,
) -> None:
    """Import CBIS-DDSM: the case description CSVs and the DICOM folders beside them.

    Where: The Cancer Imaging Archive, collection CBIS-DDSM.
    License: CC BY 3.0, cite Lee et al. 2017 and TCIA; see the collection's page.

    Rules: BENIGN and BENIGN_WITHOUT_CALLBACK are benign, MALIGNANT is malignant; the center is the centroid of the
    mask, carried over in proportion where mask and image differ in size and refused where they differ in shape; the
    official split is kept.

    Pixel spacing is not in the files. It follows from the film digitizer, which the original DDSM names in each case's
    .ics file: dba 0.042 mm, howtek 0.0435 mm, lumisys 0.05 mm. Give --digitizers, or --digitizer for all.
    """
    from training.importers.cbis_ddsm import import_cbis_ddsm
    from training.importers.digitizers import read_digitizers
    from training.progress import progress_bar

    _check(out, replace)
    console = Console(highlight=False)
    known = read_digitizers(digitizers, digitizer)
    with progress_bar(console, "masks") as advance:
        imported = import_cbis_ddsm(
            folder, known, split=split, include_calcifications=include_calcifications, progress=advance
        )
    _write(out, imported, console)


@import_cli.command("inbreast")
def inbreast(
    folder: Folder,
    out: Out,
    benign: Benign = "1,2,3",
    malignant: Malignant = "4,5,6",
    include_calcifications: Calcifications = False,
    replace: Replace = False,
) -> None:
    """Import INbreast: INbreast.csv, AllDICOMs and AllXML, 0.07 mm a pixel.

    Where: on request from its authors (Moreira et al. 2012, INESC Porto).
    License: by the authors' agreement, research only; cite Moreira et al. 2012.

    Rules: the center is the centroid of the outlined area; the label follows from the mammogram's BI-RADS category,
    which is a reader's suspicion and not pathology; masses of one breast with one label are one lesion, since outlines
    are not linked between views.
    """
    from training.importers.birads import birads_rule
    from training.importers.inbreast import import_inbreast

    _check(out, replace)
    rule = birads_rule(benign, malignant)
    _write(out, import_inbreast(folder, rule=rule, include_calcifications=include_calcifications))


@import_cli.command("vindr-mammo")
def vindr_mammo(
    folder: Folder,
    out: Out,
    split: SplitOption = Split.TRAINING,
    benign: Benign = "1,2,3",
    malignant: Malignant = "4,5,6",
    include_calcifications: Calcifications = False,
    replace: Replace = False,
) -> None:
    """Import VinDr-Mammo: finding_annotations.csv and images/STUDY/IMAGE.dicom.

    Where: PhysioNet, "VinDr-Mammo", version 1.0.0, after accepting its data use agreement.
    License: PhysioNet's restricted health data license, see its page; cite Nguyen et al. 2023 and PhysioNet.

    Rules: the center is the middle of the box; the label follows from the finding's BI-RADS category, which is a
    reader's suspicion and not pathology; findings of one breast with one label are one lesion, since boxes are not
    linked between views; the exam is the patient; the official split is kept; spacing is in the DICOM files.
    """
    from training.importers.birads import birads_rule
    from training.importers.vindr_mammo import import_vindr_mammo

    _check(out, replace)
    rule = birads_rule(benign, malignant)
    _write(out, import_vindr_mammo(folder, split=split, rule=rule, include_calcifications=include_calcifications))


def _check(out: Path, replace: bool) -> None:
    """Refuse, before a file of the data set is opened, an --out where something would be lost or cannot be written."""
    check_file(out, MANIFEST, replace=replace)
    check_file(_skipped_path(out), SKIPPED, replace=replace)


def _skipped_path(out: Path) -> Path:
    return out.with_suffix(".skipped.csv")


def _write(out: Path, imported: Imported, console: Console | None = None) -> None:
    console = console or Console(highlight=False)
    write_manifest(out, imported.cases)
    lesions = {case.lesion_id: case.label for case in imported.cases}
    for label in Label:
        rois = sum(case.label is label for case in imported.cases)
        count = sum(lesion_label is label for lesion_label in lesions.values())
        console.print(f"{label.name.lower():>9}: {count} lesions in {rois} views")
    for note in imported.notes:
        console.print(f"     note: {note}")
    if imported.skipped:
        _report_skipped(_skipped_path(out), imported, console)
    console.print(f" manifest: {out}", soft_wrap=True)


def _report_skipped(path: Path, imported: Imported, console: Console) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(SKIPPED_COLUMNS)
        writer.writerows((skip.place, skip.reason, skip.detail) for skip in imported.skipped)
    table = Table("left out", "why", box=None, pad_edge=False)
    for reason, count in Counter(skip.reason for skip in imported.skipped).most_common():
        table.add_row(str(count), reason)
    console.print(table)
    console.print(f" left out, one by one: {path}", soft_wrap=True)
