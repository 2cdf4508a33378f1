"""Distances in whitened space."""

import numpy as np
import pytest

from cadx.classify import grouped_folds
from cadx.explain import fit_novelty
from cadx.explain.novelty import fit_whitening


def cohort(rows: int, columns: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(columns, columns)) / np.sqrt(columns)
    return np.asarray(rng.normal(size=(rows, columns)) @ mixing + 3)


def test_with_all_axes_it_is_the_mahalanobis_distance() -> None:
    X = cohort(400, 8)
    fresh = cohort(20, 8, seed=1)
    inverse = np.linalg.inv(np.cov(X.T, bias=True))
    centered = fresh - X.mean(axis=0)
    expected = np.sqrt(np.einsum("ij,jk,ik->i", centered, inverse, centered) / 8)
    assert fit_whitening(X).distances(fresh) == pytest.approx(expected, rel=1e-9)


def test_more_columns_than_rows_give_the_same_as_correlations() -> None:
    """Each column twice: as many directions, but the matrix of inner products is the smaller one."""
    X, fresh = cohort(60, 40), cohort(10, 40, seed=1)
    narrow, wide = fit_whitening(X), fit_whitening(np.hstack([X, X]))
    assert wide.axes.shape[0] == 80
    assert wide.variances == pytest.approx(2 * narrow.variances, rel=1e-9)
    assert np.abs(wide.coordinates(np.hstack([fresh, fresh]))) == pytest.approx(
        np.sqrt(2) * np.abs(narrow.coordinates(fresh)), rel=1e-7, abs=1e-9
    )


def test_constant_columns_do_not_count() -> None:
    X = np.hstack([cohort(100, 5), np.full((100, 2), 7.0)])
    assert np.isfinite(fit_whitening(X).distances(X)).all()


@pytest.mark.parametrize("columns", [12, 300])
def test_held_out_rows_are_flagged_at_the_stated_rate_and_others_far_more(columns: int) -> None:
    X = cohort(240, columns)
    folds = grouped_folds(np.arange(240) % 2, np.arange(240) // 2, 5, 0)
    novelty, held_out = fit_novelty(X, folds)
    assert np.mean(held_out > novelty.flagged_from()) == pytest.approx(0.025, abs=0.006)
    shifted = X + 6 * X.std(axis=0) * np.sign(np.random.default_rng(2).normal(size=columns))
    assert np.mean(novelty.whitening.distances(shifted) > novelty.flagged_from()) > 0.95
