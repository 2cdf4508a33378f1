"""Options that several commands share, each described once. Defaults stand in the commands."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer

from cadx.classify import Grid, LinearGrid, PolynomialGrid
from cadx.cnn.spec import BackboneSpec
from cadx.lesion.segmentation import SegmentationMethod
from cadx.mammogram.policy import ReadingPolicy, SpacingPlane, VoiPolicy
from training.fitting.presets import Preset

PAPER = BackboneSpec()
READING = ReadingPolicy()


class ClassWeight(StrEnum):
    """Whether errors of the rarer class count more."""

    NONE = "none"
    BALANCED = "balanced"

    @property
    def setting(self) -> Literal["balanced"] | None:
        """As the classifiers take it."""
        return "balanced" if self is ClassWeight.BALANCED else None


class Svm(StrEnum):
    """What is searched for both branches."""

    POLYNOMIAL = "polynomial"
    LINEAR = "linear"

    @property
    def grid(self) -> Grid:
        """As the classifiers take it."""
        return PolynomialGrid() if self is Svm.POLYNOMIAL else LinearGrid()


Manifest = Annotated[
    Path,
    typer.Argument(
        help="CSV of the cases: image, x, y, label, lesion_id; where known also patient_id, pixel_spacing_mm, view, "
        "and a reader's contour or diameter_mm."
    ),
]
Architecture = Annotated[
    str, typer.Option(help="CNN: alexnet (as in the paper), alexnet2012 or any torchvision classification model.")
]
Layer = Annotated[
    str, typer.Option(help="Its layer: conv1 to fc8 for an AlexNet, else a node such as features.12.cat.")
]
Weights = Annotated[
    str, typer.Option(help="imagenet (downloaded once), the path of a weights file, or random:SEED (demonstration).")
]
Pooling = Annotated[str, typer.Option(help="Of spatial maps: none (as in the paper), mean, max or mean+max.")]
Way = Annotated[
    Preset,
    typer.Option(
        "--preset",
        help="paper: as published. best: what measured best on real masses, at some ten times the CNN's time: features "
        "averaged over 8 turns and flips, two scales, mean and max of maps, the branches weighed by inner folds.",
    ),
]
Method = Annotated[SegmentationMethod, typer.Option(help="How lesions are outlined.")]
Voi = Annotated[VoiPolicy, typer.Option(help="Gray levels: the file's own VOI, or the full range of stored values.")]
Plane = Annotated[SpacingPlane, typer.Option(help="Plane in which pixel spacing is counted.")]
ForProcessing = Annotated[bool, typer.Option("--for-processing", help="Accept raw detector data (FOR PROCESSING).")]
VoiOverride = Annotated[
    bool, typer.Option("--voi-override", help="Let callers of the model choose other gray levels; answers are flagged.")
]
Weighting = Annotated[ClassWeight, typer.Option(help="Of the SVMs: none (as in the paper) or balanced.")]
Machine = Annotated[
    Svm, typer.Option("--svm", help="polynomial (as in the paper), or linear: for some 5,000 ROIs and more.")
]
Folds = Annotated[int, typer.Option(min=2, help="Folds of the cross validation, by lesion, patient and picture.")]
Seed = Annotated[int, typer.Option(min=0, help="Decides the folds, and the bootstraps of a study.")]
Cache = Annotated[
    Path | None, typer.Option(help="Folder of remembered features; by default in the user's cache folder.")
]
Source = Annotated[str, typer.Option(help="What the cases are, for the model card.")]
Synthetic = Annotated[bool, typer.Option("--synthetic", help="The cases are phantoms: every output will say so.")]
Replace = Annotated[
    bool,
    typer.Option("--replace", help="Put the result in the place of an earlier one; nothing else is ever replaced."),
]
Robustness = Annotated[
    bool,
    typer.Option(
        "--robustness",
        help="Move the marks of 200 lesions at most by 1, 2 and 3 mm, so that answers can be flagged as unstable: a "
        "second or two a lesion.",
    ),
]
KeepCases = Annotated[
    bool,
    typer.Option(
        "--keep-cases",
        help="Keep every case's features and outcome in the bundle, so that answers can show similar known cases. They "
        "are derived from patients: ask whether the cohort's permission goes so far.",
    ),
]
KeepThumbnails = Annotated[
    bool, typer.Option("--keep-thumbnails", help="With --keep-cases: keep a small picture of each lesion as well.")
]
SkipUnusable = Annotated[
    bool, typer.Option("--skip-unusable", help="Leave refused cases out, with their reasons, instead of stopping.")
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        help="Where the work is done: the address of a Dask scheduler (tcp://host:8786), local or local:N (N processes "
        "of this machine), slurm or slurm:FILE.toml (jobs). By default here, without Dask."
    ),
]
