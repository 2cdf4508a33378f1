"""What a model keeps of its cohort so that one answer can be held against it; every number is an aggregate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cadx.branches import CNN, ENSEMBLE, LESION
from cadx.classify import Split
from cadx.explain.click import ClickLimit
from cadx.explain.conformal import ConformalLimits, fit_conformal
from cadx.explain.drift import Drift, binned
from cadx.explain.explanation import ClassQuantiles
from cadx.explain.novelty import Novelty, fit_novelty
from cadx.explain.percentiles import quantiles_of
from cadx.explain.venn_abers import VennAbers, fit_venn_abers
from cadx.flags import Flag, FlagCode
from cadx.lesion import FEATURES

AGREEING_SHARE = 0.95
"""Of the cohort's ROIs, held out, whose branches differ by no more than the range that is kept."""
Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CohortReference:
    """The cohort's distributions; all that need probabilities are from folds that held the rows out.

    Attributes
    ----------
    quantiles
        Of each lesion feature by name, among benign and among malignant ROIs.
    difference_low, difference_high
        Middle 95 % of Method A's probability less Method B's.
    novelty
        By branch, how far ROIs of the cohort lie from the rest of it.
    novelty_flagged
        Share of the cohort's ROIs, held out, that at least one branch would flag as unlike the cohort.
    venn_abers, conformal
        Of the average of the branches' probabilities.
    drift
        Bins of the probabilities and of each lesion feature.
    click
        What spread of moved marks is unusual; none for a model that was fitted without `--robustness`.
    """

    quantiles: Mapping[str, ClassQuantiles]
    difference_low: float
    difference_high: float
    novelty: Mapping[str, Novelty]
    novelty_flagged: float
    venn_abers: VennAbers
    conformal: ConformalLimits
    drift: Drift
    click: ClickLimit | None = None

    def flags(
        self, probabilities: Mapping[str, float], features: Mapping[str, NDArray[np.floating]]
    ) -> tuple[Flag, ...]:
        """Tell what is unlike the cohort in one answer.

        Parameters
        ----------
        probabilities, features
            By branch; features are (columns,).
        """
        difference = probabilities[CNN] - probabilities[LESION]
        found = []
        if not self.difference_low <= difference <= self.difference_high:
            found.append(
                Flag(
                    FlagCode.BRANCHES_DISAGREE,
                    f"Method A says {probabilities[CNN]:.2f} and method B {probabilities[LESION]:.2f}: further apart "
                    "than for 95 % of the cohort.",
                    {"difference": difference, "low": self.difference_low, "high": self.difference_high},
                )
            )
        for branch, words in ((CNN, "CNN features"), (LESION, "lesion features")):
            distance, limit = self.distance(branch, features[branch]), self.novelty[branch].flagged_from()
            if distance > limit:
                found.append(
                    Flag(
                        FlagCode.UNLIKE_COHORT,
                        f"The {words} are further from the model's cohort than those of 39 of 40 of its own cases.",
                        {"branch": branch, "distance": distance, "limit": limit},
                    )
                )
        return tuple(found)

    def distance(self, branch: str, features: NDArray[np.floating]) -> float:
        """Return the whitened distance of one lesion's features from a branch's cohort."""
        return float(self.novelty[branch].whitening.distances(features[None, :])[0])


def fit_reference(
    cnn: NDArray[np.floating],
    lesion: Vector,
    malignant: NDArray[np.bool_],
    probabilities: Mapping[str, Vector],
    folds: Sequence[Split],
) -> CohortReference:
    """Take the distributions of a cohort.

    Parameters
    ----------
    cnn, lesion
        (n, columns) features of both branches; lesion features in the order of `FEATURES`.
    malignant
        (n,) outcome.
    probabilities
        By classifier, (n,) out-of-fold.
    folds
        Those that held the rows out.
    """
    fitted = {CNN: fit_novelty(cnn, folds), LESION: fit_novelty(lesion, folds)}
    flagged = np.any([distances > novelty.flagged_from() for novelty, distances in fitted.values()], axis=0)
    rest = (1 - AGREEING_SHARE) / 2
    low, high = np.quantile(probabilities[CNN] - probabilities[LESION], [rest, 1 - rest])
    columns = {feature.name: lesion[:, column] for column, feature in enumerate(FEATURES)}
    return CohortReference(
        quantiles={
            name: ClassQuantiles(quantiles_of(values[~malignant]), quantiles_of(values[malignant]))
            for name, values in columns.items()
        },
        difference_low=float(low),
        difference_high=float(high),
        novelty={branch: novelty for branch, (novelty, _) in fitted.items()},
        novelty_flagged=float(flagged.mean()),
        venn_abers=fit_venn_abers(probabilities[ENSEMBLE], malignant),
        conformal=fit_conformal(probabilities[ENSEMBLE], malignant),
        drift={name: binned(values) for name, values in {**probabilities, **columns}.items()},
    )
