"""Sections on how well the classifiers do."""

from training.report.blocks import Figure, Section, Table
from training.report.plots import calibration_plot, difference_plot, layer_plot, roc_plot, subgroup_plot
from training.stats.auc import AucEstimate
from training.stats.binormal import BinormalFit
from training.study.comparisons import AdjustedTest
from training.study.performance import Performance
from training.study.provenance import Study
from training.study.reading import (
    interval,
    p_number,
    read_calibration,
    read_chance,
    read_comparison,
    signed,
)
from training.study.scored import CNN, LESION, SHORT_NAMES, Scored
from training.study.subgroups import Subgroup

PAPER_TABLE_1 = {
    "cnn": ("0.81", "0.04", "~7 min"),
    "lesion": ("0.81", "0.03", "~5 min"),
    "ensemble": ("0.86", "0.01", "~10 min"),
}
"""AUC, SD and time of Huynh, Li & Giger, J. Med. Imaging 3(3) 034501 (2016), Table 1: 219 lesions, 607 ROIs."""


def performance_section(study: Study, scored: Scored) -> Section:
    """Table 1 and the ROC curves."""
    analysis = study.analysis
    external = scored.folds is None
    return Section(
        "performance",
        "Performance",
        (
            _external_table(study) if external else _table_1(study),
            *(read_chance(found) for found in analysis.performances),
            Figure(
                "roc",
                "ROC curves of all ROIs in one ranking. Thin steps: empirical. Thick lines: binormal curves fitted by "
                "maximum likelihood (as Fig. 4 of the paper).",
                "ROC curves of " + ", ".join(f"{p.label} (AUC {p.pooled.auc:.3f})" for p in analysis.performances),
                roc_plot(scored, analysis.performances),
            ),
            _auc_table(analysis.performances, external=external),
        ),
    )


def _table_1(study: Study) -> Table:
    rows = []
    for found in study.analysis.performances:
        paper_auc, paper_sd, paper_time = PAPER_TABLE_1[found.name]
        rows.append(
            (
                found.label,
                f"{found.auc.auc:.3f}",
                interval(found.auc.low, found.auc.high),
                f"{found.auc_sd:.3f}",
                ", ".join(f"{auc:.2f}" for auc in found.fold_aucs),
                _time(study, found.name),
                paper_auc,
                paper_sd,
                paper_time,
            )
        )
    return Table(
        f"Table 1 of the paper for these cases: mean AUC over {study.analysis.folds} folds by "
        f"{study.analysis.grouped_by}, its SD over folds, and the time to extract features and cross-validate.",
        ("Classifier", "AUC", "95 % CI", "SD", "Folds", "Time", "Paper: AUC", "SD", "Time"),
        tuple(rows),
        "The paper's figures are for its own 219 lesions on 607 digital mammograms; they are a landmark, not a target. "
        "The interval is Obuchowski's for clustered ROIs, within folds. Times are of features as they were first made "
        "(a cached run is quicker), here with nested search and calibration.",
    )


def _time(study: Study, name: str) -> str:
    if study.times is None:
        return ""
    if name in study.times:
        return _duration(study.times[name].total_s)
    return _duration(study.times[CNN].total_s + study.times[LESION].total_s)


def _duration(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 90 else f"{seconds / 60:.1f} min"


def _external_table(study: Study) -> Table:
    return Table(
        "Performance on the external test set, through the frozen bundle.",
        ("Classifier", "AUC", "95 % CI", "SE", "Cross-validated AUC when fitted (95 % CI)"),
        tuple(
            (
                found.label,
                f"{found.auc.auc:.3f}",
                interval(found.auc.low, found.auc.high),
                f"{found.auc.se:.3f}",
                _reference(study, found.name),
            )
            for found in study.analysis.performances
        ),
        "The interval is Obuchowski's for clustered ROIs. Nothing was fitted or chosen on these cases.",
    )


def _reference(study: Study, name: str) -> str:
    if study.reference is None:
        return ""
    found = study.reference[name]
    limits = "" if found.low is None or found.high is None else f" ({interval(found.low, found.high)})"
    return f"{found.auc:.3f}{limits}"


def _auc_table(performances: tuple[Performance, ...], *, external: bool) -> Table:
    rows = [("by lesion (mean over its views)", [_estimate(p.per_lesion) for p in performances])]
    if not external:
        rows.insert(0, ("all ROIs in one ranking, clustered", [_estimate(p.pooled) for p in performances]))
    rows += [
        ("cluster bootstrap of the headline AUC", [_boot(p) for p in performances]),
        ("fitted binormal curve", [_binormal(p.binormal) for p in performances]),
        ("DeLong, ROIs as if independent", [_estimate(p.delong) for p in performances]),
    ]
    return Table(
        "The AUC in other readings, with 95 % limits.",
        ("Reading", *(SHORT_NAMES[p.name] for p in performances)),
        tuple((name, *cells) for name, cells in rows),
        "DeLong's interval and the binormal fit's standard error take the views of one lesion as independent, so they "
        "are too narrow; they are here for comparison with other reports.",
    )


def _estimate(found: AucEstimate) -> str:
    return f"{found.auc:.3f} ({interval(found.low, found.high)})"


def _boot(found: Performance) -> str:
    return f"{found.bootstrap.estimate:.3f} ({interval(found.bootstrap.low, found.bootstrap.high)})"


def _binormal(fit: BinormalFit) -> str:
    if fit.a is None or fit.b is None:
        return "no curve: " + ", ".join(flag.code.replace("_", " ") for flag in fit.flags)
    se = "" if fit.se_auc is None else f" (SE {fit.se_auc:.3f})"
    doubt = "".join(f"; {flag.code.replace('_', ' ')}" for flag in fit.flags)
    return f"{fit.auc:.3f}{se}; a = {fit.a:.2f}, b = {fit.b:.2f}{doubt}"


def comparison_section(study: Study) -> Section:
    """The tests, in words and in a table."""
    comparisons = study.analysis.comparisons
    rows: list[tuple[str, ...]] = []
    for found in comparisons:
        pair = f"{SHORT_NAMES[found.first]} less {SHORT_NAMES[found.second]}"
        clustered, boot, delong = found.clustered, found.bootstrap, found.delong
        rows.append(
            (
                pair,
                "clustered AUC difference (headline)",
                signed(clustered.difference),
                f"{signed(clustered.low)} to {signed(clustered.high)}",
                p_number(clustered.p_value),
                f"{p_number(found.p_holm)} (Holm)",
            )
        )
        rows.append(
            (
                "",
                "cluster bootstrap",
                signed(boot.estimate),
                f"{signed(boot.low)} to {signed(boot.high)}",
                p_number(boot.p_value if boot.p_value is not None else 1.0),
                "",
            )
        )
        rows.extend(_fold_row(test) for test in (found.corrected, found.paper) if test is not None)
        rows.append(
            (
                "",
                "DeLong, ROIs as if independent",
                signed(delong.difference),
                f"{signed(delong.low)} to {signed(delong.high)}",
                p_number(delong.p_value),
                "",
            )
        )
    return Section(
        "tests",
        "Comparison of the classifiers",
        (
            *(read_comparison(found) for found in comparisons),
            Figure(
                "differences",
                "Differences of AUC with 95 % limits.",
                "Differences of AUC between the classifiers with their limits.",
                difference_plot(comparisons),
            ),
            Table(
                "Tests of equal AUC, two-sided.",
                ("Difference", "Test", "AUC difference", "95 % CI", "p", "p adjusted for three comparisons"),
                tuple(rows),
                "Folds share training cases, so the paper's plain paired t on folds finds differences too often; the "
                "corrected t (Nadeau and Bengio) and the clustered test allow for it or for the views of one lesion.",
            ),
        ),
    )


def _fold_row(found: AdjustedTest) -> tuple[str, ...]:
    test = found.test
    return (
        "",
        test.method,
        signed(test.difference),
        f"{signed(test.low)} to {signed(test.high)}",
        p_number(test.p_value),
        f"{p_number(found.p_bonferroni)} (Bonferroni), {p_number(found.p_holm)} (Holm)",
    )


def operating_section(study: Study) -> Section:
    """Sensitivity and specificity of the ensemble, and of the branches, at chosen thresholds."""
    rows = tuple(
        (
            SHORT_NAMES[found.name],
            f"{point.threshold:.3f}",
            point.rule,
            f"{point.sensitivity.value:.3f} ({interval(point.sensitivity.low, point.sensitivity.high)})",
            f"{point.specificity.value:.3f} ({interval(point.specificity.low, point.specificity.high)})",
        )
        for found in reversed(study.analysis.performances)
        for point in found.operating_points
    )
    return Section(
        "operating",
        "Operating points",
        (
            Table(
                "Sensitivity and specificity by ROI, with 95 % limits for clustered ROIs.",
                ("Classifier", "Threshold", "Rule", "Sensitivity", "Specificity"),
                rows,
                "A threshold that was chosen on these cases makes the figure it was chosen for optimistic.",
            ),
        ),
    )


def calibration_section(study: Study, scored: Scored) -> Section:
    """Whether probabilities mean what they say."""
    performances = study.analysis.performances
    return Section(
        "calibration",
        "Calibration",
        (
            *(f"{SHORT_NAMES[found.name]}: {read_calibration(found.calibration)}" for found in performances),
            Figure(
                "calibration",
                "Above: share of malignant ROIs among ROIs of like probability (tenths of the cohort, 95 % limits); on "
                "the dotted line, probabilities mean what they say. Below: distribution of the probabilities by truth.",
                "Reliability curves of the three classifiers and histograms of their probabilities by truth.",
                calibration_plot(scored, performances),
            ),
            Table(
                "Calibration of the probabilities.",
                (
                    "Classifier",
                    "Brier score",
                    "of the constant forecast",
                    "Slope (SE)",
                    "Intercept (SE)",
                    "In the large (SE)",
                ),
                tuple(_calibration_row(found) for found in performances),
                "Ideal: slope 1, intercept 0, in the large 0. Standard errors are cluster-robust.",
            ),
        ),
    )


def _calibration_row(found: Performance) -> tuple[str, ...]:
    line = found.calibration
    return (
        found.label,
        f"{line.brier:.3f}",
        f"{line.brier_of_prevalence:.3f}",
        _with_se(line.slope, line.se_slope),
        _with_se(line.intercept, line.se_intercept),
        _with_se(line.in_the_large, line.se_in_the_large),
    )


def _with_se(value: float | None, se: float | None) -> str:
    return "not defined" if value is None or se is None else f"{signed(value, 2)} ({se:.2f})"


def subgroup_section(study: Study) -> Section:
    """The classifiers in parts of the cohort."""
    ensemble = study.analysis.performances[-1]
    return Section(
        "subgroups",
        "Views and sizes",
        (
            Figure(
                "subgroups",
                "AUC of the ensemble by view and by effective diameter of the segmented lesion; dashed: all ROIs.",
                "Forest plot of the ensemble's AUC in parts of the cohort.",
                subgroup_plot(study.analysis.subgroups, ensemble),
            ),
            Table(
                "AUC by view and size: all ROIs of the part in one ranking, 95 % limits for clustered ROIs.",
                ("Part", "ROIs (malignant)", "Lesions", *SHORT_NAMES.values()),
                tuple(_subgroup_row(part) for part in study.analysis.subgroups),
                "Parts are small and many: a difference between them is a question, not a finding.",
            ),
        ),
    )


def _subgroup_row(part: Subgroup) -> tuple[str, ...]:
    cells = [_estimate(part.aucs[name]) for name in SHORT_NAMES] if part.aucs else [part.reason, "", ""]
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
                        _duration(row.seconds),
                    )
                    for row in layers
                ),
            ),
        ),
    )
