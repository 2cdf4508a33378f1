import io
from typing import Any

import joblib
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.calibration import CalibratedClassifierCV
from sklearn.feature_selection import VarianceThreshold
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from cadx.classify import PolynomialGrid, PolynomialSvm, SoftVote, fit_vote, grouped_folds, soft_vote
from cadx.classify.platt import fit_platt
from cadx.errors import (
    ClassifierError,
    FeaturesNotFinite,
    MoreThanTwoClasses,
    NoVaryingFeature,
    OneClassOnly,
    UnusableSetting,
)

from .conftest import Cohort

SMALL = PolynomialGrid(a=(0.1, 1.0), c=(0.0, 1.0), d=(1, 2, 3), C=(0.1, 1.0))


def _reference(cohort: Cohort, class_weight: str | None) -> tuple[GridSearchCV, CalibratedClassifierCV]:
    """The same classifier from scikit-learn's own parts."""
    n_features = int((np.ptp(cohort.X, axis=0) > 0).sum())
    pipeline = Pipeline(
        [
            ("vary", VarianceThreshold()),
            ("scale", StandardScaler()),
            ("svc", SVC(kernel="poly", class_weight=class_weight)),
        ]
    )
    grid: list[dict[str, list[Any]]] = [
        {"svc__gamma": [p.a / n_features], "svc__coef0": [p.c], "svc__degree": [p.d], "svc__C": [p.C]}
        for p in SMALL.points()
    ]
    folds = [tuple(fold) for fold in grouped_folds(cohort.y, cohort.lesion, 5, 0)]
    searched = GridSearchCV(pipeline, grid, scoring="roc_auc", cv=folds, refit=True).fit(cohort.X, cohort.y)
    calibrated = CalibratedClassifierCV(searched.best_estimator_, method="sigmoid", cv=folds, ensemble=False)
    return searched, calibrated.fit(cohort.X, cohort.y)


@pytest.mark.parametrize("class_weight", [None, "balanced"])
def test_equals_grid_search_and_grouped_calibration_of_scikit_learn(cohort: Cohort, class_weight: Any) -> None:
    searched, calibrated = _reference(cohort, class_weight)
    svm = PolynomialSvm(SMALL, class_weight=class_weight).fit(cohort.X, cohort.y, cohort.lesion)
    theirs = np.stack([searched.cv_results_[f"split{k}_test_score"] for k in range(5)], axis=1)
    np.testing.assert_allclose(svm.search_scores_, theirs, atol=1e-6)
    point = list(SMALL.points())[searched.best_index_]
    assert svm.best_params_ == point._asdict()
    assert svm.converged_
    new = np.random.default_rng(1).normal(size=(50, cohort.X.shape[1]))
    np.testing.assert_allclose(svm.predict_proba(new), calibrated.predict_proba(new), atol=1e-5)


def test_out_of_fold_decisions_have_the_winning_score(cohort: Cohort) -> None:
    svm = PolynomialSvm(SMALL).fit(cohort.X, cohort.y, cohort.lesion)
    folds = grouped_folds(cohort.y, cohort.lesion, 5, 0)
    aucs = [roc_auc_score(cohort.y[f.test], svm.out_of_fold_decisions_[f.test]) for f in folds]
    assert np.mean(aucs) == pytest.approx(svm.search_scores_.mean(axis=1).max(), abs=1e-9)


def test_threads_do_not_change_the_result(cohort: Cohort) -> None:
    one, two = (PolynomialSvm(SMALL, n_jobs=n).fit(cohort.X, cohort.y, cohort.lesion) for n in (1, 2))
    assert np.array_equal(one.search_scores_, two.search_scores_)
    assert np.array_equal(one.predict_proba(cohort.X), two.predict_proba(cohort.X))


def test_only_columns_that_vary_are_kept(cohort: Cohort) -> None:
    svm = PolynomialSvm(SMALL).fit(cohort.X, cohort.y, cohort.lesion)
    assert np.array_equal(svm.standardization_.columns, np.arange(25))
    changed = cohort.X.copy()
    changed[:, 25:] = -1e9
    assert np.array_equal(svm.predict_proba(changed), svm.predict_proba(cohort.X))


def test_a_constant_column_with_rounding_noise_is_dropped(cohort: Cohort) -> None:
    X = cohort.X.copy()
    X[:, 25] = 0.1 + 1e-18 * np.arange(len(X))
    X[::2, 26] = np.nextafter(3.0, 4.0)
    assert PolynomialSvm(SMALL).fit(X, cohort.y, cohort.lesion).standardization_.n_features == 25


def test_one_row_repeats_to_the_bit_and_does_not_feel_its_batch(cohort: Cohort) -> None:
    svm = PolynomialSvm(SMALL).fit(cohort.X, cohort.y, cohort.lesion)
    alone = svm.predict_proba(cohort.X[3:4])
    assert all(np.array_equal(svm.predict_proba(cohort.X[3:4]), alone) for _ in range(5))
    np.testing.assert_allclose(svm.predict_proba(cohort.X)[3:4], alone, rtol=0, atol=1e-9)


def test_joblib_brings_the_same_classifier_back(cohort: Cohort) -> None:
    svm = PolynomialSvm(SMALL).fit(cohort.X, cohort.y, cohort.lesion)
    file = io.BytesIO()
    joblib.dump(svm, file)
    file.seek(0)
    assert np.array_equal(joblib.load(file).predict_proba(cohort.X), svm.predict_proba(cohort.X))


def test_float32_features_are_kept_as_exactly_as_float64(cohort: Cohort) -> None:
    grid = PolynomialGrid(a=(1e4,), c=(0.0,), d=(9,), C=(1e9,))
    narrow = cohort.X.astype(np.float32)
    single = PolynomialSvm(grid).fit(narrow, cohort.y, cohort.lesion)
    double = PolynomialSvm(grid).fit(narrow.astype(np.float64), cohort.y, cohort.lesion)
    assert single.support_vectors_.dtype == np.float64
    assert len(single.support_vectors_) <= len(cohort.X)
    assert np.array_equal(single.predict_proba(narrow), double.predict_proba(narrow))


def test_wide_float32_features_match_the_narrow_block(cohort: Cohort, monkeypatch: pytest.MonkeyPatch) -> None:
    X = cohort.X.astype(np.float32)
    whole = PolynomialSvm(SMALL).fit(X, cohort.y, cohort.lesion)
    monkeypatch.setattr("cadx.classify.gram.COLUMNS_PER_BLOCK", 7)
    blocks = PolynomialSvm(SMALL).fit(X, cohort.y, cohort.lesion)
    assert whole.best_params_ == blocks.best_params_
    np.testing.assert_allclose(whole.predict_proba(X), blocks.predict_proba(X), atol=1e-6)


def _bad(X: NDArray[np.float64], value: float) -> NDArray[np.float64]:
    X = X.copy()
    X[4, 2] = value
    return X


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_features_that_are_not_finite_are_refused_with_their_place(cohort: Cohort, value: float) -> None:
    with pytest.raises(FeaturesNotFinite, match=r"1 value.* row 4, column 2"):
        PolynomialSvm(SMALL).fit(_bad(cohort.X, value), cohort.y, cohort.lesion)
    svm = PolynomialSvm(SMALL).fit(cohort.X, cohort.y, cohort.lesion)
    with pytest.raises(FeaturesNotFinite):
        svm.predict_proba(_bad(cohort.X, value))


def test_data_that_cannot_teach_are_refused(cohort: Cohort) -> None:
    svm = PolynomialSvm(SMALL)
    with pytest.raises(NoVaryingFeature, match="None of the 6 feature"):
        svm.fit(np.ones((len(cohort.X), 6)), cohort.y, cohort.lesion)
    with pytest.raises(OneClassOnly):
        svm.fit(cohort.X, np.ones(len(cohort.X), dtype=int), cohort.lesion)
    with pytest.raises(MoreThanTwoClasses, match="3 classes"):
        svm.fit(cohort.X, np.arange(len(cohort.X)) % 3, cohort.lesion)
    with pytest.raises(UnusableSetting, match="class_weight is none or 'balanced'"):
        PolynomialSvm(SMALL, class_weight="heavy").fit(cohort.X, cohort.y, cohort.lesion)  # type: ignore[arg-type]


def test_refusals_are_classifier_errors_and_value_errors() -> None:
    assert issubclass(FeaturesNotFinite, ClassifierError)
    assert issubclass(ClassifierError, ValueError)


def test_eight_lesions_of_either_truth_are_not_served_upside_down() -> None:
    """Wide features, a clear signal: the AUC within the folds is high, and folds shifted against one another before."""
    shifted = 0
    for seed in range(12):
        rng = np.random.default_rng([seed, 300])
        lesion = np.repeat(np.arange(16), 2)
        y = (np.arange(16) % 2)[lesion]
        X = rng.normal(size=(16, 300))[lesion] + 0.5 * rng.normal(size=(32, 300))
        X[:, :20] += y[:, None]
        svm = PolynomialSvm(SMALL, seed=seed).fit(X, y, lesion)
        shifted += fit_platt(svm.out_of_fold_decisions_, y == 1).slope <= 0
        assert svm.sigmoid_.slope > 0
        truth = np.tile([0, 1], 100)
        unseen = rng.normal(size=(200, 300))
        unseen[:, :20] += truth[:, None]
        assert roc_auc_score(truth, svm.predict_proba(unseen)[:, 1]) > 0.6
    assert shifted >= 3


def test_probabilities_follow_the_decision_values_of_any_fit() -> None:
    """Labels that mean nothing: many fits learn nothing; none may turn about."""
    for seed in range(12):
        rng = np.random.default_rng(seed)
        X, y = rng.normal(size=(24, 40)), rng.permutation(np.arange(24) % 2)
        svm = PolynomialSvm(SMALL, inner_folds=3, seed=seed).fit(X, y)
        new = rng.normal(size=(50, 40))
        order = np.argsort(svm.freeze().svm_decisions(new))
        assert np.all(np.diff(svm.predict_proba(new)[order, 1]) >= 0)
        if not svm.sigmoid_.informative:
            np.testing.assert_allclose(svm.predict_proba(new)[:, 1], 0.5)


def test_the_votes_sigmoid_puts_an_average_right() -> None:
    """Two independent branches, each calibrated: their average is too near one half."""
    rng = np.random.default_rng(0)
    positive = rng.random(4000) < 0.5
    d = 1.2
    p1, p2 = (expit(d * (d * positive - d / 2 + rng.normal(size=4000))) for _ in range(2))
    average = soft_vote(p1, p2)
    vote = fit_vote(p1[:2000], p2[:2000], positive[:2000], np.split(np.arange(2000), 5))
    assert vote.slope > 4.8
    assert vote(0.2, 0.4) == pytest.approx(0.3)
    rows = slice(2000, None)
    before, after = average[rows], vote.calibrated(average[rows])
    truth = positive[rows]
    assert np.mean((after - truth) ** 2) < np.mean((before - truth) ** 2)
    assert abs(np.mean(truth[after > 0.8]) - after[after > 0.8].mean()) < 0.03
    assert np.mean(truth[before > 0.8]) - before[before > 0.8].mean() > 0.05


def test_a_vote_without_a_sigmoid_leaves_the_average_and_one_that_learnt_nothing_says_so() -> None:
    assert SoftVote().calibrated(0.5) == pytest.approx(0.5)
    assert SoftVote().calibrated(0.4) == pytest.approx(0.4, abs=2e-3)
    assert SoftVote().informative
    positive = np.tile([True, False], 20)
    wrong = np.where(positive, 0.4, 0.6)
    vote = fit_vote(wrong, wrong, positive, np.split(np.arange(40), 4))
    assert not vote.informative
    assert vote.calibrated([0.0, 0.5, 1.0]) == pytest.approx([0.5] * 3)


def test_the_weight_of_a_vote_is_learnt_within_folds() -> None:
    rng = np.random.default_rng(3)
    positive = rng.random(1000) < 0.5
    good, poor = (expit(d * (positive - 0.5 + rng.normal(size=1000))) for d in (1.5, 0.3))
    folds = np.split(np.arange(1000), 5)
    poor[folds[0]] += 1  # a shift of a fold is nothing learnt
    learnt = fit_vote(good, poor, positive, folds, weighted=True)
    assert learnt.weight != 0.5
    assert fit_vote(poor, good, positive, folds, weighted=True).weight == pytest.approx(1 - learnt.weight)
    assert fit_vote(good, good, positive, folds, weighted=True).weight == 0.5
    assert fit_vote(good, poor, positive, folds).weight == 0.5
    assert SoftVote(weight=0.7)(1.0, 0.0) == pytest.approx(0.7)
    assert soft_vote(1.0, 0.0, 0.25) == 0.25


def test_a_set_of_columns_is_chosen_with_the_parameters(cohort: Cohort) -> None:
    """The set is one more axis of the grid: nothing else changes, and the columns that lost are not looked at."""
    width = cohort.X.shape[1]
    noise = np.random.default_rng(0).normal(size=cohort.X.shape)
    X = np.hstack([noise, cohort.X])
    sets = {"noise": range(width), "signal": range(width, 2 * width)}
    svm = PolynomialSvm(SMALL, candidates=sets).fit(X, cohort.y, cohort.lesion)
    alone = PolynomialSvm(SMALL).fit(cohort.X, cohort.y, cohort.lesion)
    assert svm.candidate_ == "signal"
    assert alone.candidate_ == "all"
    assert svm.search_scores_.shape == (2 * len(SMALL), 5)
    assert svm.best_params_ == alone.best_params_
    np.testing.assert_allclose(svm.predict_proba(X), alone.predict_proba(cohort.X), atol=1e-12)
    changed = np.hstack([-noise, cohort.X])
    np.testing.assert_array_equal(svm.freeze().predict_proba(changed), svm.predict_proba(X))
    first = PolynomialSvm(SMALL, candidates={"one": range(width), "same": range(width)})
    assert first.fit(cohort.X, cohort.y, cohort.lesion).candidate_ == "one"


@pytest.mark.parametrize("columns", [[], [-1], [0, 999], [1, 0], [0, 0]])
def test_sets_that_name_no_columns_are_refused(cohort: Cohort, columns: list[int]) -> None:
    with pytest.raises(UnusableSetting, match="candidates"):
        PolynomialSvm(SMALL, candidates={"odd": columns}).fit(cohort.X, cohort.y, cohort.lesion)


def test_soft_vote_is_the_mean() -> None:
    np.testing.assert_array_equal(soft_vote([0.2, 1.0], [0.4, 0.0]), [0.30000000000000004, 0.5])
    assert SoftVote()(0.2, 0.4) == pytest.approx(0.3)
