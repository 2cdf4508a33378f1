"""Sections on parts: views, sizes and outlines of the cohort, layers of the CNN."""

from cadx.branches import PAPER_NAMES
from training.analysis.subgroups import Subgroup
from training.report.blocks import Figure, Section, Table
from training.report.plots.performance import layer_plot, subgroup_plot
from training.report.study_record import Study
from training.report.words import duration, estimate


def subgroup_section(study: Study) -> Section:
    """The classifiers in parts of the cohort."""
    ensemble = study.analysis.performances[-1]
    return Section(
        "subgroups",
        "Views and sizes",
        (
            Figure(
                "subgroups",
                "AUC of the ensemble by view, by effective diameter of the lesion as measured and, where there are "
                "several kinds, by where the outline comes from; dashed: all ROIs.",
                "Forest plot of the ensemble's AUC in parts of the cohort.",
                subgroup_plot(study.analysis.subgroups, ensemble),
            ),
            Table(
                "AUC by part: all ROIs of the part in one ranking, 95 % limits for clustered ROIs.",
                ("Part", "ROIs (malignant)", "Lesions", *PAPER_NAMES.values()),
                tuple(_subgroup_row(part) for part in study.analysis.subgroups),
                "Parts are small and many: a difference between them is a question, not a finding.",
            ),
        ),
    )


def _subgroup_row(part: Subgroup) -> tuple[str, ...]:
    cells = [estimate(part.aucs[name]) for name in PAPER_NAMES] if part.aucs else [part.reason, "", ""]
    return (f"{part.kind}: {part.name}", f"{part.rows} ({part.malignant_rows})", str(part.lesions), *cells)


def layer_section(study: Study) -> Section:
    """The layer comparison."""
    layers = study.layers
    best = max(layers, key=lambda layer: layer.auc_mean)
    return Section(
        "layers",
        "Layers of the CNN",
        (
            f"Highest mean AUC: {best.layer} ({best.auc_mean:.3f}). A layer picked for being the highest is flattered "
            "by the picking; in the paper conv4 came first (0.83) and fc6 (0.81) was chosen for its size.",
            Figure(
                "layers",
                "AUC of SVM1 by layer; error bar = SD over folds / square root of the folds (as Fig. 3 of the paper).",
                "AUC by layer: " + ", ".join(f"{layer.layer} {layer.auc_mean:.3f}" for layer in layers),
                layer_plot(layers),
            ),
            Table(
                "The layers.",
                ("Layer", "Features", "that vary", "AUC", "SD / \N{SQUARE ROOT}folds", "Time"),
                tuple(
                    (
                        row.layer,
                        f"{row.features:,}",
                        f"{row.varying_features:,}",
                        f"{row.auc_mean:.3f}",
                        f"{row.auc_se:.3f}",
                        duration(row.seconds),
                    )
                    for row in layers
                ),
            ),
        ),
    )
