"""`cadx-train layers`."""

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from cadx.cnn.spec import ALEXNET_LAYERS, BackboneSpec
from training.commands.options import (
    PAPER,
    READING,
    Architecture,
    Folds,
    ForProcessing,
    Manifest,
    Plane,
    Pooling,
    Replace,
    Scheduler,
    Seed,
    SkipUnusable,
    Synthetic,
    Voi,
    Weights,
)
from training.outputs import FolderOutput, begins_with, check_folder

if TYPE_CHECKING:
    from training.layers.comparison import LayerComparison

COLUMNS = ("layer", "length", "varying_length", "auc", "auc_sd", "standard_error", "seconds", "fold_aucs")
LAYERS = FolderOutput(
    "a layer comparison",
    ("layers.csv", "layers.png", "roi-through-layers.png"),
    lambda folder: begins_with(folder / "layers.csv", COLUMNS),
)


def layers(
    manifest: Manifest,
    out: Annotated[Path, typer.Option(help="Folder for layers.csv, layers.png and roi-through-layers.png.")],
    backbone: Architecture = PAPER.architecture,
    layer: Annotated[
        list[str] | None, typer.Option(help="A layer to compare; repeat it. By default AlexNet's 11, conv1 to fc8.")
    ] = None,
    weights: Weights = PAPER.weights,
    pooling: Pooling = PAPER.pooling,
    voi: Voi = READING.voi,
    plane: Plane = READING.spacing_plane,
    for_processing: ForProcessing = False,
    folds: Folds = 5,
    seed: Seed = 0,
    cache: Annotated[
        Path | None, typer.Option(help="Folder of remembered features: 3 MB a ROI for AlexNet's 11 layers.")
    ] = None,
    synthetic: Synthetic = False,
    skip_unusable: SkipUnusable = False,
    replace: Replace = False,
    scheduler: Scheduler = None,
) -> None:
    """Compare the CNN's layers as feature sources: AUC with error bars, lengths, seconds (Huynh 2016, figures 2 and 3).

    The parameters of each layer's SVM are searched inside the training folds, and no lesion is split.
    """
    from cadx.cnn import load_backbone
    from cadx.mammogram import ReadingPolicy
    from training.cohort.cases import read_manifest
    from training.features.cache import FeatureCache, default_folder
    from training.features.extraction import read_roi
    from training.features.store import FeatureStore
    from training.layers.comparison import LayerStudy, compare_layers
    from training.layers.pictures import draw_layer_aucs, draw_roi_through_layers
    from training.progress import progress_bar
    from training.scheduling.choice import given_runner

    check_folder(out, LAYERS, replace=replace)
    console = Console(highlight=False)
    cases = read_manifest(manifest)
    names = tuple(layer) if layer else ALEXNET_LAYERS
    cnn = load_backbone(BackboneSpec(backbone, names[-1], weights, pooling), layers=names)
    notice = notice_of(synthetic=synthetic, pretrained=cnn.pretrained)
    kept = FeatureCache(cache or default_folder())
    policy = ReadingPolicy(voi, plane, for_processing)
    with (
        given_runner(scheduler, console) as runner,
        progress_bar(console, "one pass a ROI") as extracting,
        progress_bar(console, "layers") as evaluating,
    ):
        comparison = compare_layers(
            cases,
            cnn,
            policy,
            LayerStudy(folds, seed),
            FeatureStore(kept),
            skip_unusable=skip_unusable,
            extracting=extracting,
            evaluating=evaluating,
            runner=runner,
        )
    out.mkdir(parents=True, exist_ok=True)
    write_csv(comparison, out / "layers.csv")
    draw_layer_aucs(comparison, out / "layers.png", notice=notice)
    draw_roi_through_layers(
        cnn, read_roi(comparison.cases[0], policy).gray, out / "roi-through-layers.png", notice=notice
    )
    print_comparison(console, comparison, notice)
    console.print(
        f"{out}/layers.csv, layers.png, roi-through-layers.png; features kept in {kept.folder}", soft_wrap=True
    )


def notice_of(*, synthetic: bool, pretrained: bool) -> str:
    """Say what makes the numbers meaningless, if anything does."""
    reasons = ["phantoms, never clinical evidence"] if synthetic else []
    reasons += [] if pretrained else ["CNN not pretrained, demonstration only"]
    return "; ".join(reasons)


def write_csv(comparison: "LayerComparison", path: Path) -> None:
    """Write the table, one line a layer."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for result in comparison.results:
            aucs = " ".join(f"{auc:.6f}" for auc in result.fold_aucs)
            figures = (result.auc, result.auc_sd, result.standard_error, result.seconds)
            row = (result.layer, result.length, result.varying_length, *(f"{figure:.6f}" for figure in figures), aucs)
            writer.writerow(row)


def print_comparison(console: Console, comparison: "LayerComparison", notice: str) -> None:
    """Print the table, and what it may not be used for."""
    from rich.table import Table

    table = Table(title="AUC by layer, cross-validated by lesion" + (f"\n{notice}" if notice else ""))
    for heading in ("layer", "features", "varying", "AUC", "SD", "SD/√folds", "seconds"):
        table.add_column(heading, justify="left" if heading == "layer" else "right")
    for result in comparison.results:
        table.add_row(
            result.layer,
            f"{result.length:,}",
            f"{result.varying_length:,}",
            f"{result.auc:.3f}",
            f"{result.auc_sd:.3f}",
            f"{result.standard_error:.3f}",
            f"{result.seconds:.1f}",
        )
    console.print(table)
    for skipped in comparison.skipped:
        console.print(f"left out: {skipped.detail}", markup=False)
    console.print(
        f"{len(comparison.cases)} ROIs, {comparison.extracted} of them extracted now, in "
        f"{comparison.extraction_seconds:.1f} s. Best: {comparison.best.layer}. Choosing a layer by this table and "
        "reporting its AUC from the same cases is optimistic."
    )
