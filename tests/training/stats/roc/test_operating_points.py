import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from tests.training.stats.conftest import Clustered
from training.stats.roc.operating_points import at_sensitivity, at_specificity, operating_point


def test_counts_are_those_of_the_confusion_matrix(clustered: Clustered) -> None:
    point = operating_point(clustered.labels, clustered.first, clustered.lesion, 0.5)
    tn, fp, fn, tp = confusion_matrix(clustered.labels, clustered.first >= 0.5).ravel()
    assert point.sensitivity.value == pytest.approx(tp / (tp + fn))
    assert point.specificity.value == pytest.approx(tn / (tn + fp))
    assert point.sensitivity.low < point.sensitivity.value < point.sensitivity.high


@pytest.mark.parametrize("target", [0.5, 0.9, 0.95, 1.0])
def test_the_threshold_just_reaches_its_target(clustered: Clustered, target: float) -> None:
    labels, scores, lesion = clustered.labels, clustered.first, clustered.lesion
    sensitive = at_sensitivity(labels, scores, lesion, target)
    assert sensitive.sensitivity.value >= target
    higher = operating_point(labels, scores, lesion, np.nextafter(sensitive.threshold, np.inf))
    assert higher.sensitivity.value < target
    specific = at_specificity(labels, scores, lesion, target)
    assert specific.specificity.value >= target
    lower = operating_point(labels, scores, lesion, np.nextafter(specific.threshold, -np.inf))
    assert lower.specificity.value < target


def test_tied_scores_are_called_together() -> None:
    point = at_specificity([0, 0, 0, 0, 1], [0.1, 0.5, 0.5, 0.9, 0.9], np.arange(5), 0.5)
    assert point.specificity.value == 0.75
