"""Where a value stands among a cohort's: quantiles that are kept, percentiles that are told."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEVELS = tuple(range(1, 100))
"""Percent. Neither the smallest nor the largest value of a cohort is kept: each is one patient's."""
Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Quantiles:
    """A distribution as its 1 % to 99 % quantiles.

    Attributes
    ----------
    values
        (99,) ascending.
    """

    values: Values

    def percentile(self, value: float) -> float:
        """Return the percent of the cohort that lies below a value, 1 to 99; ties count half.

        1 stands for 1 or less, 99 for 99 or more.
        """
        below, not_above = (float(np.searchsorted(self.values, value, side=side)) for side in ("left", "right"))
        if below == not_above and 0 < below < len(self.values):
            low, high = self.values[int(below) - 1], self.values[int(below)]
            return float(below + (value - low) / (high - low))
        return float(np.clip((below + 1 + not_above) / 2, LEVELS[0], LEVELS[-1]))


def quantiles_of(values: Values) -> Quantiles:
    """Return the quantiles of (n,) values, by linear interpolation between order statistics (Hyndman & Fan, type 7)."""
    return Quantiles(np.quantile(values, np.array(LEVELS) / 100))
