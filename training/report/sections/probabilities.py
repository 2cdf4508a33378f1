"""Sections on what the probabilities are good for: operating points and calibration."""

from cadx.branches import PAPER_NAMES
from training.analysis.scored import Scored
from training.analysis.wording import interval, read_calibration, signed
from training.report.blocks import Figure, Section, Table
from training.report.plots.performance import calibration_plot
from training.report.study_record import Study
from training.stats.calibration import Calibration

CALIBRATED = "Ensemble, calibrated"
WHY_CALIBRATED = (
    "An average of two calibrated probabilities lies too near one half; here each fold's averages went through a "
    "sigmoid that was fitted to what inner folds said of its training ROIs."
)


def operating_section(study: Study) -> Section:
    """Sensitivity and specificity of the ensemble, and of the branches, at chosen thresholds."""
    rows = tuple(
        (
            PAPER_NAMES[found.name],
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
            *(f"{PAPER_NAMES[found.name]}: {read_calibration(found.calibration)}" for found in performances),
            f"{CALIBRATED}: {read_calibration(study.analysis.calibrated)} {WHY_CALIBRATED}",
            Figure(
                "calibration",
                "Above: share of malignant ROIs among ROIs of like probability (bins of equal size, 95 % limits); on "
                "the dotted line, probabilities mean what they say. Below: the probabilities by pathology.",
                "Reliability curves of the three classifiers and of the calibrated ensemble, and histograms of their "
                "probabilities by pathology.",
                calibration_plot(scored, performances, study.analysis.calibrated),
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
                (
                    *(_calibration_row(found.label, found.calibration) for found in performances),
                    _calibration_row(CALIBRATED, study.analysis.calibrated),
                ),
                "Ideal: slope 1, intercept 0, in the large 0. Standard errors are cluster-robust.",
            ),
        ),
    )


def _calibration_row(label: str, line: Calibration) -> tuple[str, ...]:
    return (
        label,
        f"{line.brier:.3f}",
        f"{line.brier_of_prevalence:.3f}",
        _with_se(line.slope, line.se_slope),
        _with_se(line.intercept, line.se_intercept),
        _with_se(line.in_the_large, line.se_in_the_large),
    )


def _with_se(value: float | None, se: float | None) -> str:
    return "not defined" if value is None or se is None else f"{signed(value, 2)} ({se:.2f})"
