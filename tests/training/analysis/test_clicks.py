"""Figures of moved marks, counted on spreads that are known."""

import numpy as np
import pytest

from cadx.explain import fit_click_limit
from cadx.robustness import RADII_MM, DiscRobustness, Spread
from training.analysis.clicks import MovedMarks, click_figures, is_unstable

LESIONS = 100


def disc(radius_mm: float, sd: float, points: int = 12) -> DiscRobustness:
    spread = Spread(0.5 - sd, 0.5 + 2 * sd, sd)
    return DiscRobustness(radius_mm, points, 12 - points, spread, spread, spread, 1 - sd, 1 - 2 * sd)


@pytest.fixture(scope="module")
def moved() -> MovedMarks:
    """Lesion k spreads by k / 1000 at 2 mm, half of it at 1 mm and twice at 3 mm."""
    discs = [tuple(disc(r, k / 1000 * f) for r, f in zip(RADII_MM, (0.5, 1, 2), strict=True)) for k in range(LESIONS)]
    return MovedMarks(np.arange(LESIONS) * 2, tuple(discs))


def test_the_limit_is_what_one_in_twenty_exceeds(moved: MovedMarks) -> None:
    limit = fit_click_limit([each[1].probability.sd for each in moved.discs], 2.0)
    assert (limit.sd, limit.lesions) == (0.095, LESIONS)
    assert is_unstable(moved, limit).sum() == 4
    assert fit_click_limit([0.1], 2.0).sd == 0.1


def test_errors_are_counted_apart(moved: MovedMarks) -> None:
    wrong = np.zeros(2 * LESIONS, dtype=np.bool_)
    wrong[[198, 196, 100, 1, 199]] = True  # the last two are of rows that were not sampled
    found = click_figures(moved, fit_click_limit([each[1].probability.sd for each in moved.discs], 2.0), wrong)
    assert (found.unstable.errors, found.unstable.rois) == (2, 4)
    assert (found.steady.errors, found.steady.rois) == (1, 96)
    assert [round(each.median_sd, 5) for each in found.discs] == [0.02475, 0.0495, 0.099]
    assert found.discs[1].median_range == pytest.approx(3 * 0.0495)
    assert found.discs[1].median_overlap == pytest.approx(1 - 0.0495)


def test_a_lesion_whose_marks_are_all_refused_is_not_called_unstable(moved: MovedMarks) -> None:
    nothing = MovedMarks(np.array([0]), (tuple(disc(radius, 0.4, points=0) for radius in RADII_MM),))
    assert not is_unstable(nothing, fit_click_limit([0.1], 2.0)).any()
