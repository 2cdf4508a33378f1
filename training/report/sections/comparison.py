"""The section that sets the classifiers against one another."""

from cadx.branches import PAPER_NAMES
from training.analysis.comparisons import AdjustedTest, Comparison
from training.analysis.wording import p_number, read_comparison, signed
from training.report.blocks import Figure, Section, Table
from training.report.plots.performance import difference_plot
from training.report.study_record import Study
from training.stats.inference.bootstrap import BootstrapInterval
from training.stats.inference.fold_tests import PairedTest
from training.stats.roc.auc import AucDifference

UNTESTED = "Figure and table below are printed for completeness; with so few cases their p-values mean nothing."


def comparison_section(study: Study) -> Section:
    """The tests, in words and in a table."""
    comparisons = study.analysis.comparisons
    rows = tuple(row for found in comparisons for row in _test_rows(found))
    return Section(
        "tests",
        "Comparison of the classifiers",
        (
            *(read_comparison(found) for found in comparisons),
            *(() if all(found.testable for found in comparisons) else (UNTESTED,)),
            Figure(
                "differences",
                "Differences of AUC with 95 % limits.",
                "Differences of AUC between the classifiers with their limits.",
                difference_plot(comparisons),
            ),
            Table(
                "Tests of equal AUC, two-sided.",
                ("Difference", "Test", "AUC difference", "95 % CI", "p", "p adjusted for three comparisons"),
                rows,
                "Folds share training cases, so the paper's plain paired t on folds finds differences too often; the "
                "corrected t (Nadeau and Bengio) and the clustered test allow for it or for the views of one lesion.",
            ),
        ),
    )


def _test_rows(found: Comparison) -> list[tuple[str, ...]]:
    """Give a comparison's rows, the headline first; the pair is named in the first alone."""
    tests: list[tuple[str, AucDifference | BootstrapInterval | PairedTest | None, str]] = [
        ("clustered AUC difference (headline)", found.clustered, f"{p_number(found.p_holm)} (Holm)"),
        ("the same, training cases varied", found.refitted, ""),
        ("cluster bootstrap", found.bootstrap, ""),
        *((test.test.method, test.test, _adjusted(test)) for test in (found.corrected, found.paper) if test),
        ("DeLong, ROIs as if independent", found.delong, ""),
    ]
    pair = f"{PAPER_NAMES[found.first]} less {PAPER_NAMES[found.second]}"
    rows = [_test_row(name, test, adjusted) for name, test, adjusted in tests if test is not None]
    return [(pair if k == 0 else "", *row) for k, row in enumerate(rows)]


def _test_row(name: str, test: AucDifference | BootstrapInterval | PairedTest, adjusted: str) -> tuple[str, ...]:
    difference = test.estimate if isinstance(test, BootstrapInterval) else test.difference
    p = "" if test.p_value is None else p_number(test.p_value)
    return (name, signed(difference), f"{signed(test.low)} to {signed(test.high)}", p, adjusted)


def _adjusted(found: AdjustedTest) -> str:
    return f"{p_number(found.p_bonferroni)} (Bonferroni), {p_number(found.p_holm)} (Holm)"
