"""The self-test: a model assesses the reference image it came with, and must say what it said when it was fitted.

That decides whether this version may use the model: not version numbers, which change though no answer does, but the
answers themselves. Whatever was redefined since (a feature, an outline, the resampling) shows here, by the name
of what differs.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cadx.assessment import Assessment, assess
from cadx.classify import soft_vote
from cadx.errors import BundleDefinitionChanged, BundleIncompatible, CadxError
from cadx.model import Model
from cadx.records import LesionCenter, Mammogram

TOLERANCE: Final = 1e-5
"""Of probabilities, and of features as a share of their size. Libraries and processors differ by some 1e-7."""
NEAR_ZERO: Final = 1e-9
"""Of features that are zero but for rounding."""
VOTE_TOLERANCE: Final = 1e-12


@dataclass(frozen=True, slots=True)
class ReferenceAnswers:
    """What a model said of its reference image when it was fitted.

    Attributes
    ----------
    features
        Lesion features by name.
    probabilities
        ``cnn_probability``, ``lesion_probability``, ``probability`` and ``calibrated_probability``.
    """

    features: Mapping[str, float]
    probabilities: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Reference:
    """A synthetic image, a mark in it, and what is to be said of it."""

    mammogram: Mammogram
    center: LesionCenter
    answers: ReferenceAnswers


def reference_answers(name: str, model: Model, mammogram: Mammogram, center: LesionCenter) -> ReferenceAnswers:
    """Assess the reference image.

    Raises
    ------
    BundleIncompatible
        When that fails, or gives no probabilities, or the third is not what the two others vote.
    """
    try:
        answer = assess(model, mammogram, center)
    except CadxError as error:
        raise BundleIncompatible(name, f"it cannot assess its reference image ({error.code})") from error
    except Exception as error:
        raise BundleIncompatible(name, f"it cannot assess its reference image ({type(error).__name__})") from error
    answers = _answers(answer)
    if not all(math.isfinite(value) and 0 <= value <= 1 for value in answers.probabilities.values()):
        raise BundleIncompatible(name, "what it gives for its reference image are not probabilities")
    weight = model.classifiers.ensemble.weight
    vote = float(soft_vote(answer.cnn_probability, answer.lesion_probability, weight))
    if abs(answer.probability - vote) > VOTE_TOLERANCE:
        raise BundleIncompatible(
            name, f"its probability of the reference image is {answer.probability}, and its branches vote {vote}"
        )
    return answers


def self_test(name: str, model: Model, reference: Reference) -> None:
    """Hold a model's answers for its reference image against those it gave when it was fitted.

    Also pays for what the first inference of a process sets up.

    Parameters
    ----------
    name
        The model's name, for messages.

    Raises
    ------
    BundleDefinitionChanged
        Naming the first feature, or else probability, that differs by more than 1e-5 (of features: of their size).
    BundleIncompatible
        When there is no answer to compare.
    """
    found = reference_answers(name, model, reference.mammogram, reference.center)
    expected = reference.answers
    differing = [
        feature
        for feature, value in expected.features.items()
        if feature in found.features and not _agree(value, found.features[feature], TOLERANCE * abs(value) + NEAR_ZERO)
    ] + [
        which
        for which, value in expected.probabilities.items()
        if not _agree(value, found.probabilities[which], TOLERANCE)
    ]
    if differing:
        first = differing[0]
        raise BundleDefinitionChanged(
            name,
            quantity=first,
            expected={**expected.features, **expected.probabilities}[first],
            found={**found.features, **found.probabilities}[first],
            differing=len(differing),
            compared=len(expected.features) + len(expected.probabilities),
        )


def _agree(expected: float, found: float, tolerance: float) -> bool:
    return abs(expected - found) <= tolerance


def _answers(answer: Assessment) -> ReferenceAnswers:
    return ReferenceAnswers(
        features={feature.definition.name: feature.value for feature in answer.features},
        probabilities={
            "cnn_probability": answer.cnn_probability,
            "lesion_probability": answer.lesion_probability,
            "probability": answer.probability,
            "calibrated_probability": answer.calibrated_probability,
        },
    )
