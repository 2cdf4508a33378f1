"""`cadx-train finetune`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cadx.cnn.spec import BackboneSpec
from training.commands.options import (
    PAPER,
    READING,
    Architecture,
    Folds,
    ForProcessing,
    Manifest,
    Plane,
    Replace,
    Seed,
    Voi,
    Weights,
)
from training.outputs import FileOutput, begins_with, check_file


def finetune(
    manifest: Manifest,
    out: Annotated[Path, typer.Option(help="CSV of the out-of-fold probabilities to write.")],
    backbone: Architecture = PAPER.architecture,
    weights: Weights = PAPER.weights,
    from_scratch: Annotated[
        bool, typer.Option("--from-scratch", help="Draw the weights at random instead of starting from --weights.")
    ] = False,
    epochs: Annotated[int, typer.Option(min=1, help="At most; training stops earlier when the inner loss does.")] = 30,
    learning_rate: Annotated[float, typer.Option(min=1e-7, help="Of AdamW.")] = 1e-4,
    minutes: Annotated[float, typer.Option(min=0.1, help="For all folds; what the clock stops is unfinished.")] = 600,
    first_folds: Annotated[int | None, typer.Option(min=1, help="Only so many of the outer folds.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    voi: Voi = READING.voi,
    plane: Plane = READING.spacing_plane,
    for_processing: ForProcessing = False,
    folds: Folds = 5,
    seed: Seed = 0,
    replace: Replace = False,
) -> None:
    """Train a CNN itself on the cohort, the paper's discussion's baseline, on the folds of `cadx-train study`.

    The network starts from --weights (fine-tuning) or from random ones (--from-scratch). Turns, flips and slight
    changes of place, size and exposure augment the cases; early stopping looks at a part of the training rows.
    """
    from cadx.mammogram import ReadingPolicy
    from training.cohort.cases import read_manifest
    from training.finetuning.loop import Schedule, Trained
    from training.finetuning.run import COLUMNS, FineTuning, write_finetuned
    from training.finetuning.run import finetune as run
    from training.progress import progress_bar

    check_file(out, FileOutput("fine-tuned probabilities", lambda path: begins_with(path, COLUMNS)), replace=replace)
    console = Console(highlight=False)
    settings = FineTuning(
        backbone=BackboneSpec(backbone, weights=f"random:{seed}" if from_scratch else weights),
        policy=ReadingPolicy(voi, plane, for_processing),
        schedule=Schedule(learning_rate, epochs),
        folds=folds,
        seed=seed,
        device=device,
        minutes=minutes,
        first_folds=first_folds,
    )

    def told(number: int, found: Trained) -> None:
        end = "done" if found.finished else "stopped by the clock, unfinished"
        console.print(
            f"fold {number + 1}: {len(found.losses)} epochs in {found.seconds:.0f} s, kept epoch {found.best_epoch}; "
            f"{end}; inner loss {', '.join(f'{loss:.3f}' for loss in found.losses)}",
            soft_wrap=True,
        )

    cases = read_manifest(manifest)
    with progress_bar(console, "regions") as progress:
        found = run(cases, settings, progress=progress, told=told)
    write_finetuned(cases, found, out)
    ending = "" if found.finished else " UNFINISHED: no figure of this method."
    reached = f"{len(found.trained)} of {folds} folds, on {found.device}"
    console.print(
        f"AUC {found.auc.auc:.3f} ({found.auc.low:.3f} to {found.auc.high:.3f}), {reached}.{ending}",
        soft_wrap=True,
    )
    console.print(f"{out}", soft_wrap=True)
