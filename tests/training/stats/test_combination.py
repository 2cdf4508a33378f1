import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from cadx.classify import PolynomialGrid, PolynomialSvm, soft_vote
from training.cross_validation import Evaluation, nested_cross_validation
from training.stats.combination import _weighted, combinations

GRID = PolynomialGrid(a=(1.0,), c=(1.0,), d=(1,), C=(0.1, 1.0))


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    """A branch that knows something and one that knows nothing."""
    rng = np.random.default_rng(5)
    lesion = np.repeat(np.arange(60), 3)
    y = (np.arange(60) % 2)[lesion]
    strong = rng.normal(size=(180, 5)) + 0.8 * y[:, None]
    return nested_cross_validation(
        {"strong": strong, "noise": rng.normal(size=(180, 5))}, y, lesion, PolynomialSvm(GRID)
    )


def test_the_average_is_the_soft_vote(evaluation: Evaluation) -> None:
    average = combinations(evaluation)[0]
    strong, noise = evaluation.branches.values()
    np.testing.assert_allclose(average.probabilities, soft_vote(strong.probabilities, noise.probabilities))
    assert evaluation.ensemble is not None
    assert average.fold_aucs == evaluation.ensemble.fold_aucs
    assert average.mean_auc == pytest.approx(evaluation.ensemble.mean_auc)


def test_learnt_rules_find_out_which_branch_knows(evaluation: Evaluation) -> None:
    found = {one.name: one for one in combinations(evaluation)}
    assert list(found) == ["average", "average of log-odds", "weighted", "stacked"]
    assert found["weighted"].mean_auc > 0.65
    assert all(abs(strong) > abs(noise) for _, strong, noise in found["stacked"].learnt)
    assert found["stacked"].mean_auc > found["average"].mean_auc


def test_the_weight_goes_to_the_branch_that_knows() -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(200) % 2 == 0
    inner = np.column_stack([np.where(labels, 0.6, 0.4) + 0.1 * rng.normal(size=200), rng.random(200)])
    combined, (weight,) = _weighted(inner, labels, np.array([[1.0, 0.0]]))
    assert weight > 0.8
    assert combined[0] == pytest.approx(weight)
    _, (indifferent,) = _weighted(np.column_stack([inner[:, 0], inner[:, 0]]), labels, inner)
    assert indifferent == 0.5


def test_learnt_rules_never_see_the_outer_test_rows(evaluation: Evaluation) -> None:
    """Turning the labels of one outer fold's test rows about leaves what is learnt for that fold as it was."""
    from dataclasses import replace

    flipped = evaluation.labels.copy()
    flipped[evaluation.folds[2].test] = ~flipped[evaluation.folds[2].test]
    before = {one.name: one.learnt[2] for one in combinations(evaluation)}
    after = {one.name: one.learnt[2] for one in combinations(replace(evaluation, labels=flipped))}
    assert before == after


def test_fold_aucs_are_those_of_the_probabilities(evaluation: Evaluation) -> None:
    for one in combinations(evaluation):
        for fold, auc in zip(evaluation.folds, one.fold_aucs, strict=True):
            assert auc == pytest.approx(roc_auc_score(evaluation.labels[fold.test], one.probabilities[fold.test]))
