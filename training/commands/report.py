"""`cadx-train report`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cadx.findings import FindingKind


def report(
    file: Annotated[Path, typer.Argument(help="A DICOM mammogram.")],
    x: Annotated[float, typer.Option(help="Column of the lesion's center, in pixels of the stored image.")],
    y: Annotated[float, typer.Option(help="Row of the lesion's center, in pixels of the stored image.")],
    bundle: Annotated[Path, typer.Option(help="Folder of a fitted bundle.")],
    out: Annotated[Path, typer.Option(help="Folder to write.")],
    frame: Annotated[int | None, typer.Option(help="Frame of a multi-frame file, from 1.")] = None,
    spacing_mm: Annotated[float | None, typer.Option(help="Pixel spacing, for files that tell none.")] = None,
    finding: Annotated[FindingKind, typer.Option(help="What the lesion is; nothing finds it out.")] = (
        FindingKind.SELECTED_REGION
    ),
    tracking_id: Annotated[str, typer.Option(help="The lesion's name, up to 64 characters.")] = "",
    tracking_uid: Annotated[str, typer.Option(help="The lesion's UID; else one is derived from the mark.")] = "",
    comprehensive: Annotated[
        bool, typer.Option("--comprehensive", help="Write the report as Comprehensive SR, not Comprehensive 3D SR.")
    ] = False,
) -> None:
    """Assess one lesion and write what a hospital's archive would be sent, without a server.

    Writes sr.dcm (TID 1500), seg.dcm, gsps.dcm, cad-sr.dcm (TID 4000) and fhir.json. They name the patient.

    cadx-train report image.dcm --x 1034 --y 2210 --bundle models/mine --out objects
    """
    import json
    from datetime import datetime
    from importlib.metadata import version

    from cadx import exchange
    from cadx.assessment import assess
    from cadx.bundle import load_bundle
    from cadx.mammogram import read_mammogram
    from cadx.records import LesionCenter

    model = load_bundle(bundle)
    mammogram = read_mammogram(file, policy=model.policy, pixel_spacing_mm=spacing_mm, frame=frame)
    source = exchange.read_source(file.read_bytes(), frame)
    view = exchange.ViewResult(source, assess(model, mammogram, LesionCenter(x, y)))
    lesion = exchange.LesionResult((view,), finding, tracking_identifier=tracking_id, tracking_uid=tracking_uid)
    algorithm = exchange.algorithm_of(model, version("mammo-cadx"))
    results = exchange.Results((lesion,), algorithm, datetime.now().astimezone())
    sop_class = exchange.ReportClass.COMPREHENSIVE if comprehensive else exchange.ReportClass.COMPREHENSIVE_3D
    objects = {
        "sr.dcm": exchange.structured_report(results, sop_class=sop_class),
        "seg.dcm": exchange.segmentations(results)[0],
        "gsps.dcm": exchange.presentation_states(results)[0],
        "cad-sr.dcm": exchange.cad_report(results),
    }
    out.mkdir(parents=True, exist_ok=True)
    for name, dataset in objects.items():
        (out / name).write_bytes(exchange.file_bytes(dataset))
    fhir = json.dumps(exchange.fhir_bundle(results), ensure_ascii=False, indent=1)
    (out / "fhir.json").write_text(fhir + "\n", encoding="utf-8")
    console = Console(highlight=False)
    console.print(f"probability {view.assessment.probability:.3f}", markup=False)
    for notice in algorithm.notices:
        console.print(notice, style="bold yellow", markup=False)
    for name in (*objects, "fhir.json"):
        console.print(f"wrote {out / name}", markup=False, soft_wrap=True)
