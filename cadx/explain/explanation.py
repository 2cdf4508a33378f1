"""Why Method B gave its number: each feature's value, where it stands in the cohort, and its share of the decision."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cadx.classify import FrozenSvm
from cadx.explain.percentiles import Quantiles
from cadx.explain.shapley import baseline, shapley_values
from cadx.lesion import FEATURES, FeatureDefinition, FeatureFamily

DECIDES_BELOW = 1e-12


@dataclass(frozen=True, slots=True)
class ClassQuantiles:
    """A feature's distribution among the benign and among the malignant ROIs of a cohort."""

    benign: Quantiles
    malignant: Quantiles


@dataclass(frozen=True, slots=True)
class FeatureExplanation:
    """One feature's part in the decision.

    Attributes
    ----------
    benign_percentile, malignant_percentile
        Percent of the cohort's ROIs of either class with a lower value, 1 to 99; none without the cohort's quantiles.
    contribution
        Shapley's value, in units of the SVM's decision value; above 0 it speaks for malignancy.
    """

    definition: FeatureDefinition
    value: float
    benign_percentile: float | None
    malignant_percentile: float | None
    contribution: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """Method B's decision, shared out.

    Attributes
    ----------
    decision_value
        The SVM's own, before calibration. The baseline and all contributions add up to it.
    baseline
        That of a lesion with the cohort's mean in every feature.
    log_odds_slope
        Calibrated log-odds for each unit of the decision value; 0 where the branch has learnt nothing.
    features
        In the order of `FEATURES`.
    families
        Sum of the contributions of each family.
    sentence
        The same in a reader's words.
    """

    decision_value: float
    baseline: float
    log_odds_slope: float
    features: tuple[FeatureExplanation, ...]
    families: Mapping[FeatureFamily, float]
    sentence: str


def explain_decision(
    svm: FrozenSvm, features: NDArray[np.float64], quantiles: Mapping[str, ClassQuantiles] | None = None
) -> Explanation:
    """Explain Method B's decision on one lesion.

    Parameters
    ----------
    svm
        Method B's classifier.
    features
        float64, one value for each row of `FEATURES`.
    quantiles
        The cohort's, by feature name; none: percentiles are left out.
    """
    contributions = shapley_values(svm, features)
    told = tuple(
        _told(definition, float(value), float(contribution), (quantiles or {}).get(definition.name))
        for definition, value, contribution in zip(FEATURES, features, contributions, strict=True)
    )
    families = {
        family: float(sum(item.contribution for item in told if item.definition.family is family))
        for family in FeatureFamily
    }
    return Explanation(
        decision_value=float(svm.svm_decisions(features[None, :])[0]),
        baseline=baseline(svm),
        log_odds_slope=svm.sigmoid.slope,
        features=told,
        families=families,
        sentence=_sentence(told, families, informative=svm.sigmoid.informative),
    )


def _told(
    definition: FeatureDefinition, value: float, contribution: float, quantiles: ClassQuantiles | None
) -> FeatureExplanation:
    benign, malignant = (
        (None, None)
        if quantiles is None
        else (quantiles.benign.percentile(value), quantiles.malignant.percentile(value))
    )
    return FeatureExplanation(definition, value, benign, malignant, contribution)


def _sentence(
    features: tuple[FeatureExplanation, ...], families: Mapping[FeatureFamily, float], *, informative: bool
) -> str:
    """Name what speaks most for and most against malignancy, and by which measurement."""
    if not informative:
        return "Method B learnt nothing from its cohort: nothing about this lesion speaks for or against malignancy."
    ordered = sorted(families, key=lambda family: families[family])
    parts = [
        f"{direction} malignancy speaks most: {_family(family, features, sign)}."
        for direction, family, sign in (("For", ordered[-1], 1), ("Against", ordered[0], -1))
        if sign * families[family] > DECIDES_BELOW
    ]
    if not parts:
        return "Every feature is at the mean of the cohort: nothing speaks for or against malignancy."
    return " ".join([*parts, "This is how Method B weighs its measurements, not a cause."])


def _family(family: FeatureFamily, features: tuple[FeatureExplanation, ...], sign: int) -> str:
    """Tell a family by the feature in it that speaks loudest in its direction."""
    loudest = max((item for item in features if item.definition.family is family), key=lambda i: sign * i.contribution)
    definition = loudest.definition
    unit = "" if definition.unit == "1" else f" {definition.unit}"
    measured = f"{definition.name} {loudest.value:.3g}{unit}"
    return f"{family} ({measured}; higher would be: {definition.reads_as}{_where(loudest)})"


def _where(item: FeatureExplanation) -> str:
    if item.benign_percentile is None or item.malignant_percentile is None:
        return ""
    return (
        f"; higher than in {item.benign_percentile:.0f} % of benign and {item.malignant_percentile:.0f} % of malignant "
        "cases of the cohort"
    )
