"""The statistics in plain language, for report, model card and terminal alike."""

from collections.abc import Sequence

from cadx.branches import LESION, PAPER_NAMES
from training.analysis.agreement import BranchAgreement
from training.analysis.alternatives import Alternative
from training.analysis.analysis import Analysis
from training.analysis.comparisons import SIGNIFICANCE, Comparison
from training.analysis.performance import Performance
from training.analysis.scored import FEWEST_IN_FOLD, FEWEST_IN_TEST_SET
from training.analysis.subgroups import OUTLINE, Subgroup
from training.cohort.grouping import Joined
from training.stats.calibration import Calibration

MINUS = "\N{MINUS SIGN}"
WIDE_SLOPE = 1.5
SHOWN_JOINED = 5
TOO_FEW = "too few cases to test"
HOW_MANY = (
    f"a fold needs {FEWEST_IN_FOLD} benign and {FEWEST_IN_FOLD} malignant patients or lesions, an external test set "
    f"{FEWEST_IN_TEST_SET} of each"
)
KAPPA_WORDS = ((0.81, "almost perfect"), (0.61, "substantial"), (0.41, "moderate"), (0.21, "fair"), (0.0, "slight"))
"""Landis and Koch, Biometrics 33:159 (1977)."""


def p_value(p: float) -> str:
    """Write a p-value as journals do: three decimals, or a bound."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def p_number(p: float) -> str:
    """Write a p-value for a column that is headed p."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def signed(value: float, digits: int = 3) -> str:
    """Write a number with its sign."""
    text = f"{value:+.{digits}f}"
    return text.replace("-", MINUS)


def _minus(value: float) -> str:
    return f"{value:.2f}".replace("-", MINUS)


def interval(low: float, high: float, digits: int = 3) -> str:
    """Write limits."""
    return f"{low:.{digits}f} to {high:.{digits}f}".replace("-", MINUS)


def share(value: float) -> str:
    """Write a share in per cent."""
    return f"{100 * value:.0f} %"


def read_joined(joined: Sequence[Joined]) -> str:
    """Say which patients or lesions are one group because they have pictures in common; nothing where none are."""
    if not joined:
        return ""
    lesions, images = sum(len(group.lesions) for group in joined), sum(len(group.images) for group in joined)
    shown = "; ".join(f"lesions {', '.join(group.lesions)}" for group in joined[:SHOWN_JOINED])
    more = f"; and {len(joined) - SHOWN_JOINED} more" if len(joined) > SHOWN_JOINED else ""
    return (
        f"Pictures in common: {images} image files show pictures (by their decoded pixels) that stand under more than "
        f"one patient or lesion. Their {lesions} lesions are held together in {len(joined)} groups, and no fold splits "
        f"one ({shown}{more}). Check whether they are what their names say."
    )


def read_outlines(analysis: Analysis) -> str:
    """Say how many outlines are automatic and how many are readers'; of several kinds, how Method B did on each."""
    counted = ", ".join(f"{name} {count}" for name, count in analysis.cohort.outlines.items())
    parts = [part for part in analysis.subgroups if part.kind == OUTLINE]
    if not parts:
        return f"Outlines of the ROIs: {counted}."
    told = "; ".join(f"{part.name} {_lesion_auc(part)}" for part in parts)
    return (
        f"Outlines of the ROIs: {counted}. AUC of {PAPER_NAMES[LESION]} apart, all ROIs of a kind in one ranking: "
        f"{told}. Whose lesions were outlined by readers may not be chance: compare with care."
    )


def _lesion_auc(part: Subgroup) -> str:
    if part.reason:
        return f"({part.reason})"
    auc = part.aucs[LESION]
    return f"{auc.auc:.3f} (95 % CI {interval(auc.low, auc.high)})"


def read_comparison(comparison: Comparison) -> str:
    """Say what the headline test of two classifiers found, and what it did not."""
    first, second = PAPER_NAMES[comparison.first], PAPER_NAMES[comparison.second]
    found = comparison.clustered
    less = f"AUC of {first} less that of {second}: {signed(found.difference)} (95 % CI {signed(found.low)} to "
    p = f"{p_value(found.p_value)}, {p_value(comparison.p_holm)} after Holm's correction"
    if not comparison.testable:
        return f"{first} and {second}: {TOO_FEW}. {less}{signed(found.high)}, not to be relied on)."
    if not comparison.significant:
        return (
            f"{first} and {second}: no significant difference. {less}{signed(found.high)}; {p}). The data do not tell "
            "them apart."
        )
    better, worse, low, high = (
        (first, second, found.low, found.high) if found.difference > 0 else (second, first, -found.high, -found.low)
    )
    numbers = f"AUC difference {abs(found.difference):.3f} (95 % CI {signed(low)} to {signed(high)}; {p})"
    return f"{better} is significantly better than {worse}: {numbers}. {_second_opinion(comparison)}".rstrip()


def _second_opinion(comparison: Comparison) -> str:
    """Say whether the difference would hold for classifiers that were trained on other cases, as far as can be said."""
    if comparison.refitted is None:
        return ""
    p = comparison.refitted.p_value
    words = "it holds" if p < SIGNIFICANCE else "it does not hold: take it with care"
    return f"Allowing for other training cases, {words} ({p_value(p)})."


def read_chance(performance: Performance) -> str:
    """Say whether a classifier tells benign from malignant at all."""
    auc = performance.auc
    numbers = (
        f"AUC {auc.auc:.3f}, 95 % CI {interval(auc.low, auc.high)}, {p_value(performance.p_above_chance)} one-sided"
    )
    name = PAPER_NAMES[performance.name]
    if not performance.testable:
        return f"{name}: {TOO_FEW}. AUC {auc.auc:.3f} (95 % CI {interval(auc.low, auc.high)}, not to be relied on)."
    if performance.above_chance:
        return f"{name} tells malignant from benign better than chance ({numbers}, after Holm's correction)."
    return f"{name} is not significantly better than chance ({numbers}, after Holm's correction)."


def read_conclusion(analysis: Analysis) -> str:
    """Sum the tests up in a sentence or two."""
    if not all(found.testable for found in analysis.performances):
        return f"Too few cases to test ({HOW_MANY}): no figure of this study says how good a classifier is."
    useful = [PAPER_NAMES[p.name] for p in analysis.performances if p.above_chance]
    different = [comparison for comparison in analysis.comparisons if comparison.significant]
    if not useful and not different:
        return (
            "Nothing is significant: no classifier tells malignant from benign better than chance, and no two "
            "classifiers differ."
        )
    chance = (
        "All three classifiers tell malignant from benign better than chance."
        if len(useful) == len(analysis.performances)
        else f"Better than chance: {', '.join(useful)}; the others are not."
        if useful
        else "No classifier is significantly better than chance."
    )
    if not different:
        return f"{chance} No significant difference between any two of them."
    return f"{chance} {' '.join(_difference(comparison) for comparison in different)}"


def _difference(comparison: Comparison) -> str:
    first, second = PAPER_NAMES[comparison.first], PAPER_NAMES[comparison.second]
    better, worse = (first, second) if comparison.clustered.difference > 0 else (second, first)
    refitted = comparison.refitted
    doubt = (
        "" if refitted is None or refitted.p_value < SIGNIFICANCE else "; not when allowing for other training cases"
    )
    return f"{better} is significantly better than {worse} ({p_value(comparison.p_holm)}{doubt})."


def read_calibration(found: Calibration) -> str:
    """Say whether probabilities mean what they say."""
    better = "better" if found.brier < found.brier_of_prevalence else "no better"
    brier = (
        f"Brier score {found.brier:.3f}, {better} than always forecasting the cohort's share of malignant ROIs "
        f"({found.brier_of_prevalence:.3f})."
    )
    if found.slope is None or found.se_slope is None:
        return f"{brier} A calibration line has no value here."
    low, high = found.slope - 1.96 * found.se_slope, found.slope + 1.96 * found.se_slope
    words = (
        "probabilities are too extreme"
        if high < 1
        else "probabilities are too timid"
        if low > 1
        else "too few cases to tell"
        if high - low > WIDE_SLOPE
        else "no evidence of miscalibration"
    )
    return f"{brier} Calibration slope {_minus(found.slope)} (95 % CI {interval(low, high, 2)}; ideal 1): {words}."


def read_uninformative(analysis: Analysis) -> tuple[str, ...]:
    """Say which branches learnt nothing in some folds."""
    return tuple(
        f"{PAPER_NAMES[name]} ranked its inner held-out ROIs no better than chance in {count} of {analysis.folds} "
        "folds: its probabilities there are the share of malignant ROIs, and its AUC is 0.5 (branch_uninformative)."
        for name, count in analysis.uninformative_folds.items()
    )


def read_agreement(found: BranchAgreement) -> str:
    """Say how far the two branches agree."""
    same = f"The two branches call {share(found.observed)} of the ROIs alike (at probability 0.5)"
    if found.kappa is None or found.kappa_low is None or found.kappa_high is None:
        return f"{same}; kappa has no value, since each branch calls every ROI the same."
    return (
        f"{same}; kappa {_minus(found.kappa)} (95 % CI {interval(found.kappa_low, found.kappa_high, 2)}), "
        f"{kappa_word(found.kappa)} agreement."
    )


def kappa_word(kappa: float) -> str:
    """Give the customary word for a kappa."""
    return next((word for limit, word in KAPPA_WORDS if kappa >= limit), "less than chance")


def read_alternatives(found: tuple[Alternative, ...]) -> str:
    """Say whether plain averaging can be bettered."""
    if not all(one.testable for one in found):
        return "Too few cases to test."
    better = [one.name for one in found if one.significant and one.less_plain.difference > 0]
    worse = [one.name for one in found if one.significant and one.less_plain.difference < 0]
    if not better and not worse:
        return "No alternative differs significantly from plain averaging, which stays what the model does."
    parts = [
        f"significantly {word} than plain averaging: {', '.join(names)}"
        for word, names in (("better", better), ("worse", worse))
        if names
    ]
    return f"Alternatives {'; '.join(parts)}. The model itself averages."
