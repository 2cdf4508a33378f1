import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from cadx.classify import PolynomialGrid, PolynomialSvm, grouped_folds, soft_vote
from cadx.errors import TooFewGroups
from training.cross_validation import nested_cross_validation

GRID = PolynomialGrid(a=(1.0,), c=(1.0,), d=(1, 3), C=(1.0,))


def _random_labels(seed: int) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """80 lesions of four near-identical ROIs each, whose labels have nothing to do with their features."""
    rng = np.random.default_rng(seed)
    lesion = np.repeat(np.arange(80), 4)
    X = rng.normal(size=(80, 25))[lesion] + 0.05 * rng.normal(size=(320, 25))
    return X, rng.permutation(np.arange(80) % 2)[lesion], lesion


def test_nothing_leaks_when_folds_keep_lesions_whole() -> None:
    """Random labels must give AUC 0.5; the same rows split by ROI show what a leak would report."""
    grouped, by_roi = [], []
    for seed in range(8):
        X, y, lesion = _random_labels(seed)
        grouped.append(nested_cross_validation({"cnn": X}, y, lesion, PolynomialSvm(GRID)).branches["cnn"].mean_auc)
        if seed < 2:
            by_roi.append(nested_cross_validation({"cnn": X}, y, None, PolynomialSvm(GRID)).branches["cnn"].mean_auc)
    assert abs(np.mean(grouped) - 0.5) < 0.05
    assert np.mean(by_roi) > 0.95


def test_both_branches_and_their_vote_share_the_outer_folds() -> None:
    X, y, lesion = _random_labels(0)
    X = X + 0.5 * y[:, None]
    told: list[tuple[int, int]] = []
    evaluation = nested_cross_validation(
        {"cnn": X[:, :15], "lesion": X[:, 15:]},
        y,
        lesion,
        PolynomialSvm(GRID),
        n_folds=4,
        seed=3,
        progress=lambda done, total: told.append((done, total)),
    )
    assert told == [(i + 1, 8) for i in range(8)]
    for fold, expected in zip(evaluation.folds, grouped_folds(y, lesion, 4, 3), strict=True):
        np.testing.assert_array_equal(fold.test, expected.test)
    cnn, lesions, ensemble = evaluation.classifiers
    assert (cnn.name, lesions.name, ensemble.name) == ("cnn", "lesion", "ensemble")
    np.testing.assert_allclose(ensemble.probabilities, soft_vote(cnn.probabilities, lesions.probabilities))
    assert ensemble.seconds == pytest.approx(cnn.seconds + lesions.seconds)
    for branch in evaluation.classifiers:
        aucs = [roc_auc_score(y[fold.test], branch.probabilities[fold.test]) for fold in evaluation.folds]
        assert branch.fold_aucs == pytest.approx(aucs)
        assert branch.mean_auc == pytest.approx(np.mean(aucs))
        assert branch.sd_auc == pytest.approx(np.std(aucs, ddof=1))
    np.testing.assert_array_equal(np.bincount(evaluation.fold_of_row), [len(fold.test) for fold in evaluation.folds])
    assert [len(inner) for inner in cnn.inner_probabilities] == [len(fold.train) for fold in evaluation.folds]


def test_each_row_is_judged_by_a_classifier_that_never_saw_its_fold() -> None:
    X, y, lesion = _random_labels(1)
    evaluation = nested_cross_validation({"cnn": X}, y, lesion, PolynomialSvm(GRID), n_folds=3)
    fold = evaluation.folds[1]
    svm = PolynomialSvm(GRID).fit(X[fold.train], y[fold.train], lesion[fold.train])
    np.testing.assert_array_equal(
        evaluation.branches["cnn"].probabilities[fold.test], svm.predict_proba(X[fold.test])[:, 1]
    )


def test_one_branch_has_no_vote_and_the_seed_decides() -> None:
    X, y, lesion = _random_labels(2)
    one, again = (nested_cross_validation({"cnn": X}, y, lesion, PolynomialSvm(GRID), n_folds=3) for _ in range(2))
    assert one.ensemble is None
    np.testing.assert_array_equal(one.branches["cnn"].probabilities, again.branches["cnn"].probabilities)


def test_too_few_lesions_for_the_folds_are_refused() -> None:
    X, y, lesion = _random_labels(2)
    with pytest.raises(TooFewGroups, match=r"40 of class False, 40 of class True|40 of class 0, 40 of class 1"):
        nested_cross_validation({"cnn": X}, y, lesion, PolynomialSvm(GRID), n_folds=50)
