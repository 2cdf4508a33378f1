import dataclasses

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from cadx.classify import FrozenSvm, PolynomialGrid, PolynomialKernel, PolynomialSvm
from cadx.classify.gram import Standardization
from cadx.classify.platt import PlattSigmoid
from cadx.errors import FeaturesNotFinite

from .conftest import Cohort

GRID = PolynomialGrid(a=(0.1, 1.0), c=(0.0, 1.0), d=(1, 2, 3), C=(0.1, 1.0))
EPSILON_SUMS = 1e-14
"""Of the sum of |alpha K|: what float64 may lose over the support vectors."""


@pytest.fixture
def fitted(cohort: Cohort) -> PolynomialSvm:
    return PolynomialSvm(GRID).fit(cohort.X, cohort.y, cohort.lesion)


@pytest.fixture
def new_rows(cohort: Cohort) -> np.ndarray:
    return np.random.default_rng(2).normal(size=(200, cohort.X.shape[1]))


def test_the_frozen_form_gives_the_estimators_very_probabilities(fitted: PolynomialSvm, new_rows: np.ndarray) -> None:
    frozen = fitted.freeze()
    assert np.array_equal(frozen.predict_proba(new_rows), fitted.predict_proba(new_rows))
    assert np.array_equal(frozen.decision_function(new_rows), fitted.decision_function(new_rows))


@pytest.mark.parametrize("width", [25, 4096])
@pytest.mark.parametrize("degree", [1, 2, 3])
@pytest.mark.parametrize("coef0", [0.0, 1.0])
def test_decision_values_are_those_of_scikit_learns_svc(width: int, degree: int, coef0: float) -> None:
    random = np.random.default_rng(3)
    training, new_rows = (random.normal(size=(rows, width)).astype(np.float32) for rows in (120, 80))
    labels = np.arange(120) % 2
    training[:, :4] += labels[:, None]
    scaler = StandardScaler().fit(training.astype(np.float64))
    scaled = scaler.transform(new_rows.astype(np.float64))
    svc = SVC(kernel="poly", gamma=1 / width, coef0=coef0, degree=degree)
    svc.fit(scaler.transform(training.astype(np.float64)), labels)
    frozen = FrozenSvm(
        classes=(0, 1),
        n_features_in=width,
        standardization=Standardization(np.arange(width), scaler.mean_, scaler.scale_),
        kernel=PolynomialKernel(gamma=1 / width, coef0=coef0, degree=degree),
        C=1.0,
        support_vectors=svc.support_vectors_,
        dual_coef=svc.dual_coef_[0],
        intercept=float(svc.intercept_[0]),
        sigmoid=PlattSigmoid(1.0, 0.0),
    )
    kernel = (scaled @ svc.support_vectors_.T / width + coef0) ** degree
    allowed = EPSILON_SUMS * np.abs(kernel * svc.dual_coef_[0]).sum(axis=1)
    difference = np.abs(frozen.svm_decisions(new_rows) - svc.decision_function(scaled))
    assert np.all(difference <= allowed), (difference / allowed).max()


def test_nothing_is_rounded(fitted: PolynomialSvm, cohort: Cohort) -> None:
    frozen = fitted.freeze()
    for values in (frozen.support_vectors, frozen.dual_coef, frozen.standardization.mean, frozen.standardization.scale):
        assert values.dtype == np.float64
    rows = (cohort.X[:, frozen.standardization.columns] - frozen.standardization.mean) / frozen.standardization.scale
    nearest = np.abs(rows[:, None, :] - frozen.support_vectors[None]).max(axis=2).min(axis=0)
    assert nearest.max() < 1e-13


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_features_that_are_not_finite_are_refused(fitted: PolynomialSvm, new_rows: np.ndarray, value: float) -> None:
    new_rows[4, 2] = value
    with pytest.raises(FeaturesNotFinite, match="row 4, column 2"):
        fitted.freeze().predict_proba(new_rows)


def test_another_number_of_columns_is_refused(fitted: PolynomialSvm, new_rows: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"where \(n, 30\) is expected"):
        fitted.freeze().predict_proba(new_rows[:, 1:])


def test_it_cannot_be_changed(fitted: PolynomialSvm) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        fitted.freeze().intercept = 0.0  # type: ignore[misc]
