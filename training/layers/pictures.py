"""Figures 2 and 3 of the paper: one ROI through the layers, and the AUC of each layer."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from cadx.cnn import Backbone
from cadx.records import FloatImage
from training.layers.comparison import LayerComparison

MAPS_A_LAYER = 8
"""Filtered images shown of each layer: the strongest, in the order of their channels."""


def draw_layer_aucs(comparison: LayerComparison, path: Path, *, notice: str = "") -> None:
    """Draw AUC by layer with the paper's error bars, SD / sqrt(folds) (Huynh 2016, figure 3).

    Parameters
    ----------
    comparison
        What to draw.
    path
        PNG file to write.
    notice
        Such as that the cases are phantoms: written under the title.
    """
    results = comparison.results
    figure = Figure(figsize=(9, 5), layout="constrained")
    axes = figure.subplots()
    places = np.arange(len(results))
    axes.errorbar(
        places,
        [result.auc for result in results],
        yerr=[result.standard_error for result in results],
        fmt="o-",
        color="#20639b",
        ecolor="#7a7a7a",
        capsize=4,
        linewidth=1.2,
    )
    for place, result in zip(places, results, strict=True):
        label = f"{result.varying_length:,}"
        axes.annotate(
            label, (place, 0.01), xycoords=("data", "axes fraction"), ha="center", fontsize=8, color="#555555"
        )
    axes.axhline(0.5, color="#b0b0b0", linewidth=0.8, linestyle="--")
    axes.set_xticks(places, [result.layer for result in results], rotation=30 if len(results) > 11 else 0)
    axes.set_ylabel("AUC (error bar: SD / √folds)")
    axes.set_xlabel("layer; above its name, the features left after zero-variance removal")
    lesions = len({case.lesion_id for case in comparison.cases})
    folds = len(results[0].fold_aucs)
    axes.set_title(
        f"CNN features by layer: {len(comparison.cases)} ROIs of {lesions} lesions, {folds} folds by lesion\n{notice}",
        fontsize=10,
    )
    low = min(0.45, min(result.auc - result.standard_error for result in results) - 0.06)
    axes.set_ylim(low, 1.0)
    figure.savefig(path, dpi=130)


def draw_roi_through_layers(backbone: Backbone, gray: FloatImage, path: Path, *, notice: str = "") -> None:
    """Draw what the layers make of one ROI (Huynh 2016, figure 2).

    Parameters
    ----------
    backbone
        With the layers to be shown.
    gray
        (512, 512) gray levels, 0 to 1.
    path
        PNG file to write.
    notice
        Such as that the weights are random: written under the title.
    """
    features = backbone.layer_features(gray[None])
    rows = len(features) + 1
    figure = Figure(figsize=(1.25 * MAPS_A_LAYER + 1.6, 1.25 * rows + 0.5), layout="constrained")
    grid = figure.add_gridspec(rows, MAPS_A_LAYER)
    top = figure.add_subplot(grid[0, 0])
    top.imshow(gray, cmap="gray", vmin=0, vmax=1)
    _caption(top, "ROI\n512 x 512")
    for row, (layer, values) in enumerate(features.items(), start=1):
        shape = backbone.map_shapes[layer]
        caption = f"{layer}\n{' x '.join(map(str, shape))}\n= {values.size:,}"
        if len(shape) == 3:
            maps = _strongest(values.reshape(shape))
            for column, image in enumerate(maps):
                axes = figure.add_subplot(grid[row, column])
                axes.imshow(image, cmap="gray", interpolation="nearest")
                _caption(axes, caption if column == 0 else "")
        else:
            axes = figure.add_subplot(grid[row, :])
            axes.fill_between(np.arange(values.size), values.ravel(), color="#20639b", linewidth=0)
            axes.set_xlim(0, values.size)
            _caption(axes, caption)
    figure.suptitle(f"One ROI through {backbone.spec.architecture}\n{notice}", fontsize=10)
    figure.savefig(path, dpi=110)


def _strongest(maps: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give the channels that vary most over the image."""
    spread = maps.std(axis=(1, 2))
    return maps[np.sort(np.argsort(spread)[::-1][:MAPS_A_LAYER])]


def _caption(axes: Axes, text: str) -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_ylabel(text, rotation=0, ha="right", va="center", fontsize=8)
