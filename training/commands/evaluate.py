"""`cadx-train evaluate`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from training.cohort.overlap_policy import OverlapPolicy
from training.commands.options import Replace


def evaluate(
    bundle: Annotated[Path, typer.Argument(help="Folder of a fitted bundle.")],
    manifest: Annotated[
        Path,
        typer.Argument(
            help="CSV of the test cases: image, x, y, label, lesion_id; where known patient_id, pixel_spacing_mm, "
            "view, and a reader's contour or diameter_mm."
        ),
    ],
    out: Annotated[Path | None, typer.Option(help="Folder for the report; none: only the table is printed.")] = None,
    title: Annotated[str, typer.Option(help="Title of the report.")] = "",
    overlap: Annotated[
        OverlapPolicy, typer.Option(help="What to do with cases that match those the bundle was fitted on.")
    ] = OverlapPolicy.REFUSE,
    seed: Annotated[int, typer.Option(min=0, help="Decides the bootstraps.")] = 0,
    synthetic: Annotated[
        bool, typer.Option("--synthetic", help="The cases are phantoms: every output will say so.")
    ] = False,
    skip_unusable: Annotated[
        bool, typer.Option("--skip-unusable", help="Leave refused cases out, with their reasons, instead of stopping.")
    ] = False,
    cache: Annotated[
        Path | None, typer.Option(help="Folder of remembered features; by default in the user's cache folder.")
    ] = None,
    replace: Replace = False,
) -> None:
    """Test a frozen bundle on cases that it has never seen, with the statistics of a study; nothing is refitted.

    cadx-train evaluate models/mine other-hospital.csv --out studies/other-hospital
    """
    from training.features.cache import FeatureCache, default_folder
    from training.features.store import FeatureStore
    from training.study.external import EvaluationSettings, evaluate_bundle
    from training.summary import print_study

    console = Console(highlight=False)
    settings = EvaluationSettings(overlap=overlap, seed=seed, skip_unusable=skip_unusable, synthetic=synthetic)
    store = FeatureStore(FeatureCache(cache or default_folder()))
    study = evaluate_bundle(bundle, manifest, out, settings, console, store=store, title=title, replace=replace)
    print_study(console, study, out, None)
