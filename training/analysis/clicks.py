"""What moved marks say of a cohort: spreads, overlaps, and errors among the unstable and the others."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cadx.explain import ClickLimit
from cadx.robustness import RADII_MM, DiscRobustness, limit_disc
from training.analysis.errors import ErrorRate, error_rate


@dataclass(frozen=True, slots=True)
class MovedMarks:
    """Lesions assessed with their marks moved, out of fold.

    Attributes
    ----------
    rows
        (m,) of the cohort.
    discs
        Of each row, one a radius.
    """

    rows: NDArray[np.intp]
    discs: tuple[tuple[DiscRobustness, ...], ...]


@dataclass(frozen=True, slots=True)
class DiscFigures:
    """One radius: medians over lesions of the average's standard deviation and range, and of the outlines' overlap."""

    radius_mm: float
    median_sd: float
    median_range: float
    median_overlap: float
    refused: int


@dataclass(frozen=True, slots=True)
class ClickFigures:
    """How steady answers about a cohort are.

    Attributes
    ----------
    lesions
        Sampled.
    limit
        From which spread on an answer is called unstable.
    discs
        By radius.
    unstable, steady
        Errors of the ensemble among those that would be flagged, and among the others.
    """

    lesions: int
    limit: ClickLimit
    discs: tuple[DiscFigures, ...]
    unstable: ErrorRate
    steady: ErrorRate


def click_figures(moved: MovedMarks, limit: ClickLimit, wrong: NDArray[np.bool_]) -> ClickFigures:
    """Draw the figures.

    Parameters
    ----------
    wrong
        (n,) of every row of the cohort, whether the ensemble called it wrongly.
    """
    unstable = is_unstable(moved, limit)
    return ClickFigures(
        lesions=len(moved.rows),
        limit=limit,
        discs=tuple(_disc(moved, radius_mm) for radius_mm in RADII_MM),
        unstable=error_rate(wrong[moved.rows], unstable),
        steady=error_rate(wrong[moved.rows], ~unstable),
    )


def is_unstable(moved: MovedMarks, limit: ClickLimit) -> NDArray[np.bool_]:
    """Tell, (m,), which answers would be flagged."""
    discs = [limit_disc(each, limit.radius_mm) for each in moved.discs]
    return np.array([disc is not None and disc.probability.sd > limit.sd for disc in discs], dtype=np.bool_)


def _disc(moved: MovedMarks, radius_mm: float) -> DiscFigures:
    discs = [disc for each in moved.discs for disc in each if disc.radius_mm == radius_mm]
    spreads = [disc.probability for disc in discs]
    return DiscFigures(
        radius_mm=radius_mm,
        median_sd=float(np.median([spread.sd for spread in spreads])),
        median_range=float(np.median([spread.highest - spread.lowest for spread in spreads])),
        median_overlap=float(np.median([disc.mean_overlap for disc in discs])),
        refused=sum(disc.refused for disc in discs),
    )
