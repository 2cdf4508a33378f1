"""The plots of what the two branches saw: sizes, agreement, lesion features."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from cadx.branches import CNN, LESION
from training.analysis.agreement import THRESHOLD
from training.analysis.associations import Association
from training.analysis.cohort import CohortTable
from training.analysis.scored import Scored
from training.report.plots.style import (
    BENIGN_COLOR,
    BENIGN_MARKER,
    GRAY,
    MALIGNANT_COLOR,
    MALIGNANT_MARKER,
    canvas,
)

MOST_FEATURES = 16


def size_plot(cohort: CohortTable) -> str:
    """Distribution of the lesions' effective diameters by pathology."""
    with canvas(6.4, 2.8) as drawn:
        axes = drawn.figure.subplots()
        width = cohort.size_bin_mm
        bins = max(len(cohort.benign.histogram), len(cohort.malignant.histogram))
        left = np.arange(bins) * width
        for offset, name, counts, color, hatch in (
            (0.28, "benign", cohort.benign.histogram, BENIGN_COLOR, "////"),
            (0.72, "malignant", cohort.malignant.histogram, MALIGNANT_COLOR, ""),
        ):
            height = np.pad(np.array(counts), (0, bins - len(counts)))
            axes.bar(
                left + offset * width,
                height,
                width=0.4 * width,
                label=name,
                color=color if not hatch else "none",
                edgecolor=color,
                hatch=hatch,
            )
        axes.set(xlabel="effective diameter as segmented, mm (mean over views)", ylabel="lesions")
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend()
    return drawn.svg


def agreement_plot(scored: Scored) -> str:
    """Probability of SVM2 against that of SVM1, benign and malignant marked."""
    with canvas(5.4, 5.2) as drawn:
        axes = drawn.figure.subplots()
        axes.axvline(THRESHOLD, color=GRAY, linewidth=0.8)
        axes.axhline(THRESHOLD, color=GRAY, linewidth=0.8)
        axes.plot([0, 1], [1, 0], color=GRAY, linewidth=0.8, linestyle=":")
        _points(axes, scored, ~scored.labels, "benign", BENIGN_COLOR, BENIGN_MARKER)
        _points(axes, scored, scored.labels, "malignant", MALIGNANT_COLOR, MALIGNANT_MARKER)
        axes.set(
            xlim=(-0.02, 1.02),
            ylim=(-0.02, 1.02),
            aspect="equal",
            xlabel="SVM1 (CNN features): probability of malignancy",
            ylabel="SVM2 (lesion features): probability of malignancy",
        )
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    return drawn.svg


def _points(axes: Axes, scored: Scored, rows: np.ndarray, name: str, color: str, marker: str) -> None:
    axes.plot(
        scored.probabilities[CNN][rows],
        scored.probabilities[LESION][rows],
        marker,
        color=color,
        markersize=4.5,
        markerfacecolor=color if marker == MALIGNANT_MARKER else "none",
        alpha=0.75,
        label=name,
    )


def association_plot(associations: tuple[Association, ...]) -> str:
    """Rank correlation of the lesion features with SVM1's probability, the strongest first."""
    shown = associations[:MOST_FEATURES]
    with canvas(7.2, 0.7 + 0.27 * len(shown)) as drawn:
        axes = drawn.figure.subplots()
        axes.axvline(0, color=GRAY, linewidth=0.8, linestyle=":")
        for y, found in enumerate(shown):
            color = "#000000" if found.significant else "#999999"
            axes.plot([found.low, found.high], [y, y], color=color, linewidth=1.4)
            axes.plot(found.with_cnn, y, "o", color=color, markersize=5)
            axes.plot(found.with_lesion, y, "x", color="#dc267f", markersize=5)
        axes.plot([], [], "o", color="#000000", label="SVM1, 95 % CI (gray: not significant)")
        axes.plot([], [], "x", color="#dc267f", label="SVM2")
        axes.set_yticks(range(len(shown)), [found.feature for found in shown])
        axes.set(xlabel="Spearman correlation over lesions", xlim=(-1, 1), ylim=(len(shown) - 0.5, -0.5))
        axes.legend(loc="lower center", bbox_to_anchor=(0.4, 1.0), ncols=2)
    return drawn.svg
