"""`cadx-train fit`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cadx.cnn.spec import BackboneSpec
from cadx.lesion.segmentation import DEFAULT_METHOD, SegmentationMethod

PAPER = BackboneSpec()


def fit(
    manifest: Annotated[
        Path,
        typer.Argument(help="CSV of the cases: image, x, y, label, lesion_id [, patient_id, pixel_spacing_mm, view]."),
    ],
    out: Annotated[Path, typer.Option(help="Folder of the bundle to write; its name is the model's name.")] = Path(
        "models/mine"
    ),
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
    seed: Annotated[int, typer.Option(min=0, help="Decides the folds.")] = 0,
    source: Annotated[str, typer.Option(help="What the cases are, for the model card.")] = "",
    synthetic: Annotated[
        bool, typer.Option("--synthetic", help="The cases are phantoms: every output will say so.")
    ] = False,
    skip_unusable: Annotated[
        bool, typer.Option("--skip-unusable", help="Leave refused cases out, with their reasons, instead of stopping.")
    ] = False,
) -> None:
    """Fit the three classifiers, evaluate them by lesion, and write a bundle that the service can load.

    With your own cases:  cadx-train fit cases.csv --out models/mine

    Without a way to the ImageNet weights, bring a file:  --weights alexnet-owt-7be5be79.pth
    """
    from training.cases import read_manifest
    from training.fit import FitSettings, fit_models, save_fit
    from training.summary import print_fit

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
    result = fit_models(read_manifest(manifest), settings, console)
    print_fit(console, result, save_fit(result, out), out)
