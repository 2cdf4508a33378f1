"""What a fit prints for people."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from cadx.bundle import BundleManifest
from training.fit import Fit


def print_fit(console: Console, fit: Fit, manifest: BundleManifest, folder: Path) -> None:
    """Print the cohort, the cross-validated figures and where the bundle lies, under the model's notices."""
    for case in fit.tables.skipped:
        console.print(f"left out: {case.detail}", style="yellow", markup=False)
    console.print(figures_table(manifest))
    for notice in manifest.notices:
        console.print(notice, style="bold red", markup=False)
    console.print(f"bundle written: {folder}", markup=False)


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
        ("A: CNN features, SVM", evaluation.cnn),
        ("B: lesion features, SVM", evaluation.lesion),
        ("C: average of A and B", evaluation.ensemble),
    ):
        table.add_row(label, f"{figures.auc_mean:.3f}", f"{figures.auc_sd:.3f}")
    return table
