"""The layer comparison of the paper's Figure 3, as `cadx-train layers` wrote it."""

import csv
from dataclasses import dataclass
from pathlib import Path

from training.errors import LayerTableUnreadable

LAYERS_CSV = "layers.csv"


@dataclass(frozen=True, slots=True)
class LayerFigures:
    """One layer.

    Attributes
    ----------
    features, varying_features
        Length, before and after zero-variance removal.
    auc_mean, auc_se
        Over the folds; the standard error is SD / sqrt(folds), the paper's error bar.
    """

    layer: str
    features: int
    varying_features: int
    auc_mean: float
    auc_se: float
    seconds: float


def read_layers(path: Path) -> tuple[LayerFigures, ...]:
    """Read ``layers.csv``.

    Raises
    ------
    LayerTableUnreadable
        When there is no such file, or it is no such table.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            layers = tuple(_layer(row) for row in csv.DictReader(file))
    except OSError as error:
        raise LayerTableUnreadable(str(path), error.strerror or "no such file") from None
    except (KeyError, TypeError, ValueError) as error:
        raise LayerTableUnreadable(str(path), f"{type(error).__name__} {error}") from None
    if not layers:
        raise LayerTableUnreadable(str(path), "it holds no layer")
    return layers


def _layer(row: dict[str, str]) -> LayerFigures:
    return LayerFigures(
        layer=row["layer"],
        features=int(row["length"]),
        varying_features=int(row["varying_length"]),
        auc_mean=float(row["auc"]),
        auc_se=float(row["standard_error"]),
        seconds=float(row["seconds"]),
    )
