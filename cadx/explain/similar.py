"""The lesions of the cohort that are most like the one that is asked about, with what they turned out to be."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cadx.branches import CNN
from cadx.explain.novelty import Whitening

Matrix = NDArray[np.float64]
NEAREST = 10
"""Lesions that are shown and counted."""
NEAR_UP_TO = 0.95
"""Share of the cohort's lesions whose own nearest lies within the distance from which a case is called atypical."""


@dataclass(frozen=True, slots=True)
class Axes:
    """One branch's part of a space.

    Attributes
    ----------
    branch
        Whose features.
    whitening
        Gives the coordinates.
    weights
        (k,) of each of them.
    """

    branch: str
    whitening: Whitening
    weights: Matrix

    def coordinates(self, X: NDArray[np.floating]) -> Matrix:
        """Return (n, k) coordinates of (n, columns) features."""
        return self.whitening.coordinates(X) * self.weights


@dataclass(frozen=True, slots=True)
class Space:
    """In which lesions are compared."""

    name: str
    axes: tuple[Axes, ...]

    def coordinates(self, cnn: NDArray[np.floating], lesion: NDArray[np.floating]) -> Matrix:
        """Return (n, k) coordinates of lesions with these features."""
        return np.hstack([axes.coordinates(cnn if axes.branch == CNN else lesion) for axes in self.axes])


@dataclass(frozen=True, slots=True)
class KnownCases:
    """Cases of the cohort with known outcome: derived from patients.

    Attributes
    ----------
    coordinates
        (n, k) of each ROI.
    malignant
        (n,) outcome.
    lesions
        (n,) number of the lesion; views of one lesion count once.
    atypical_beyond
        Distance to the nearest lesion beyond which nothing is near.
    agreement
        Leave-one-patient-out: mean share of the nearest lesions with the lesion's own outcome.
    base_rate
        That share among lesions drawn at random.
    thumbnails
        (n, size, size) uint8 pictures of the regions; none unless they were kept.
    """

    space: Space
    coordinates: Matrix
    malignant: NDArray[np.bool_]
    lesions: NDArray[np.intp]
    atypical_beyond: float
    agreement: float
    base_rate: float
    thumbnails: NDArray[np.uint8] | None = None


@dataclass(frozen=True, slots=True)
class SimilarCase:
    """One lesion of the cohort; `row` is its nearest ROI."""

    row: int
    malignant: bool
    distance: float
    thumbnail: NDArray[np.uint8] | None


@dataclass(frozen=True, slots=True)
class SimilarCases:
    """The nearest lesions, nearest first.

    Attributes
    ----------
    atypical
        Whether even the nearest is farther than the cohort's lesions are from theirs: then they are no comparison.
    """

    cases: tuple[SimilarCase, ...]
    atypical: bool

    @property
    def malignant(self) -> int:
        """How many of them were malignant."""
        return sum(case.malignant for case in self.cases)

    @property
    def benign(self) -> int:
        """How many of them were benign."""
        return len(self.cases) - self.malignant


def similar_cases(known: KnownCases, cnn: NDArray[np.floating], lesion: NDArray[np.floating]) -> SimilarCases:
    """Find the nearest known lesions of one lesion, by its CNN and its lesion features."""
    here = known.space.coordinates(cnn[None, :], lesion[None, :])[0]
    distances = np.sqrt(((known.coordinates - here) ** 2).sum(axis=1))
    cases = tuple(
        SimilarCase(
            row,
            bool(known.malignant[row]),
            float(distances[row]),
            None if known.thumbnails is None else known.thumbnails[row],
        )
        for row in nearest_lesions(distances, known.lesions)
    )
    return SimilarCases(cases, atypical=cases[0].distance > known.atypical_beyond)


def nearest_lesions(distances: Matrix, lesions: NDArray[np.intp], count: int = NEAREST) -> list[int]:
    """Return the nearest row of each of the nearest lesions, nearest first."""
    order = np.argsort(distances, kind="stable")
    _, first = np.unique(lesions[order], return_index=True)
    return [int(row) for row in order[np.sort(first)[:count]]]
