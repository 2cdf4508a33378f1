"""`cadx-train fit`."""

from pathlib import Path
from typing import Annotated

import typer


def fit(manifest: Annotated[Path, typer.Argument(help="CSV of the cases.")]) -> None:
    """Fit and evaluate the three classifiers, then write a bundle."""
    raise NotImplementedError(manifest)
