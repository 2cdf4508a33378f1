"""Shapley values against the definition: every subset of the features."""

from itertools import combinations
from math import factorial

import numpy as np
import pytest
from numpy.typing import NDArray

from cadx.classify import FrozenSvm, PolynomialKernel
from cadx.classify.gram import Standardization
from cadx.classify.platt import PlattSigmoid
from cadx.explain import baseline, shapley_values
from cadx.explain.saliency import average_gradient


def svm_of(degree: int, features: int = 6, vectors: int = 5, coef0: float = 0.7) -> FrozenSvm:
    """An SVM with random numbers, which drops one of its columns."""
    rng = np.random.default_rng(degree)
    columns = np.delete(np.arange(features + 1), 2)
    learnt = Standardization(columns, rng.normal(size=features), rng.uniform(0.5, 2, size=features))
    return FrozenSvm(
        classes=(0, 1),
        n_features_in=features + 1,
        standardization=learnt,
        kernel=PolynomialKernel(0.3, coef0, degree),
        C=1.0,
        support_vectors=rng.normal(size=(vectors, features)),
        dual_coef=rng.normal(size=vectors),
        intercept=0.4,
        sigmoid=PlattSigmoid(1.0, 0.0),
    )


def by_definition(svm: FrozenSvm, features: NDArray[np.float64]) -> NDArray[np.float64]:
    """Average the gain of each feature over every order in which features may be told (Shapley 1953)."""
    mean = np.zeros(svm.n_features_in)
    mean[svm.standardization.columns] = svm.standardization.mean
    everyone = range(svm.n_features_in)

    def decision(told: tuple[int, ...]) -> float:
        mixed = mean.copy()
        mixed[list(told)] = features[list(told)]
        return float(svm.svm_decisions(mixed[None, :])[0])

    values = np.zeros(svm.n_features_in)
    for feature in everyone:
        others = [other for other in everyone if other != feature]
        for size in range(len(others) + 1):
            share = factorial(size) * factorial(len(others) - size) / factorial(len(others) + 1)
            for told in combinations(others, size):
                values[feature] += share * (decision((*told, feature)) - decision(told))
    return values


@pytest.mark.parametrize("degree", [1, 2, 3, 4, 5])
def test_equal_to_the_definition_at_every_degree(degree: int) -> None:
    svm, lesion = svm_of(degree), np.random.default_rng(99).normal(size=7)
    expected = by_definition(svm, lesion)
    assert np.abs(shapley_values(svm, lesion) - expected).max() < 1e-12 * np.abs(expected).max()
    assert shapley_values(svm, lesion)[2] == 0


@pytest.mark.parametrize("degree", [1, 2, 3, 7])
def test_adds_up_to_decision_value_less_baseline(degree: int) -> None:
    svm = svm_of(degree, features=39, vectors=200)
    lesion = np.random.default_rng(1).normal(size=40)
    decision = float(svm.svm_decisions(lesion[None, :])[0])
    assert shapley_values(svm, lesion).sum() == pytest.approx(decision - baseline(svm), rel=1e-10)


def test_baseline_is_the_decision_on_the_cohorts_mean() -> None:
    svm = svm_of(3)
    mean = np.zeros(7)
    mean[svm.standardization.columns] = svm.standardization.mean
    assert baseline(svm) == pytest.approx(float(svm.svm_decisions(mean[None, :])[0]), rel=1e-12)


@pytest.mark.parametrize("degree", [1, 2, 3, 6])
def test_average_gradient_adds_up_as_well(degree: int) -> None:
    svm, lesion = svm_of(degree), np.random.default_rng(3).normal(size=7)
    standardized = svm.standardization.apply(lesion[None, :])[0]
    decision = float(svm.svm_decisions(lesion[None, :])[0])
    assert float(average_gradient(svm, lesion) @ standardized) == pytest.approx(decision - baseline(svm), rel=1e-10)


def test_average_gradient_is_the_mean_of_the_gradients_on_the_way() -> None:
    svm, lesion = svm_of(3), np.random.default_rng(4).normal(size=7)
    learnt = svm.standardization
    z = learnt.apply(lesion[None, :])[0]
    step = 1e-5

    def decision(standardized: NDArray[np.float64]) -> float:
        return float(svm.kernel(svm.support_vectors @ standardized) @ svm.dual_coef)

    ways = (np.arange(400) + 0.5) / 400
    gradients = [
        [(decision(t * z + step * axis) - decision(t * z - step * axis)) / (2 * step) for axis in np.eye(len(z))]
        for t in ways
    ]
    assert average_gradient(svm, lesion) == pytest.approx(np.mean(gradients, axis=0), rel=1e-4, abs=1e-6)
