"""The figures of trust in sentences, for report and model card alike."""

from cadx.branches import CNN, LESION
from training.analysis.clicks import ClickFigures
from training.analysis.errors import ErrorRate
from training.analysis.trust import KnownFigures, SetFigures, Trust
from training.analysis.wording import share


def read_trust(trust: Trust) -> tuple[str, ...]:
    """Say it in sentences, each a bullet or a paragraph."""
    return (
        _families(trust),
        _disagreement(trust),
        _novelty(trust),
        _sets(trust.sets),
        f"Venn-Abers: the two probabilities of a pair lie {trust.venn_abers_width:.3f} apart on average (pairs from "
        "the other folds).",
        *([] if trust.clicks is None else [_clicks(trust.clicks)]),
        _known(trust.known),
    )


def _families(trust: Trust) -> str:
    total = sum(trust.family_weights.values())
    if total <= 0:
        return "Explanation: no family of features moves Method B's decision."
    ordered = sorted(trust.family_weights.items(), key=lambda item: -item[1])
    told = ", ".join(f"{family} {share(weight / total)}" for family, weight in ordered)
    return f"Explanation: of what moves Method B's decision, by mean magnitude of the families' contributions, {told}."


def _disagreement(trust: Trust) -> str:
    return (
        f"Branches: Method A's probability less Method B's lies between {trust.difference_low:+.2f} and "
        f"{trust.difference_high:+.2f} for 95 % of the ROIs; beyond, an answer is flagged `branches_disagree`. Called "
        f"malignant from a probability of 0.5 on, the ensemble was wrong for {_rate(trust.disagreeing)} of the ROIs "
        f"that would be flagged and {_rate(trust.agreeing)} of the others."
    )


def _novelty(trust: Trust) -> str:
    limits = trust.novelty_limits
    return (
        f"Unlike the cohort: flagged from a whitened distance of {limits[CNN]:.2f} (CNN features) or "
        f"{limits[LESION]:.2f} (lesion features), beyond which 1 in 40 held-out ROIs of the cohort lies for each; "
        f"false alarms for either: {share(trust.novelty_flagged)} of the cohort's own ROIs."
    )


def _sets(sets: SetFigures) -> str:
    return (
        f"Conformal sets at {share(sets.coverage)}, by limits from the other folds: the set holds the truth for "
        f"{share(sets.benign_coverage)} of the benign and {share(sets.malignant_coverage)} of the malignant ROIs; "
        f"{share(sets.both)} of the sets hold both labels and so decide nothing, {share(sets.none)} hold none."
    )


def _known(known: KnownFigures | None) -> str:
    if known is None:
        return "Similar cases: none are kept in the bundle."
    pictures = "with small pictures" if known.thumbnails else "without pictures"
    return (
        f"Similar cases: {known.rois} ROIs are kept, {pictures}, compared by {known.space}. Of a lesion's ten nearest "
        f"of other patients {share(known.agreement)} had its outcome, where {share(known.base_rate)} would at random: "
        "likeness says little of the outcome."
    )


def _clicks(found: ClickFigures) -> str:
    limit = found.limit
    discs = "; ".join(
        f"{disc.radius_mm:g} mm: probability from lowest to highest {disc.median_range:.3f}, overlap of the outlines "
        f"{disc.median_overlap:.2f}"
        for disc in found.discs
    )
    return (
        f"Clicks: the mark moved over discs about it, {found.lesions} lesions, each by the model of the fold that held "
        f"it out; medians: {discs}. With `include=robustness` an answer is flagged `unstable` where marks moved by "
        f"{limit.radius_mm:g} mm at most spread the probability by a standard deviation above {limit.sd:.3f}, as for "
        f"at most 1 in 20 of these lesions. Called malignant from a probability of 0.5 on, the ensemble was wrong for "
        f"{_rate(found.unstable)} of those and {_rate(found.steady)} of the others."
    )


def _rate(found: ErrorRate) -> str:
    return "none" if found.rate is None else f"{share(found.rate)} ({found.errors} of {found.rois})"
