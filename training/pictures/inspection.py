"""Shows how one image file is read: a table of facts and a picture of what is cropped."""

from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from cadx.bundle import RESEARCH_USE_ONLY
from cadx.flags import Flag
from cadx.records import ROI_SIZE_PX, ROI_SPACING_MM, FloatImage, Mammogram, Points, Roi
from training.outputs import FileOutput

THUMBNAIL_LONGEST_PX = 900
_BAND_ROWS = 256


def _is_drawn(path: Path) -> bool:
    with path.open("rb") as file:
        return b"matplotlib" in file.read(4096).lower()  # it signs PNG, SVG and PDF at their beginning


PICTURE = FileOutput("a picture", _is_drawn)


def reading_facts(mammogram: Mammogram) -> dict[str, str]:
    """What was read, as label and text, in the order to be told."""
    spacing = mammogram.spacing
    facts = {
        "format": mammogram.file_format,
        "rows x columns": f"{mammogram.rows} x {mammogram.columns}",
        "pixel spacing": f"{spacing.row_mm:g} x {spacing.column_mm:g} mm in the {spacing.plane} plane",
        "spacing from": spacing.source.value,
    }
    if spacing.magnification != 1.0:
        facts["magnification divided out"] = f"{spacing.magnification:g}"
    return facts | {name.replace("_", " "): str(value) for name, value in mammogram.facts.items()}


def region_facts(roi: Roi) -> dict[str, str]:
    """What was cropped, as label and text."""
    grays = roi.gray[roi.tissue]
    return {
        "mark": f"x {roi.mark.x:g}, y {roi.mark.y:g}",
        "center of the region": f"x {roi.center.x:g}, y {roi.center.y:g}",
        "gray, darkest to brightest": f"{grays.min():.3f} to {grays.max():.3f}",
        "padded": f"{roi.padded_share:.1%}",
        "tissue": f"{roi.tissue_share:.1%}",
    }


def flag_lines(flags: tuple[Flag, ...]) -> list[str]:
    """One line a flag."""
    return [f"{flag.code}: {flag.message}" for flag in flags]


def thumbnail(mammogram: Mammogram) -> FloatImage:
    """The whole image, every n-th row and column, read in bands: no full-size copy is made."""
    step = max(1, -(-max(mammogram.rows, mammogram.columns) // THUMBNAIL_LONGEST_PX))
    bands = []
    for start in range(0, mammogram.rows, _BAND_ROWS * step):
        stop = min(mammogram.rows, start + _BAND_ROWS * step)
        bands.append(mammogram.pixels.window(start, stop, 0, mammogram.columns).gray[::step, ::step])
    return np.concatenate(bands)


def roi_outline(roi: Roi) -> Points:
    """The closed outline of the region as (5, 2) points in pixels of the source image."""
    side = float(ROI_SIZE_PX)
    return roi.to_image(np.array([[0, 0], [side, 0], [side, side], [0, side], [0, 0]]))


def draw_reading(path: Path, mammogram: Mammogram, roi: Roi | None) -> None:
    """Draw the image as it is understood (bright = dense), and the region beside it where there is one.

    Parameters
    ----------
    path
        Picture to write; its ending names the format.
    """
    figure = Figure(figsize=(10.0, 6.0) if roi else (6.0, 6.5), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, 2 if roi else 1, squeeze=False)[0]
    extent = (0, mammogram.columns, mammogram.rows, 0)
    aspect = mammogram.spacing.row_mm / mammogram.spacing.column_mm
    panels[0].imshow(thumbnail(mammogram), cmap="gray", vmin=0, vmax=1, extent=extent, aspect=aspect)
    panels[0].set(title="as read (bright = dense)", xlabel="x, pixels of the file", ylabel="y, pixels of the file")
    if roi is not None:
        panels[0].plot(*roi_outline(roi).T, color="#ffb000", linewidth=1.2)
        panels[0].plot(roi.mark.x, roi.mark.y, "+", color="#64c8ff")
        panels[0].set(xlim=(0, mammogram.columns), ylim=(mammogram.rows, 0))
        half_mm = ROI_SIZE_PX * ROI_SPACING_MM / 2
        shown = np.ma.masked_array(roi.gray, ~roi.tissue)
        panels[1].set_facecolor("#5b1a1a")
        panels[1].imshow(shown, cmap="gray", vmin=0, vmax=1, extent=(-half_mm, half_mm, half_mm, -half_mm))
        panels[1].plot(0, 0, "+", color="#64c8ff")
        panels[1].set(title="region of interest (red = no tissue)", xlabel="mm", ylabel="mm")
    figure.suptitle(RESEARCH_USE_ONLY, fontsize="small")
    figure.savefig(path, dpi=110)
