"""Sections on how well the classifiers do."""

from cadx.branches import CNN, ENSEMBLE, LESION, PAPER_NAMES
from training.analysis.performance import Performance
from training.analysis.scored import Scored
from training.analysis.wording import (
    interval,
    read_chance,
)
from training.report.blocks import Figure, Section, Table
from training.report.plots.performance import roc_plot
from training.report.study_record import Study
from training.report.words import duration, estimate
from training.stats.roc.binormal import BinormalFit

PAPER_TABLE_1 = {
    CNN: ("0.81", "0.04", "~7 min"),
    LESION: ("0.81", "0.03", "~5 min"),
    ENSEMBLE: ("0.86", "0.01", "~10 min"),
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
        ("Classifier", "AUC", "95 % CI", "SD", "Folds", "Time", "Paper: AUC", "Paper: SD", "Paper: time"),
        tuple(rows),
        "The paper's figures are for its own 219 lesions on 607 digital mammograms; they are a landmark, not a target. "
        "The interval is Obuchowski's for clustered ROIs, within folds. Times are wall time here and now, summed "
        "over the threads that measure; features that came from a cache took none.",
    )


def _time(study: Study, name: str) -> str:
    if study.times is None:
        return ""
    if name in study.times:
        return duration(study.times[name].total_s)
    return duration(study.times[CNN].total_s + study.times[LESION].total_s)


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
    rows = [("by lesion (mean over its views)", [estimate(p.per_lesion) for p in performances])]
    if not external:
        rows.insert(0, ("all ROIs in one ranking, clustered", [estimate(p.pooled) for p in performances]))
        rows.insert(0, ("headline, training cases varied", [_refitted(p) for p in performances]))
    rows += [
        ("cluster bootstrap of the headline AUC", [_boot(p) for p in performances]),
        ("fitted binormal curve", [_binormal(p.binormal) for p in performances]),
        ("DeLong, ROIs as if independent", [estimate(p.delong) for p in performances]),
    ]
    return Table(
        "The AUC in other readings, with 95 % limits.",
        ("Reading", *(PAPER_NAMES[p.name] for p in performances)),
        tuple((name, *cells) for name, cells in rows),
        "DeLong's interval and the binormal fit's standard error take the views of one lesion as independent, so they "
        "are too narrow; they are here for comparison with other reports.",
    )


def _refitted(found: Performance) -> str:
    return "" if found.refitted is None else estimate(found.refitted)


def _boot(found: Performance) -> str:
    return f"{found.bootstrap.estimate:.3f} ({interval(found.bootstrap.low, found.bootstrap.high)})"


def _binormal(fit: BinormalFit) -> str:
    if fit.a is None or fit.b is None:
        return "no curve: " + ", ".join(flag.code.replace("_", " ") for flag in fit.flags)
    se = "" if fit.se_auc is None else f" (SE {fit.se_auc:.3f})"
    doubt = "".join(f"; {flag.code.replace('_', ' ')}" for flag in fit.flags)
    return f"{fit.auc:.3f}{se}; a = {fit.a:.2f}, b = {fit.b:.2f}{doubt}"
