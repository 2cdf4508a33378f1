"""Why this number, and when not to believe it: explanation, map, known cases, novelty, sets and pairs of probabilities.

::

    from cadx.explain import explain_decision, saliency_map, similar_cases

`CohortReference` is what a model keeps of its cohort for this, all distributions; `KnownCases` are single cases, which
a bundle holds only where whoever fitted it asked for that. A model without either gives what needs neither.
"""

from cadx.explain.click import ClickLimit, fit_click_limit
from cadx.explain.conformal import ConformalLimits, fit_conformal
from cadx.explain.drift import Binned, stability_index
from cadx.explain.explanation import Explanation, FeatureExplanation, explain_decision
from cadx.explain.known_cases import Cohort, known_cases
from cadx.explain.novelty import Novelty, Whitening, fit_novelty
from cadx.explain.prevalence import at_prevalence
from cadx.explain.reference import CohortReference, fit_reference
from cadx.explain.saliency import MEANING, MapKind, SaliencyMap, saliency_map
from cadx.explain.shapley import baseline, shapley_values
from cadx.explain.similar import KnownCases, SimilarCase, SimilarCases, similar_cases
from cadx.explain.venn_abers import VennAbers, fit_venn_abers

__all__ = [
    "MEANING",
    "Binned",
    "ClickLimit",
    "Cohort",
    "CohortReference",
    "ConformalLimits",
    "Explanation",
    "FeatureExplanation",
    "KnownCases",
    "MapKind",
    "Novelty",
    "SaliencyMap",
    "SimilarCase",
    "SimilarCases",
    "VennAbers",
    "Whitening",
    "at_prevalence",
    "baseline",
    "explain_decision",
    "fit_click_limit",
    "fit_conformal",
    "fit_novelty",
    "fit_reference",
    "fit_venn_abers",
    "known_cases",
    "saliency_map",
    "shapley_values",
    "similar_cases",
    "stability_index",
]
