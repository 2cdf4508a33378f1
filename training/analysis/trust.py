"""What the cohort says of explanations, of doubt and of similar cases: figures beside the performance."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cadx.branches import CNN, ENSEMBLE, LESION
from cadx.classify import FrozenSvm
from cadx.explain import CohortReference, KnownCases, explain_decision, fit_conformal, fit_venn_abers
from training.analysis.clicks import ClickFigures, MovedMarks, click_figures
from training.analysis.errors import CALLED_MALIGNANT_FROM, ErrorRate, error_rate
from training.analysis.scored import Scored

EXPLAINED = 100
"""ROIs, evenly spread over the cohort, whose explanations the families' weights are taken from."""


@dataclass(frozen=True, slots=True)
class SetFigures:
    """Conformal sets of ROIs, by limits from the other folds.

    Attributes
    ----------
    benign_coverage, malignant_coverage
        Share of the benign, and of the malignant, ROIs whose set holds their label.
    both, none
        Share of the sets that hold both labels, and that are empty.
    """

    coverage: float
    benign_coverage: float
    malignant_coverage: float
    both: float
    none: float


@dataclass(frozen=True, slots=True)
class KnownFigures:
    """The cases that a bundle keeps, and how well nearness tells their outcome."""

    rois: int
    thumbnails: bool
    space: str
    agreement: float
    base_rate: float


@dataclass(frozen=True, slots=True)
class Trust:
    """Of one cohort, held out but for the families.

    Attributes
    ----------
    family_weights
        Mean magnitude of each family's contribution, in units of Method B's decision value.
    difference_low, difference_high
        Range of Method A less Method B within which 95 % lie.
    disagreeing, agreeing
        Errors where the branches differ by more, and where not.
    novelty_limits
        By branch, the distance from which a ROI is flagged as unlike the cohort.
    novelty_flagged
        Share of the cohort's own ROIs that at least one branch would flag: the rate of false alarms.
    venn_abers_width
        Mean of p1 - p0, by pairs from the other folds.
    known
        None unless cases are kept.
    clicks
        None unless marks were moved.
    """

    family_weights: Mapping[str, float]
    difference_low: float
    difference_high: float
    disagreeing: ErrorRate
    agreeing: ErrorRate
    novelty_limits: Mapping[str, float]
    novelty_flagged: float
    sets: SetFigures
    venn_abers_width: float
    known: KnownFigures | None
    clicks: ClickFigures | None = None


def trust_figures(
    scored: Scored,
    reference: CohortReference,
    lesion_svm: FrozenSvm,
    known: KnownCases | None = None,
    moved: MovedMarks | None = None,
) -> Trust:
    """Draw the figures of a cross-validated cohort."""
    p = scored.probabilities
    apart = p[CNN] - p[LESION]
    disagree = (apart < reference.difference_low) | (apart > reference.difference_high)
    wrong = (p[ENSEMBLE] >= CALLED_MALIGNANT_FROM) != scored.labels
    return Trust(
        family_weights=_family_weights(scored.features, lesion_svm),
        difference_low=reference.difference_low,
        difference_high=reference.difference_high,
        disagreeing=error_rate(wrong, disagree),
        agreeing=error_rate(wrong, ~disagree),
        novelty_limits={branch: novelty.flagged_from() for branch, novelty in reference.novelty.items()},
        novelty_flagged=reference.novelty_flagged,
        sets=_sets(scored, reference.conformal.coverage),
        venn_abers_width=_venn_abers_width(scored),
        known=None if known is None else _known(known),
        clicks=None if moved is None or reference.click is None else click_figures(moved, reference.click, wrong),
    )


def _known(known: KnownCases) -> KnownFigures:
    return KnownFigures(
        rois=len(known.malignant),
        thumbnails=known.thumbnails is not None,
        space=known.space.name,
        agreement=known.agreement,
        base_rate=known.base_rate,
    )


def _family_weights(features: NDArray[np.float64], svm: FrozenSvm) -> dict[str, float]:
    rows = np.unique(np.linspace(0, len(features) - 1, min(EXPLAINED, len(features))).astype(np.intp))
    explained = [explain_decision(svm, features[row]).families for row in rows]
    return {str(family): float(np.mean([abs(each[family]) for each in explained])) for family in explained[0]}


def _sets(scored: Scored, coverage: float) -> SetFigures:
    p = scored.probabilities[ENSEMBLE]
    benign, malignant = np.empty(len(p), dtype=np.bool_), np.empty(len(p), dtype=np.bool_)
    for held_out in _folds(scored):
        limits = fit_conformal(p[~held_out], scored.labels[~held_out], coverage)
        benign[held_out] = p[held_out] <= limits.benign_up_to
        malignant[held_out] = p[held_out] >= limits.malignant_from
    return SetFigures(
        coverage=coverage,
        benign_coverage=float(benign[~scored.labels].mean()),
        malignant_coverage=float(malignant[scored.labels].mean()),
        both=float((benign & malignant).mean()),
        none=float((~benign & ~malignant).mean()),
    )


def _venn_abers_width(scored: Scored) -> float:
    p, widths = scored.probabilities[ENSEMBLE], []
    for held_out in _folds(scored):
        fitted = fit_venn_abers(p[~held_out], scored.labels[~held_out])
        pairs = np.array([fitted.pair(score) for score in p[held_out]])
        widths.append(pairs[:, 1] - pairs[:, 0])
    return float(np.concatenate(widths).mean())


def _folds(scored: Scored) -> list[NDArray[np.bool_]]:
    if scored.folds is None:
        raise ValueError("figures of trust are of a cross validation")
    return [scored.folds == fold for fold in range(scored.fold_count)]
