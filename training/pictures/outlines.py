"""Pictures of outlines: one lesion with the trace behind it, and contact sheets of many."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from cadx.lesion import FEATURES, Segmentation, SegmentationOutcome, contour_polygon
from cadx.records import ROI_SIZE_PX, ROI_SPACING_MM, Roi

SHEET_COLUMNS, SHEET_ROWS = 6, 5
LESIONS_PER_SHEET = SHEET_COLUMNS * SHEET_ROWS
FOUND_COLOR = "#ffb000"
DOUBTFUL_COLOR = "#ff4d6d"
_HALF_MM = ROI_SIZE_PX * ROI_SPACING_MM / 2


@dataclass(frozen=True, slots=True)
class Tile:
    """One lesion of a contact sheet."""

    title: str
    roi: Roi
    segmentation: Segmentation


def draw_contact_sheet(path: Path, tiles: Sequence[Tile]) -> None:
    """Draw many lesions with their outlines; those that were not simply found are red.

    Parameters
    ----------
    path
        Picture to write.
    tiles
        At most `LESIONS_PER_SHEET`.
    """
    rows = -(-len(tiles) // SHEET_COLUMNS)
    figure = Figure(figsize=(2.6 * SHEET_COLUMNS, 2.85 * rows), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(rows, SHEET_COLUMNS, squeeze=False).ravel()
    for panel in panels:
        panel.set_axis_off()
    for panel, tile in zip(panels, tiles, strict=False):
        _draw_outline(panel, tile)
        outcome = tile.segmentation.outcome
        mark = "" if outcome is SegmentationOutcome.FOUND else f"\n{outcome.value}"
        panel.set_title(tile.title + mark, fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=90)


def draw_lesion(path: Path, tile: Tile, values: NDArray[np.float64] | None) -> None:
    """Draw one outline beside the trace that led to it and the feature values.

    Parameters
    ----------
    path
        Picture to write.
    tile
        The lesion.
    values
        Its features in the order of `FEATURES`; None where they could not be computed.
    """
    figure = Figure(figsize=(14.0, 6.0), layout="constrained")
    FigureCanvasAgg(figure)
    image, right, text = figure.subplots(1, 3, width_ratios=(5, 4, 4))
    _draw_outline(image, tile)
    image.set_title(f"{tile.title}: {tile.segmentation.method.value}, {tile.segmentation.outcome.value}")
    right.set_axis_off()
    spec = right.get_subplotspec()
    if spec is not None:
        _draw_trace(figure, spec.subgridspec(3, 1).subplots(sharex=True), tile.segmentation)
    text.set_axis_off()
    lines = (
        ["features could not be computed"]
        if values is None
        else [
            f"{feature.name:32} {value:10.4g} {feature.unit}" for feature, value in zip(FEATURES, values, strict=True)
        ]
    )
    text.text(0, 1, "\n".join(lines), family="monospace", fontsize=7, va="top")
    figure.supxlabel(tile.segmentation.reason, fontsize=9)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=80)


def _draw_outline(panel: Axes, tile: Tile) -> None:
    roi, found = tile.roi, tile.segmentation
    low, high = np.percentile(roi.gray[roi.tissue], (1, 99.8)) if roi.tissue.any() else (0.0, 1.0)
    extent = (-_HALF_MM, _HALF_MM, _HALF_MM, -_HALF_MM)
    panel.imshow(roi.gray, cmap="gray", vmin=low, vmax=max(high, low + 1e-3), extent=extent)
    outline_mm = contour_polygon(found.mask) * ROI_SPACING_MM - _HALF_MM
    color = FOUND_COLOR if found.outcome is SegmentationOutcome.FOUND else DOUBTFUL_COLOR
    if len(outline_mm):
        panel.plot(*np.vstack([outline_mm, outline_mm[:1]]).T, color=color, linewidth=1.0)
    panel.plot(0, 0, "+", color="#64c8ff", markersize=6)


def _draw_trace(figure: Figure, panels: NDArray[np.object_], segmentation: Segmentation) -> None:
    """Area, shape and evidence of every candidate; transitions are dotted, the choice is solid."""
    trace = segmentation.trace
    number = np.arange(len(trace.level))
    panels[0].plot(number, 2 * np.sqrt(trace.area_mm2 / np.pi))
    panels[0].set_ylabel("effective diameter, mm")
    panels[1].plot(number, trace.circularity, label="circularity")
    panels[1].plot(number, trace.irregularity, label="irregularity")
    panels[1].plot(number, trace.rgi, label="RGI")
    panels[1].legend(fontsize=7)
    panels[2].plot(number, trace.evidence)
    panels[2].set(ylabel="evidence", xlabel="candidate, from the highest level down")
    for panel in panels:
        for transition in trace.transitions:
            panel.axvline(transition, color="0.7", linewidth=0.6, linestyle=":")
        if trace.chosen >= 0:
            panel.axvline(trace.chosen, color=FOUND_COLOR)
    figure.align_ylabels(list(panels))
