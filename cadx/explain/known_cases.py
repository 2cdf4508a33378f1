"""Choosing, from a cohort alone, the space in which its lesions are compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cadx.branches import CNN, LESION
from cadx.classify import Split
from cadx.classify.auc import empirical_aucs
from cadx.explain.novelty import Whitening, fit_whitening
from cadx.explain.similar import NEAR_UP_TO, Axes, KnownCases, Space, nearest_lesions

Matrix = NDArray[np.float64]
Labels = NDArray[np.bool_]
Numbers = NDArray[np.intp]

BRANCHES: Final[Mapping[str, tuple[str, ...]]] = {
    "lesion features": (LESION,),
    "CNN features": (CNN,),
    "features of both branches": (CNN, LESION),
}
SCALINGS: Final = ("as spread", "whitened", "whitened and weighed by |2 AUC - 1|")


@dataclass(frozen=True, slots=True)
class Agreement:
    """How well a space brings lesions of one outcome together, each without its own patient.

    Attributes
    ----------
    by_row
        (n,) share of the nearest lesions with the row's own outcome.
    nearest
        (n,) distance of the nearest lesion.
    """

    by_row: Matrix
    nearest: Matrix

    @property
    def mean(self) -> float:
        """Over all rows."""
        return float(self.by_row.mean())


@dataclass(frozen=True, slots=True)
class Cohort:
    """Cases to compare with.

    Attributes
    ----------
    features
        By branch, (n, columns).
    malignant, lesions, patients
        (n,) outcome, number of the lesion, number of what is left out together.
    folds
        None splits a patient.
    """

    features: Mapping[str, NDArray[np.floating]]
    malignant: Labels
    lesions: Numbers
    patients: Numbers
    folds: Sequence[Split]


def known_cases(cohort: Cohort, thumbnails: NDArray[np.uint8] | None = None) -> KnownCases:
    """Keep a cohort's cases, in the space of highest leave-one-patient-out agreement; of equals, the first.

    Whitening knows no outcome and is fitted to all rows; weights do, and a row's agreement is found with those of the
    folds that it is not in.
    """
    fitted = {branch: fit_whitening(cohort.features[branch]) for branch in (CNN, LESION)}
    tried = [(branches, scaling) for scaling in SCALINGS for branches in BRANCHES]
    found = [space_agreement(cohort, fitted, *choice) for choice in tried]
    best = max(range(len(tried)), key=lambda number: (round(found[number].mean, 12), -number))
    space = fit_space(cohort, fitted, *tried[best], np.arange(len(cohort.malignant)))
    return KnownCases(
        space=space,
        coordinates=space.coordinates(cohort.features[CNN], cohort.features[LESION]),
        malignant=cohort.malignant,
        lesions=cohort.lesions,
        atypical_beyond=float(np.quantile(found[best].nearest, NEAR_UP_TO)),
        agreement=found[best].mean,
        base_rate=base_rate(cohort),
        thumbnails=thumbnails,
    )


def fit_space(cohort: Cohort, fitted: Mapping[str, Whitening], branches: str, scaling: str, rows: Numbers) -> Space:
    """Make one space; the outcomes of other rows than `rows` are not looked at."""
    axes = tuple(
        Axes(branch, fitted[branch], _weights(cohort, branch, fitted[branch], scaling, rows))
        for branch in BRANCHES[branches]
    )
    return Space(f"{branches}, {scaling}", axes)


def space_agreement(cohort: Cohort, fitted: Mapping[str, Whitening], branches: str, scaling: str) -> Agreement:
    """Return a space's agreement, every row's with weights that have not seen its outcome."""
    by_row, nearest = np.empty(len(cohort.malignant)), np.empty(len(cohort.malignant))
    everyone = Split(train=np.arange(len(by_row)), test=np.arange(len(by_row)))
    for fold in cohort.folds if scaling == SCALINGS[-1] else (everyone,):
        space = fit_space(cohort, fitted, branches, scaling, fold.train)
        coordinates = space.coordinates(cohort.features[CNN], cohort.features[LESION])
        for row in fold.test:
            others = np.flatnonzero(cohort.patients != cohort.patients[row])
            distances = np.sqrt(((coordinates[others] - coordinates[row]) ** 2).sum(axis=1))
            rows = nearest_lesions(distances, cohort.lesions[others])
            by_row[row] = (cohort.malignant[others[rows]] == cohort.malignant[row]).mean()
            nearest[row] = distances[rows[0]]
    return Agreement(by_row, nearest)


def base_rate(cohort: Cohort) -> float:
    """Return the mean share of other patients' lesions with a row's own outcome: agreement of a space without a say."""
    _, first = np.unique(cohort.lesions, return_index=True)
    malignant, patients = cohort.malignant[first], cohort.patients[first]
    shares = [
        float((malignant[patients != patient] == label).mean())
        for patient, label in zip(cohort.patients, cohort.malignant, strict=True)
    ]
    return float(np.mean(shares))


def _weights(cohort: Cohort, branch: str, whitening: Whitening, scaling: str, rows: Numbers) -> Matrix:
    """Weigh a part so that the cohort's mean squared distance from its mean is 1, whichever branch and scaling."""
    spread = np.sqrt(whitening.variances)
    if scaling == SCALINGS[0]:
        weights = np.ones_like(spread)
    elif scaling == SCALINGS[1]:
        weights = 1 / spread
    else:
        along = whitening.coordinates(cohort.features[branch][rows])
        weights = np.abs(2 * empirical_aucs(np.ascontiguousarray(along.T), cohort.malignant[rows]) - 1) / spread
    size = float(np.sqrt(((weights * spread) ** 2).sum()))
    return weights / size if size > 0 else np.ones_like(spread)
