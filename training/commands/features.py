"""`cadx-train features`."""

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from cadx.cnn.spec import BackboneSpec
from cadx.lesion.segmentation import DEFAULT_METHOD
from training.commands.options import (
    PAPER,
    READING,
    Architecture,
    Cache,
    ForProcessing,
    Layer,
    Manifest,
    Method,
    Plane,
    Pooling,
    Replace,
    Scheduler,
    SkipUnusable,
    Voi,
    Weights,
)


def features(
    manifest: Manifest,
    out: Annotated[Path, typer.Option(help="File to write: its name ends in .parquet or .csv.")],
    table: Annotated[
        Literal["both", "cnn", "lesion"], typer.Option(help="Method A's features, Method B's, or both.")
    ] = "both",
    backbone: Architecture = PAPER.architecture,
    layer: Layer = PAPER.layer,
    weights: Weights = PAPER.weights,
    pooling: Pooling = PAPER.pooling,
    segmentation: Method = DEFAULT_METHOD,
    voi: Voi = READING.voi,
    plane: Plane = READING.spacing_plane,
    for_processing: ForProcessing = False,
    cache: Cache = None,
    skip_unusable: SkipUnusable = False,
    replace: Replace = False,
    scheduler: Scheduler = None,
) -> None:
    """Write the feature table of a cohort, a row a case, for other tools.

    Columns: image, x, y, label, lesion_id, patient_id, view; lesion_NAME for each lesion feature; cnn_0000 and on.
    """
    from cadx.cnn import load_backbone
    from cadx.mammogram import ReadingPolicy
    from training.cohort.cases import read_manifest
    from training.features.cache import FeatureCache, default_folder
    from training.features.spreading import extract_everywhere
    from training.features.store import FeatureStore
    from training.features.table import FEATURE_TABLE, check_format, feature_frame, write_frame
    from training.outputs import check_file
    from training.progress import progress_bar
    from training.scheduling.choice import given_runner

    check_format(out)
    check_file(out, FEATURE_TABLE, replace=replace)
    console = Console(highlight=False)
    cases = read_manifest(manifest)
    cnn = load_backbone(BackboneSpec(backbone, layer, weights, pooling))
    with (
        given_runner(scheduler, console) as runner,
        progress_bar(console, "features of both branches") as progress,
    ):
        tables = extract_everywhere(
            cases,
            cnn,
            ReadingPolicy(voi, plane, for_processing),
            segmentation,
            store=FeatureStore(FeatureCache(cache or default_folder())),
            skip_unusable=skip_unusable,
            progress=progress,
            runner=runner,
        )
    facts = {
        "backbone": f"{backbone} {layer}, pooling {pooling}",
        "weights": "pretrained" if cnn.pretrained else f"{weights}: not pretrained, demonstration only",
        "weights_sha256": cnn.weights_digest,
        "segmentation": segmentation.value,
    }
    frame = feature_frame(tables, cnn=table != "lesion", lesion=table != "cnn")
    write_frame(frame, out, facts)
    for skipped in tables.skipped:
        console.print(f"left out: {skipped.detail}", markup=False)
    if not cnn.pretrained:
        console.print("The CNN is not pretrained: its features are for demonstration only.", style="bold yellow")
    console.print(
        f"{out}: {len(frame)} rows, {len(frame.columns)} columns; {tables.extracted} cases extracted now.",
        soft_wrap=True,
    )
