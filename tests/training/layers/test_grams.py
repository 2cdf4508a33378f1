import numpy as np
import pytest

from cadx.classify.gram import standardized_gram
from training.layers import grams
from training.layers.grams import FoldRows, fold_grams


@pytest.fixture
def matrix() -> np.ndarray:
    """Sparse, skewed columns of many scales, as a ReLU leaves them; some constant in all rows, some in most."""
    rng = np.random.default_rng(0)
    X = np.maximum(rng.standard_normal((60, 3000)), 0.0) * rng.lognormal(sigma=3.0, size=3000)
    X[:, ::7] = rng.random(len(X[0, ::7]))
    X[:40, 1::11] = 0.0
    return X.astype(np.float32)


def test_many_folds_at_once_equal_one_at_a_time(matrix: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grams, "COLUMNS_PER_BLOCK", 256)
    every = np.arange(60)
    folds = [
        FoldRows(every, every[:40]),
        FoldRows(every, every[20:]),
        FoldRows(every[10:50], every[10:40]),
        FoldRows(every[::2], every[::4]),
    ]
    for fold, got in zip(folds, fold_grams(matrix, folds), strict=True):
        learnt, wanted = standardized_gram(matrix, fold.training)
        assert got.n_features == learnt.n_features < 3000
        np.testing.assert_allclose(got.gram, wanted[np.ix_(fold.rows, fold.rows)], atol=2e-6 * np.abs(wanted).max())


def test_one_column_and_no_varying_column() -> None:
    X = np.array([[1.0], [2.0], [4.0]], dtype=np.float32)
    every = np.arange(3)
    (some,) = fold_grams(X, [FoldRows(every, every)])
    z = (X - X.mean()) / X.std()
    np.testing.assert_allclose(some.gram, z @ z.T, rtol=1e-5)
    (none,) = fold_grams(np.full((3, 5), 0.1, dtype=np.float32), [FoldRows(every, every)])
    assert none.n_features == 0
    assert not none.gram.any()
