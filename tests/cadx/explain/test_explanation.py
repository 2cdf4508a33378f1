"""The explanation of one decision, in numbers and in words."""

from pathlib import Path

import numpy as np
import pytest

from cadx.assessment import Assessment, assess
from cadx.bundle import Bundle, load_bundle
from cadx.explain import explain_decision
from cadx.explain.explanation import ClassQuantiles
from cadx.explain.percentiles import quantiles_of
from cadx.lesion import FEATURES, FeatureFamily
from cadx.mammogram import read_mammogram
from training.cohort.cases import Case


@pytest.fixture(scope="module")
def bundle(bundle_folder: Path) -> Bundle:
    return load_bundle(bundle_folder)


@pytest.fixture(scope="module")
def assessment(bundle: Bundle, unseen_phantom: Case) -> Assessment:
    mammogram = read_mammogram(unseen_phantom.image, policy=bundle.policy)
    return assess(bundle, mammogram, unseen_phantom.center)


def test_it_adds_up(bundle: Bundle, assessment: Assessment) -> None:
    svm = bundle.classifiers.lesion
    found = explain_decision(svm, assessment.lesion_features)
    total = sum(item.contribution for item in found.features)
    assert found.baseline + total == pytest.approx(found.decision_value, rel=1e-9)
    assert sum(found.families.values()) == pytest.approx(total, rel=1e-9)
    log_odds = found.log_odds_slope * found.decision_value + svm.sigmoid.intercept
    assert 1 / (1 + np.exp(-log_odds)) == pytest.approx(assessment.lesion_probability, rel=1e-9)


def test_percentiles_are_of_either_class(bundle: Bundle, assessment: Assessment) -> None:
    names = [feature.name for feature in FEATURES]
    value = assessment.lesion_features[0]
    below, above = quantiles_of(value - np.arange(1, 101.0)), quantiles_of(value + np.arange(1, 101.0))
    quantiles = {names[0]: ClassQuantiles(benign=below, malignant=above)}
    found = explain_decision(bundle.classifiers.lesion, assessment.lesion_features, quantiles)
    assert (found.features[0].benign_percentile, found.features[0].malignant_percentile) == (99, 1)
    assert found.features[1].benign_percentile is None


def test_the_sentence_names_the_loudest_family_and_feature(bundle: Bundle, assessment: Assessment) -> None:
    found = explain_decision(bundle.classifiers.lesion, assessment.lesion_features)
    families = found.families
    most = max(families, key=lambda family: families[family])
    least = min(families, key=lambda family: families[family])
    loudest = max(
        (item for item in found.features if item.definition.family is most), key=lambda item: item.contribution
    )
    if families[most] > 0:
        assert f"For malignancy speaks most: {most} ({loudest.definition.name}" in found.sentence
        assert loudest.definition.reads_as in found.sentence
    if families[least] < 0:
        assert f"Against malignancy speaks most: {least}" in found.sentence
    assert set(families) == set(FeatureFamily)


def test_the_mean_of_the_cohort_explains_nothing(bundle: Bundle) -> None:
    svm = bundle.classifiers.lesion
    mean = np.zeros(len(FEATURES))
    mean[svm.standardization.columns] = svm.standardization.mean
    found = explain_decision(svm, mean)
    assert max(abs(item.contribution) for item in found.features) < 1e-12
    if svm.sigmoid.informative:
        assert found.sentence.startswith("Every feature is at the mean")
