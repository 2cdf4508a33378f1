"""From what the science says of an answer to the documents of `app.schemas.trust`."""

import base64
import io
import time
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.errors import PartUnavailable
from app.schemas.base import Answer, Part
from app.schemas.trust import (
    AtPrevalence,
    DiscFacts,
    ExplanationFacts,
    FeatureContribution,
    MapFacts,
    NoveltyFacts,
    ReliabilityFacts,
    RobustnessFacts,
    SimilarCaseFacts,
    SimilarFacts,
    SpreadFacts,
)
from cadx.assessment import Assessment
from cadx.branches import CNN, LESION
from cadx.bundle import Bundle
from cadx.explain import MEANING, at_prevalence, explain_decision, saliency_map, similar_cases
from cadx.records import ROI_SIZE_PX
from cadx.robustness import DiscRobustness, Spread

NEEDS = {
    Part.SIMILAR: "its cohort's cases, which `cadx-train fit --keep-cases` keeps",
    Part.RELIABILITY: "its cohort's distributions, which models of mammo-cadx 0.2.0 on hold",
}
"""Parts that not every model can give, and what they need of it."""


def parts_of(bundle: Bundle) -> tuple[Part, ...]:
    """Tell which parts a model can give."""
    lacking = {
        Part.SIMILAR: bundle.known_cases is None,
        Part.RELIABILITY: bundle.reference is None,
    }
    return tuple(part for part in Part if not lacking.get(part, False))


def refuse_unavailable(bundle: Bundle, parts: AbstractSet[Part]) -> None:
    """Refuse parts that a model cannot give.

    Raises
    ------
    PartUnavailable
        Names the first.
    """
    for part in sorted(parts - set(parts_of(bundle))):
        raise PartUnavailable(part.value, bundle.manifest.name, NEEDS[part])


def asked_parts(
    bundle: Bundle, assessment: Assessment, parts: AbstractSet[Part]
) -> tuple[dict[str, Answer], dict[str, float]]:
    """Make the parts of this module that are asked for; by name, with the wall time of each."""
    makers: Mapping[Part, Callable[[Bundle, Assessment], Answer]] = {
        Part.EXPLANATION: explanation_of,
        Part.MAP: map_of,
        Part.SIMILAR: similar_of,
        Part.RELIABILITY: reliability_of,
    }
    made: dict[str, Answer] = {}
    timings_ms = {}
    for part, make in makers.items():
        if part in parts:
            started = time.perf_counter()
            made[part.value] = make(bundle, assessment)
            timings_ms[part.value] = 1000 * (time.perf_counter() - started)
    return made, timings_ms


def explanation_of(bundle: Bundle, assessment: Assessment) -> ExplanationFacts:
    """Explain Method B's decision."""
    quantiles = None if bundle.reference is None else bundle.reference.quantiles
    found = explain_decision(bundle.classifiers.lesion, assessment.lesion_features, quantiles)
    return ExplanationFacts(
        sentence=found.sentence,
        decision_value=found.decision_value,
        baseline=found.baseline,
        log_odds_slope=found.log_odds_slope,
        families={str(family): value for family, value in found.families.items()},
        features=tuple(
            FeatureContribution(
                name=item.definition.name,
                family=str(item.definition.family),
                value=item.value,
                unit=item.definition.unit,
                reads_as=item.definition.reads_as,
                benign_percentile=item.benign_percentile,
                malignant_percentile=item.malignant_percentile,
                contribution=item.contribution,
            )
            for item in found.features
        ),
    )


def map_of(bundle: Bundle, assessment: Assessment) -> MapFacts:
    """Map Method A's decision."""
    found = saliency_map(bundle.backbone, bundle.classifiers.cnn, assessment.roi.gray)
    corners = assessment.roi.to_image(np.array([[0.0, 0.0], [ROI_SIZE_PX, ROI_SIZE_PX]]))
    (left, top), (right, bottom) = corners.tolist()
    rows, columns = found.values.shape
    return MapFacts(
        kind=found.kind.value,
        meaning=MEANING[found.kind],
        values=tuple(map(tuple, found.values.tolist())),
        left=left,
        top=top,
        cell_width=(right - left) / columns,
        cell_height=(bottom - top) / rows,
        decision_value=found.decision_value,
        baseline=found.baseline,
        passes=found.passes,
    )


def similar_of(bundle: Bundle, assessment: Assessment) -> SimilarFacts:
    """Find known cases that are like this one."""
    known = bundle.known_cases
    if known is None:
        raise PartUnavailable(Part.SIMILAR.value, bundle.manifest.name, NEEDS[Part.SIMILAR])
    found = similar_cases(known, assessment.cnn_features, assessment.lesion_features)
    return SimilarFacts(
        benign=found.benign,
        malignant=found.malignant,
        atypical=found.atypical,
        space=known.space.name,
        agreement=known.agreement,
        base_rate=known.base_rate,
        cases=tuple(
            SimilarCaseFacts(
                outcome="malignant" if case.malignant else "benign",
                distance=case.distance,
                thumbnail_png=None if case.thumbnail is None else _png(case.thumbnail),
            )
            for case in found.cases
        ),
    )


def reliability_of(bundle: Bundle, assessment: Assessment) -> ReliabilityFacts:
    """Hold an answer against the cohort."""
    reference = bundle.reference
    if reference is None:
        raise PartUnavailable(Part.RELIABILITY.value, bundle.manifest.name, NEEDS[Part.RELIABILITY])
    features: dict[str, NDArray[np.floating]] = {CNN: assessment.cnn_features, LESION: assessment.lesion_features}
    novelty = {}
    for branch, row in features.items():
        distance, cohort = reference.distance(branch, row), reference.novelty[branch]
        novelty[branch] = NoveltyFacts(
            distance=distance, flagged_from=cohort.flagged_from(), percentile=cohort.held_out.percentile(distance)
        )
    return ReliabilityFacts(
        novelty=novelty,
        novelty_false_alarm_rate=reference.novelty_flagged,
        difference=assessment.cnn_probability - assessment.lesion_probability,
        difference_range=(reference.difference_low, reference.difference_high),
        venn_abers=reference.venn_abers.pair(assessment.probability),
        conformal_set=reference.conformal.labels(assessment.probability),
        conformal_coverage=reference.conformal.coverage,
    )


def robustness_of(discs: Sequence[DiscRobustness]) -> RobustnessFacts:
    """Tell what became of the moved marks."""
    return RobustnessFacts(
        discs=tuple(
            DiscFacts(
                radius_mm=disc.radius_mm,
                points=disc.points,
                refused=disc.refused,
                probability=_spread(disc.probability),
                cnn_probability=_spread(disc.cnn_probability),
                lesion_probability=_spread(disc.lesion_probability),
                mean_overlap=disc.mean_overlap,
                least_overlap=disc.least_overlap,
            )
            for disc in discs
        )
    )


def _spread(spread: Spread) -> SpreadFacts:
    return SpreadFacts(lowest=spread.lowest, highest=spread.highest, sd=spread.sd)


def at_prevalence_of(bundle: Bundle, assessment: Assessment, prevalence: float | None) -> AtPrevalence | None:
    """Move the calibrated probability to a prevalence, where one is given."""
    if prevalence is None:
        return None
    cohort = bundle.manifest.cohort
    share = cohort.malignant_rois / cohort.rois
    moved = at_prevalence(assessment.calibrated_probability, share, prevalence)
    return AtPrevalence(prevalence=prevalence, cohort_share=share, calibrated_probability=moved)


def _png(picture: NDArray[np.uint8]) -> str:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format="PNG")
    return base64.b64encode(buffer.getvalue()).decode("ascii")
