import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cadx.classify import grouped_folds
from cadx.errors import OneClassOnly, TooFewGroups


@settings(max_examples=60, deadline=None)
@given(
    benign=st.lists(st.integers(1, 8), min_size=5, max_size=25),
    malignant=st.lists(st.integers(1, 8), min_size=5, max_size=25),
    seed=st.integers(0, 1000),
)
def test_every_fold_holds_both_classes_and_no_lesion_is_split(
    benign: list[int], malignant: list[int], seed: int
) -> None:
    sizes = benign + malignant
    lesion = np.repeat(np.arange(len(sizes)), sizes)
    y = (lesion >= len(benign)).astype(int)
    shuffle = np.random.default_rng(seed).permutation(len(y))
    lesion, y = lesion[shuffle], y[shuffle]
    folds = grouped_folds(y, lesion, 5, seed)
    assert np.array_equal(np.sort(np.concatenate([fold.test for fold in folds])), np.arange(len(y)))
    for fold in folds:
        assert not set(lesion[fold.train]) & set(lesion[fold.test])
        assert np.array_equal(np.union1d(fold.train, fold.test), np.arange(len(y)))
        assert set(y[fold.test]) == {0, 1} == set(y[fold.train])


def test_folds_hold_near_their_share_of_each_class() -> None:
    rng = np.random.default_rng(1)
    lesion = rng.integers(0, 219, 607)
    y = (rng.random(219) < 0.57).astype(int)[lesion]
    counts = np.array([np.bincount(y[fold.test], minlength=2) for fold in grouped_folds(y, lesion, 5, 0)])
    assert np.abs(counts - counts.mean(axis=0)).max() <= 2


def test_patients_with_both_classes_are_dealt_whole() -> None:
    patient = np.repeat([f"p{i:02d}" for i in range(20)], 3)
    y = np.tile([0, 0, 1], 20)
    for fold in grouped_folds(y, patient, 5, 3):
        assert len(set(patient[fold.test])) == 4


def test_the_seed_alone_decides() -> None:
    y = np.tile([0, 1], 30)
    first, again, other = (grouped_folds(y, None, 5, seed) for seed in (1, 1, 2))
    assert all(np.array_equal(a.test, b.test) for a, b in zip(first, again, strict=True))
    assert any(not np.array_equal(a.test, b.test) for a, b in zip(first, other, strict=True))


def test_too_few_lesions_are_named_by_class() -> None:
    lesion = np.repeat(np.arange(9), 4)
    y = (lesion >= 6).astype(int)
    with pytest.raises(TooFewGroups, match=r"9 lesions or patients \(6 of class 0, 3 of class 1\).* 5 folds") as raised:
        grouped_folds(y, lesion, 5, 0)
    assert raised.value.code == "too_few_groups"


@pytest.mark.parametrize("n_folds", [-1, 0, 1])
def test_fewer_than_two_folds_are_refused(n_folds: int) -> None:
    with pytest.raises(TooFewGroups):
        grouped_folds([0, 1, 0, 1], None, n_folds, 0)


def test_one_class_is_refused() -> None:
    with pytest.raises(OneClassOnly, match="All 4 rows are of one class, 1"):
        grouped_folds([1, 1, 1, 1], None, 2, 0)


def test_folds_that_are_asked_for_again_are_the_callers_own() -> None:
    labels, groups = np.tile([0, 1], 10), np.arange(20)
    first, again = grouped_folds(labels, groups, 2, 0), grouped_folds(labels, groups, 2, 0)
    first[0].train[:] = -1
    assert (again[0].train >= 0).all()
    assert (grouped_folds(labels, groups, 2, 0)[0].train >= 0).all()
