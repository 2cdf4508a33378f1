"""How plots look: colors that color-blind readers can tell apart, and also differ in line and marker."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from training.analysis.scored import CNN, LESION
from training.cross_validation import ENSEMBLE

COLORS = {CNN: "#785ef0", LESION: "#dc267f", ENSEMBLE: "#b35900"}
LINES: dict[str, Any] = {CNN: (0, (6, 2)), LESION: (0, (2, 1.5)), ENSEMBLE: "solid"}
BENIGN_COLOR, MALIGNANT_COLOR = "#0072b2", "#d55e00"
BENIGN_MARKER, MALIGNANT_MARKER = "o", "^"
GRAY = "#666666"
SETTINGS: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "mammo-cadx",
    "font.family": "sans-serif",
    "font.sans-serif": ["Helvetica", "Arial", "Liberation Sans", "DejaVu Sans"],
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10.5,
    "legend.frameon": False,
    "legend.fontsize": 9,
}


@dataclass(slots=True)
class Canvas:
    """A figure being drawn; `svg` is filled in when its block ends."""

    figure: Figure
    svg: str = field(default="")


@contextmanager
def canvas(width_in: float, height_in: float) -> Iterator[Canvas]:
    """Give a figure to draw on; afterwards its SVG, the same bytes for the same drawing."""
    with mpl.rc_context(SETTINGS):
        drawn = Canvas(Figure(figsize=(width_in, height_in), layout="constrained"))
        FigureCanvasSVG(drawn.figure)
        yield drawn
        buffer = io.StringIO()
        drawn.figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    drawn.svg = text[text.index("<svg") :]
