"""`cadx-train`: the offline half of the product, one command a step."""

import sys
from collections.abc import Callable

import typer
from rich.console import Console

from cadx.errors import CadxError
from training.commands.evaluate import evaluate
from training.commands.features import features
from training.commands.finetune import finetune
from training.commands.fit import fit
from training.commands.import_ import import_cli
from training.commands.inspect import inspect
from training.commands.layers import layers
from training.commands.phantoms import phantoms
from training.commands.report import report
from training.commands.score import score
from training.commands.segment import segment
from training.commands.study import study
from training.commands.verdicts import verdicts

# The short form of cadx.bundle.RESEARCH_USE_ONLY; importing that would make --help wait for onnxruntime.
RESEARCH_USE_ONLY = "Research use only. Not a medical device."

cli = typer.Typer(
    name="cadx-train",
    help=f"""Fit, evaluate and serialize classifiers of mammographic lesions (after Huynh, Li & Giger 2016).

The usual way:

1. Describe your cases in a manifest CSV: image, x, y, label (benign or malignant), lesion_id; optional patient_id,
pixel_spacing_mm, view, a reader's contour or diameter_mm. Try it without data first:
`cadx-train phantoms --out demo/phantoms`.

2. `cadx-train inspect FILE` shows how one of your images is read.

3. `cadx-train fit MANIFEST --out models/mine` evaluates by lesion and writes a bundle that the service can load.

4. `cadx-train study MANIFEST --out studies/mine` does the same with every statistic and a report;
`cadx-train evaluate BUNDLE MANIFEST` tests a frozen bundle on other cases.

5. `cadx-train score BUNDLE SOURCE --out results/mine` scores an archive with it, here or on a cluster.

{RESEARCH_USE_ONLY}""",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
cli.command()(fit)
cli.command()(study)
cli.command()(evaluate)
cli.command()(score)
cli.command()(inspect)
cli.command()(features)
cli.command()(layers)
cli.command()(finetune)
cli.command()(segment)
cli.command()(report)
cli.command()(verdicts)
cli.command()(phantoms)
cli.add_typer(import_cli, name="import")


def main() -> None:
    """Run the command line."""
    run(cli)


def run(command: Callable[[], None]) -> None:
    """Run a command; a user's mistake ends in one clear message and exit code 2, never in a traceback."""
    try:
        command()
    except CadxError as error:
        console = Console(stderr=True, highlight=False, soft_wrap=True)
        console.print(f"error ({error.code}): {error.detail}", style="bold red", markup=False)
        console.print(error.remedy, markup=False)
        sys.exit(2)
