"""The plots of the classifiers' performance."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from sklearn.metrics import roc_curve

from cadx.branches import ENSEMBLE, PAPER_NAMES
from training.analysis.comparisons import Comparison
from training.analysis.performance import Performance
from training.analysis.scored import Scored
from training.analysis.subgroups import Subgroup
from training.cross_validation import Vector
from training.layers.figures import LayerFigures
from training.report.plots.style import (
    BENIGN_COLOR,
    COLORS,
    GRAY,
    LINES,
    MALIGNANT_COLOR,
    canvas,
)
from training.stats.calibration import Calibration

CURVE_POINTS = np.concatenate([[0.0], np.geomspace(1e-5, 1e-2, 60), np.linspace(0.0101, 1.0, 240)])


def roc_plot(scored: Scored, performances: tuple[Performance, ...]) -> str:
    """Empirical and fitted binormal ROC curves (the paper's Fig. 4)."""
    with canvas(5.6, 5.4) as drawn:
        axes = drawn.figure.subplots()
        axes.plot([0, 1], [0, 1], color=GRAY, linewidth=0.8, linestyle=":")
        for found in performances:
            color = COLORS[found.name]
            fpf, tpf, _ = roc_curve(scored.labels, scored.probabilities[found.name], drop_intermediate=False)
            axes.step(fpf, tpf, where="post", color=color, linewidth=0.8, alpha=0.55)
            label = f"{PAPER_NAMES[found.name]}: pooled AUC {found.pooled.auc:.3f}"
            if found.binormal.a is not None:
                curve = found.binormal.true_positive_fraction(CURVE_POINTS)
                axes.plot(CURVE_POINTS, curve, color=color, linestyle=LINES[found.name], linewidth=2)
                label += f", fitted {found.binormal.auc:.3f}"
            axes.plot([], [], color=color, linestyle=LINES[found.name], linewidth=2, label=label)
        axes.set(
            xlim=(-0.01, 1.01),
            ylim=(-0.01, 1.01),
            aspect="equal",
            xlabel="1 \N{MINUS SIGN} specificity (false positive fraction)",
            ylabel="sensitivity (true positive fraction)",
        )
        axes.legend(loc="lower right")
    return drawn.svg


def difference_plot(comparisons: tuple[Comparison, ...]) -> str:
    """Differences of AUC with 95 % limits, by method."""
    with canvas(7.2, 0.5 + 0.85 * len(comparisons)) as drawn:
        axes = drawn.figure.subplots()
        for k, comparison in enumerate(comparisons):
            for offset, marker, color, (estimate, low, high), label in _limits(comparison):
                y = k + offset
                axes.plot([low, high], [y, y], color=color, linewidth=1.6)
                axes.plot(estimate, y, marker, color=color, markersize=5, label=label if k == 0 else None)
        axes.axvline(0, color=GRAY, linewidth=0.8, linestyle=":")
        axes.set_yticks(
            range(len(comparisons)),
            [f"{PAPER_NAMES[c.first]} less {PAPER_NAMES[c.second]}" for c in comparisons],
        )
        axes.xaxis.set_major_locator(MaxNLocator(6))
        axes.set(xlabel="difference of AUC (right: the first is better)", ylim=(len(comparisons) - 0.5, -0.5))
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return drawn.svg


def _limits(comparison: Comparison) -> list[tuple[float, str, str, tuple[float, float, float], str]]:
    found, boot = comparison.clustered, comparison.bootstrap
    rows = [
        (-0.22, "o", "#000000", (found.difference, found.low, found.high), "clustered (headline)"),
        (0.0, "s", GRAY, (boot.estimate, boot.low, boot.high), "cluster bootstrap"),
    ]
    if comparison.corrected is not None:
        test = comparison.corrected.test
        rows.append((0.22, "D", "#999999", (test.difference, test.low, test.high), "corrected t on folds"))
    return rows


def calibration_plot(scored: Scored, performances: tuple[Performance, ...], calibrated: Calibration) -> str:
    """Reliability curves over the distribution of the probabilities: a column a classifier, the calibrated one last."""
    columns = [
        *((PAPER_NAMES[p.name], p.name, p.calibration, scored.probabilities[p.name]) for p in performances),
        (f"{PAPER_NAMES[ENSEMBLE]}, calibrated", ENSEMBLE, calibrated, scored.calibrated),
    ]
    with canvas(2.6 * len(columns), 4.2) as drawn:
        grid = drawn.figure.subplots(2, len(columns), sharex=True, sharey="row", height_ratios=(3, 1), squeeze=False)
        for column, (title, name, found, p) in enumerate(columns):
            _reliability(grid[0, column], title, COLORS[name], found)
            _distribution(grid[1, column], p, scored)
        grid[0, 0].set_ylabel("share malignant, observed")
        grid[1, 0].set_ylabel("ROIs")
        grid[1, -1].legend(loc="upper center", fontsize=7.5)
    return drawn.svg


def _reliability(axes: Axes, title: str, color: str, found: Calibration) -> None:
    axes.plot([0, 1], [0, 1], color=GRAY, linewidth=0.8, linestyle=":")
    said = np.array([one.mean_probability for one in found.reliability])
    seen = np.array([one.observed.value for one in found.reliability])
    low = np.array([one.observed.low for one in found.reliability])
    high = np.array([one.observed.high for one in found.reliability])
    axes.errorbar(
        said,
        seen,
        yerr=np.maximum([seen - low, high - seen], 0),
        color=color,
        marker="o",
        markersize=4,
        linewidth=1.2,
        elinewidth=0.8,
    )
    axes.set(title=title, xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))


def _distribution(axes: Axes, p: Vector, scored: Scored) -> None:
    bins = [k / 20 for k in range(21)]
    shown = {
        "malignant": (p[scored.labels], MALIGNANT_COLOR, ""),
        "benign": (p[~scored.labels], BENIGN_COLOR, "////"),
    }
    for name, (values, color, hatch) in shown.items():
        axes.hist(values, bins=bins, histtype="step", color=color, label=name, hatch=hatch, linewidth=1.1)
    axes.set_xlabel("probability, predicted")


def subgroup_plot(subgroups: tuple[Subgroup, ...], whole: Performance) -> str:
    """AUC of the ensemble in parts of the cohort, against the whole."""
    rows = [(f"{part.kind}: {part.name} (n = {part.rows})", part.aucs.get(whole.name)) for part in subgroups]
    rows = [("all ROIs", whole.pooled), *rows]
    with canvas(7.2, 0.6 + 0.32 * len(rows)) as drawn:
        axes = drawn.figure.subplots()
        axes.axvline(0.5, color=GRAY, linewidth=0.8, linestyle=":")
        axes.axvline(whole.pooled.auc, color=COLORS[whole.name], linewidth=0.8, linestyle="--")
        for y, (_, auc) in enumerate(rows):
            if auc is None:
                axes.text(0.505, y, "too few", va="center", fontsize=8.5, color=GRAY)
                continue
            axes.plot([auc.low, auc.high], [y, y], color="#000000", linewidth=1.4)
            axes.plot(auc.auc, y, "o" if y else "D", color="#000000", markersize=5)
        axes.set_yticks(range(len(rows)), [name for name, _ in rows])
        axes.set(xlabel="AUC of the ensemble, pooled, 95 % CI", xlim=(0.3, 1.0), ylim=(len(rows) - 0.5, -0.5))
    return drawn.svg


def layer_plot(layers: tuple[LayerFigures, ...]) -> str:
    """AUC by layer, error bar = SD / sqrt(folds) (the paper's Fig. 3)."""
    with canvas(7.2, 3.6) as drawn:
        axes = drawn.figure.subplots()
        axes.errorbar(
            range(len(layers)),
            [layer.auc_mean for layer in layers],
            yerr=[layer.auc_se for layer in layers],
            color="#000000",
            marker="o",
            capsize=3,
        )
        axes.set_xticks(range(len(layers)), [layer.layer for layer in layers], rotation=30)
        axes.set(xlabel="layer", ylabel="AUC (mean of folds)")
        axes.grid(axis="y", linewidth=0.4, alpha=0.5)
    return drawn.svg
