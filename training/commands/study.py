"""`cadx-train study`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cadx.cnn.spec import BackboneSpec
from cadx.lesion.segmentation import DEFAULT_METHOD
from cadx.mammogram.policy import ReadingPolicy
from training.commands.options import (
    PAPER,
    READING,
    Architecture,
    Cache,
    ClassWeight,
    Folds,
    ForProcessing,
    KeepCases,
    KeepThumbnails,
    Layer,
    Machine,
    Manifest,
    Method,
    Plane,
    Pooling,
    Replace,
    Robustness,
    Scheduler,
    Seed,
    SkipUnusable,
    Source,
    Svm,
    Synthetic,
    Voi,
    VoiOverride,
    Way,
    Weighting,
    Weights,
)
from training.fitting.presets import Preset


def study(
    manifest: Manifest,
    out: Annotated[Path, typer.Option(help="Folder to write; the bundle in it bears its name.")] = Path("studies/mine"),
    title: Annotated[str, typer.Option(help="Title of the report.")] = "",
    name: Annotated[str, typer.Option(help="Name of the bundle, if not the folder's.")] = "",
    preset: Way = Preset.PAPER,
    backbone: Architecture = PAPER.architecture,
    layer: Layer = PAPER.layer,
    weights: Weights = PAPER.weights,
    pooling: Pooling = PAPER.pooling,
    segmentation: Method = DEFAULT_METHOD,
    voi: Voi = READING.voi,
    plane: Plane = READING.spacing_plane,
    for_processing: ForProcessing = False,
    voi_override: VoiOverride = False,
    svm: Machine = Svm.POLYNOMIAL,
    class_weight: Weighting = ClassWeight.NONE,
    folds: Folds = 5,
    seed: Seed = 0,
    layers: Annotated[
        Path | None, typer.Option(help="A layers.csv of `cadx-train layers` to show; by default that in --out, if any.")
    ] = None,
    cache: Cache = None,
    source: Source = "",
    synthetic: Synthetic = False,
    robustness: Robustness = False,
    keep_cases: KeepCases = False,
    keep_thumbnails: KeepThumbnails = False,
    skip_unusable: SkipUnusable = False,
    negative_control: Annotated[
        bool, typer.Option("--negative-control", help="Permute the labels: a study that must find nothing; no bundle.")
    ] = False,
    replace: Replace = False,
    scheduler: Scheduler = None,
) -> None:
    """Evaluate the three classifiers by lesion as the paper does, and write the report, the figures and the bundle.

    With your own cases:  cadx-train study cases.csv --out studies/mine

    Then open studies/mine/report.html; serve the model with CADX_MODELS_DIR=studies/mine/models CADX_MODEL=mine.
    """
    from training.features.cache import FeatureCache, default_folder
    from training.features.store import FeatureStore
    from training.fitting.fit import FitSettings
    from training.layers.figures import LAYERS_CSV, read_layers
    from training.scheduling.choice import given_runner
    from training.study.run import run_study
    from training.summary import print_study

    console = Console(highlight=False)
    settings = FitSettings(
        preset=preset,
        backbone=BackboneSpec(backbone, layer, weights, pooling),
        segmentation_method=segmentation,
        policy=ReadingPolicy(voi, plane, for_processing, voi_override),
        grid=svm.grid,
        class_weight=class_weight.setting,
        folds=folds,
        seed=seed,
        skip_unusable=skip_unusable,
        synthetic=synthetic,
        robustness=robustness,
        keep_cases=keep_cases,
        keep_thumbnails=keep_thumbnails,
        source=source or manifest.name,
    )
    table = layers or (out / LAYERS_CSV if (out / LAYERS_CSV).is_file() else None)
    with given_runner(scheduler, console) as runner:
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
            replace=replace,
            runner=runner,
        )
    print_study(console, outcome.study, out, outcome.bundle)
