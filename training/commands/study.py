"""`cadx-train study`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cadx.cnn.spec import BackboneSpec
from cadx.lesion.segmentation import DEFAULT_METHOD, SegmentationMethod

PAPER = BackboneSpec()


def study(
    manifest: Annotated[
        Path,
        typer.Argument(help="CSV of the cases: image, x, y, label, lesion_id [, patient_id, pixel_spacing_mm, view]."),
    ],
    out: Annotated[Path, typer.Option(help="Folder to write; the bundle in it bears its name.")] = Path("studies/mine"),
    title: Annotated[str, typer.Option(help="Title of the report.")] = "",
    name: Annotated[str, typer.Option(help="Name of the bundle, if not the folder's.")] = "",
    backbone: Annotated[
        str, typer.Option(help="CNN: alexnet (as in the paper), alexnet2012 or any torchvision classification model.")
    ] = PAPER.architecture,
    layer: Annotated[
        str, typer.Option(help="Its layer: conv1 to fc8 for an AlexNet, else a node such as features.12.cat.")
    ] = PAPER.layer,
    weights: Annotated[
        str, typer.Option(help="imagenet (downloaded once), the path of a state dict, or random:SEED (demonstration).")
    ] = PAPER.weights,
    pooling: Annotated[str, typer.Option(help="Of spatial maps: none, mean or max.")] = PAPER.pooling,
    segmentation: Annotated[SegmentationMethod, typer.Option(help="How lesions are outlined.")] = DEFAULT_METHOD,
    folds: Annotated[int, typer.Option(min=2, help="Folds of the cross validation, by lesion or patient.")] = 5,
    seed: Annotated[int, typer.Option(min=0, help="Decides folds and bootstraps.")] = 0,
    layers: Annotated[
        Path | None, typer.Option(help="A layers.csv of `cadx-train layers` to show; by default that in --out, if any.")
    ] = None,
    cache: Annotated[
        Path | None, typer.Option(help="Folder of remembered features; by default in the user's cache folder.")
    ] = None,
    source: Annotated[str, typer.Option(help="What the cases are, for the model card.")] = "",
    synthetic: Annotated[
        bool, typer.Option("--synthetic", help="The cases are phantoms: every output will say so.")
    ] = False,
    skip_unusable: Annotated[
        bool, typer.Option("--skip-unusable", help="Leave refused cases out, with their reasons, instead of stopping.")
    ] = False,
    negative_control: Annotated[
        bool, typer.Option("--negative-control", help="Shuffle the truths: a study that must find nothing; no bundle.")
    ] = False,
) -> None:
    """Evaluate the three classifiers by lesion as the paper does, and write the report, the figures and the bundle.

    With your own cases:  cadx-train study cases.csv --out studies/mine

    Then open studies/mine/report.html; serve the model with CADX_MODELS_DIR=studies/mine/models CADX_MODEL=mine.
    """
    from training.feature_cache import FeatureCache, default_folder
    from training.feature_keys import FeatureStore
    from training.fit import FitSettings
    from training.study.layers import LAYERS_CSV, read_layers
    from training.study.run import run_study
    from training.summary import print_study

    console = Console(highlight=False)
    settings = FitSettings(
        backbone=BackboneSpec(backbone, layer, weights, pooling),
        segmentation_method=segmentation,
        folds=folds,
        seed=seed,
        skip_unusable=skip_unusable,
        synthetic=synthetic,
        source=source or manifest.name,
    )
    table = layers or (out / LAYERS_CSV if (out / LAYERS_CSV).is_file() else None)
    outcome = run_study(
        manifest,
        out,
        settings,
        console,
        title=title,
        name=name,
        store=FeatureStore(FeatureCache(cache or default_folder())),
        layers=() if table is None else read_layers(table),
        negative_control=negative_control,
    )
    print_study(console, outcome.study, out, outcome.bundle)
