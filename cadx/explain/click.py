"""From what spread of moved marks on an answer is called unstable: one number of a cohort."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

STEADY_SHARE = 0.95
"""Of the sampled lesions, whose standard deviation is not above the limit."""


@dataclass(frozen=True, slots=True)
class ClickLimit:
    """How far the average of the branches moves with the mark in a cohort.

    Attributes
    ----------
    radius_mm
        Of the disc that the marks were moved over.
    sd
        Standard deviation of the average's probability that 95 % of the lesions do not exceed, out of fold.
    lesions
        How many it was taken from.
    """

    radius_mm: float
    sd: float
    lesions: int


def fit_click_limit(sds: Sequence[float], radius_mm: float) -> ClickLimit:
    """Take the limit from the standard deviations of a sample of lesions, one each: one of them, never one between."""
    sd = np.quantile(np.asarray(sds, dtype=np.float64), STEADY_SHARE, method="higher")
    return ClickLimit(radius_mm, float(sd), len(sds))
