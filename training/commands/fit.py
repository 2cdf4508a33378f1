"""`cadx-train fit`."""

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


def fit(
    manifest: Manifest,
    out: Annotated[Path, typer.Option(help="Folder of the bundle to write; its name is the model's name.")] = Path(
        "models/mine"
    ),
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
    source: Source = "",
    synthetic: Synthetic = False,
    robustness: Robustness = False,
    keep_cases: KeepCases = False,
    keep_thumbnails: KeepThumbnails = False,
    skip_unusable: SkipUnusable = False,
    replace: Replace = False,
) -> None:
    """Fit the three classifiers, evaluate them by lesion, and write a bundle that the service can load.

    With your own cases:  cadx-train fit cases.csv --out models/mine

    Without a way to the ImageNet weights, bring a file:  --weights alexnet-owt-7be5be79.pth
    """
    from training.cohort.cases import read_manifest
    from training.fitting.bundle_place import check_bundle
    from training.fitting.fit import FitSettings, fit_models, save_fit
    from training.summary import print_fit

    check_bundle(out, replace=replace)
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
    result = fit_models(read_manifest(manifest), settings, console)
    print_fit(console, result, save_fit(result, out, replace=replace), out)
