"""Pictures for people: what was cropped, what was outlined, what was answered."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from cadx.records import ROI_SIZE_PX, ROI_SPACING_MM, Points, Roi


def draw_prediction(
    path: Path, roi: Roi, contour: Points, probabilities: Mapping[str, float], title: str, notices: tuple[str, ...]
) -> None:
    """Draw the ROI with its outline beside the probabilities.

    Parameters
    ----------
    contour
        (n, 2) array of x, y in pixels of the source image.
    probabilities
        By label, in the order to be drawn, 0 to 1.
    notices
        Printed under the picture.
    """
    figure = Figure(figsize=(9.6, 5.6), layout="constrained")
    FigureCanvasAgg(figure)
    image, bars = figure.subplots(1, 2, width_ratios=(3, 2))
    extent_mm = ROI_SIZE_PX * ROI_SPACING_MM / 2
    image.imshow(roi.gray, cmap="gray", vmin=0, vmax=1, extent=(-extent_mm, extent_mm, extent_mm, -extent_mm))
    outline_mm = image_to_roi_mm(roi, contour)
    image.plot(*np.vstack([outline_mm, outline_mm[:1]]).T, color="#ffb000", linewidth=1.5, label="outline")
    image.plot(0, 0, "+", color="#64c8ff", markersize=10, label="marked center")
    image.set(title=title, xlabel="mm", ylabel="mm")
    image.legend(loc="lower right", fontsize="small")
    labels = list(probabilities)
    bars.barh(labels, list(probabilities.values()), color=["#785ef0", "#dc267f", "#fe6100"][: len(labels)])
    bars.invert_yaxis()
    bars.set(xlim=(0, 1), title="probability of malignancy")
    for row, value in enumerate(probabilities.values()):
        bars.text(min(value + 0.02, 0.84), row, f"{value:.3f}", va="center")
    figure.supxlabel("\n".join(notices), fontsize="small", color="#b00000")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def image_to_roi_mm(roi: Roi, points: Points) -> Points:
    """Millimeters from the region's middle, for points in pixels of the source image."""
    millimeters: Points = (points - np.array([roi.center.x, roi.center.y])) / roi.step * ROI_SPACING_MM
    return millimeters
