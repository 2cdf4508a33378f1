"""The linear SVM of very many rows, against scikit-learn's own parts."""

from typing import Any

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.feature_selection import VarianceThreshold
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from cadx.classify import LinearGrid, PolynomialSvm, grouped_folds
from cadx.errors import NoVaryingFeature, UnusableSetting

from .conftest import Cohort


@pytest.mark.parametrize("class_weight", [None, "balanced"])
def test_equals_grid_search_and_grouped_calibration_of_scikit_learn(cohort: Cohort, class_weight: Any) -> None:
    machine = LinearSVC(dual=False, class_weight=class_weight)
    pipeline = Pipeline([("vary", VarianceThreshold()), ("scale", StandardScaler()), ("svc", machine)])
    folds = [tuple(fold) for fold in grouped_folds(cohort.y, cohort.lesion, 5, 0)]
    grid = LinearGrid()
    searched = GridSearchCV(pipeline, {"svc__C": grid.C}, scoring="roc_auc", cv=folds).fit(cohort.X, cohort.y)
    calibrated = CalibratedClassifierCV(searched.best_estimator_, method="sigmoid", cv=folds, ensemble=False)
    calibrated.fit(cohort.X, cohort.y)
    svm = PolynomialSvm(grid, class_weight=class_weight).fit(cohort.X, cohort.y, cohort.lesion)
    theirs = np.stack([searched.cv_results_[f"split{k}_test_score"] for k in range(5)], axis=1)
    np.testing.assert_allclose(svm.search_scores_, theirs, atol=1e-9)
    assert svm.best_params_["C"] == searched.best_params_["svc__C"]
    assert svm.converged_
    new = np.random.default_rng(1).normal(size=(50, cohort.X.shape[1]))
    np.testing.assert_allclose(svm.freeze().svm_decisions(new), searched.decision_function(new), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(svm.predict_proba(new), calibrated.predict_proba(new), atol=1e-5)


def test_it_chooses_among_sets_of_columns(cohort: Cohort) -> None:
    candidates = {"noise": range(20, 25), "all": range(cohort.X.shape[1])}
    svm = PolynomialSvm(LinearGrid(), candidates=candidates).fit(cohort.X, cohort.y, cohort.lesion)
    assert svm.candidate_ == "all"
    assert svm.search_scores_.shape == (8, 5)


def test_what_cannot_be_fitted_is_refused(cohort: Cohort) -> None:
    with pytest.raises(NoVaryingFeature):
        PolynomialSvm(LinearGrid()).fit(np.ones_like(cohort.X), cohort.y, cohort.lesion)
    for values in ((), (0.0,), (float("nan"),)):
        with pytest.raises(UnusableSetting):
            LinearGrid(values)
