"""The labels that a probability does not rule out: a conformal set with a chosen coverage of each label."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

COVERAGE = 0.95


@dataclass(frozen=True, slots=True)
class ConformalLimits:
    """Up to which probability ``benign`` stays in the set, and from which on ``malignant`` does.

    Attributes
    ----------
    benign_up_to
        Highest probability of malignancy that benign cases have often enough; 1 where there are too few to say.
    malignant_from
        Lowest that malignant cases have often enough; 0 where there are too few to say.
    coverage
        Share of the cases of each label whose set holds their label.
    """

    benign_up_to: float
    malignant_from: float
    coverage: float = COVERAGE

    def labels(self, probability: float) -> tuple[str, ...]:
        """Return the set: both labels, one, or, where neither is like the cohort's, none."""
        found = {"benign": probability <= self.benign_up_to, "malignant": probability >= self.malignant_from}
        return tuple(label for label, kept in found.items() if kept)


def fit_conformal(
    probabilities: NDArray[np.float64], positive: NDArray[np.bool_], coverage: float = COVERAGE
) -> ConformalLimits:
    """Find the limits, label by label (Mondrian conformal prediction; Vovk, Gammerman & Shafer 2005, section 4.5).

    A label stays in the set as long as its p-value, (1 + number of its calibration cases that are no more typical) /
    (1 + number of its calibration cases), is above 1 - coverage.

    Parameters
    ----------
    probabilities
        (n,) of malignancy, of rows that the classifier was not fitted on.
    positive
        (n,) whether a row is malignant.
    coverage
        Wanted for each label, between 0 and 1.
    """
    benign = _limit(np.sort(probabilities[~positive]), coverage)
    malignant = _limit(np.sort(-probabilities[positive]), coverage)
    return ConformalLimits(
        benign_up_to=1.0 if benign is None else benign,
        malignant_from=0.0 if malignant is None else -malignant,
        coverage=coverage,
    )


def _limit(ascending: NDArray[np.float64], coverage: float) -> float | None:
    """Return the largest strangeness with p-value above 1 - coverage; none where no value is too strange."""
    rank = int(np.ceil(coverage * (len(ascending) + 1) - 1e-9))
    return float(ascending[rank - 1]) if rank <= len(ascending) else None
