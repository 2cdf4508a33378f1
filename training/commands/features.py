"""`cadx-train features`."""

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from cadx.cnn.spec import BackboneSpec
from cadx.lesion.segmentation import DEFAULT_METHOD, SegmentationMethod

PAPER = BackboneSpec()


def features(
    manifest: Annotated[Path, typer.Argument(help="CSV of the cases, as for fit.")],
    out: Annotated[Path, typer.Option(help="File to write: its name ends in .parquet or .csv.")],
    table: Annotated[
        Literal["both", "cnn", "lesion"], typer.Option(help="Method A's features, Method B's, or both.")
    ] = "both",
    backbone: Annotated[
        str, typer.Option(help="CNN: alexnet, alexnet2012 or any torchvision classification model.")
    ] = PAPER.architecture,
    layer: Annotated[str, typer.Option(help="Its layer: conv1 to fc8, else a node's name.")] = PAPER.layer,
    weights: Annotated[str, typer.Option(help="imagenet, the path of a weights file, or random:SEED.")] = PAPER.weights,
    pooling: Annotated[str, typer.Option(help="Of spatial maps: none, mean or max.")] = PAPER.pooling,
    segmentation: Annotated[SegmentationMethod, typer.Option(help="How lesions are outlined.")] = DEFAULT_METHOD,
    cache: Annotated[Path | None, typer.Option(help="Folder of remembered features.")] = None,
    skip_unusable: Annotated[
        bool, typer.Option("--skip-unusable", help="Leave refused cases out, with their reasons, instead of stopping.")
    ] = False,
) -> None:
    """Write the feature table of a cohort, a row a case, for other tools.

    Columns: image, x, y, label, lesion_id, patient_id, view; lesion_NAME for each lesion feature; cnn_0000 and on.
    """
    from cadx.cnn import load_backbone
    from cadx.mammogram import ReadingPolicy
    from training.cases import read_manifest
    from training.extraction import extract_features
    from training.feature_cache import FeatureCache, default_folder
    from training.feature_keys import FeatureStore
    from training.feature_table import check_format, feature_frame, write_frame
    from training.progress import progress_bar

    check_format(out)
    console = Console(highlight=False)
    cases = read_manifest(manifest)
    cnn = load_backbone(BackboneSpec(backbone, layer, weights, pooling))
    with progress_bar(console, "features of both branches") as progress:
        tables = extract_features(
            cases,
            cnn,
            ReadingPolicy(),
            segmentation,
            store=FeatureStore(FeatureCache(cache or default_folder())),
            skip_unusable=skip_unusable,
            progress=progress,
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
