"""The layer comparison of the paper's Figure 3, as `cadx-train layers` wrote it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LayerFigures:
    """One layer: AUC over the folds, its standard error (SD / sqrt(folds)) and the number of features."""

    layer: str
    auc_mean: float
    auc_se: float
    features: int
