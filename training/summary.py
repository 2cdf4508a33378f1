"""What a fit or a study prints for people."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from cadx.branches import CNN, ENSEMBLE, LESION, METHODS
from cadx.bundle import BundleManifest
from training.analysis.analysis import Analysis
from training.analysis.wording import interval, read_conclusion, read_joined
from training.fitting.fit import Fit
from training.report.study_record import Study
from training.report.write import HTML


def print_fit(console: Console, fit: Fit, manifest: BundleManifest, folder: Path) -> None:
    """Print the cohort, the cross-validated figures and where the bundle lies, under the model's notices."""
    for case in fit.tables.skipped:
        console.print(f"left out: {case.detail}", style="yellow", markup=False)
    print_joined(console, fit.analysis)
    console.print(figures_table(manifest))
    for notice in manifest.notices:
        console.print(notice, style="bold red", markup=False)
    console.print(f"bundle written: {folder}", markup=False)


def print_joined(console: Console, analysis: Analysis) -> None:
    """Print which patients or lesions are one group because they have pictures in common, if any are."""
    if sentence := read_joined(analysis.joined):
        console.print(sentence, style="yellow", markup=False)


def figures_table(manifest: BundleManifest) -> Table:
    """The paper's Table 1 for this model: AUC over the folds, mean and SD."""
    evaluation, cohort = manifest.evaluation, manifest.cohort
    title = (
        f"{cohort.lesions} lesions, {cohort.rois} ROIs ({cohort.benign_rois} benign, {cohort.malignant_rois} "
        f"malignant); {evaluation.folds}-fold cross validation by {evaluation.grouped_by}"
    )
    table = Table(title=title, title_justify="left")
    for heading in ("classifier", "AUC", "SD over folds"):
        table.add_column(heading)
    for label, figures in (
        (METHODS[CNN], evaluation.cnn),
        (METHODS[LESION], evaluation.lesion),
        (METHODS[ENSEMBLE], evaluation.ensemble),
    ):
        table.add_row(label, f"{figures.auc_mean:.3f}", f"{figures.auc_sd:.3f}")
    return table


def print_study(console: Console, study: Study, folder: Path | None, bundle: Path | None) -> None:
    """Print what a study found, in a table and in words, and where its files lie."""
    for case in study.skipped:
        console.print(
            f"left out: lesion {case.lesion_id} ({case.reason_code}): {case.reason}", style="yellow", markup=False
        )
    print_joined(console, study.analysis)
    cohort = study.analysis.cohort
    title = (
        f"{cohort.lesions} lesions, {cohort.rois} ROIs ({cohort.benign.rois} benign, {cohort.malignant.rois} "
        f"malignant); {study.kind}"
    )
    table = Table(title=title, title_justify="left")
    for heading in ("classifier", "AUC", "95 % CI", "SD over folds"):
        table.add_column(heading)
    for found in study.analysis.performances:
        sd = "" if found.auc_sd is None else f"{found.auc_sd:.3f}"
        table.add_row(found.label, f"{found.auc.auc:.3f}", interval(found.auc.low, found.auc.high), sd)
    console.print(table)
    console.print(read_conclusion(study.analysis), markup=False)
    for notice in study.notices:
        console.print(notice, style="bold red", markup=False)
    if folder is not None:
        console.print(f"report: {folder / HTML}", markup=False)
    if bundle is not None:
        console.print(f"bundle written: {bundle}", markup=False)
