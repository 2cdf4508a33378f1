"""What a cohort's values were, in ten bins, and how far what is served has moved from it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 10
ALERT = 0.25
"""Population stability index from which a shift is called one (Siddiqi, Credit Risk Scorecards, 2006)."""
FEWEST = 200
"""Values below which the index is noise: its mean without a shift is about 9 (1 / served + 1 / cohort)."""


@dataclass(frozen=True, slots=True)
class Binned:
    """One quantity of the cohort.

    Attributes
    ----------
    edges
        (9,) the deciles between the bins, ascending; a value on an edge is in the bin above it.
    shares
        (10,) share of the cohort in each bin; not 0.1 each where values are tied.
    """

    edges: NDArray[np.float64]
    shares: NDArray[np.float64]

    def bin_of(self, value: float) -> int:
        """Return the number of a value's bin, 0 to 9."""
        return int(np.searchsorted(self.edges, value, side="right"))


def binned(values: NDArray[np.float64]) -> Binned:
    """Bin (n,) values of a cohort at their deciles."""
    edges = np.quantile(values, np.arange(1, BINS) / BINS)
    counts = np.bincount(np.searchsorted(edges, values, side="right"), minlength=BINS)
    return Binned(edges, counts / len(values))


def stability_index(shares: NDArray[np.float64], counts: NDArray[np.float64]) -> float:
    """Return the population stability index, sum of (a - e) ln(a / e) over the bins (Siddiqi 2006); 0 without a shift.

    It is the sum of both Kullback-Leibler divergences. Half a value is added to each bin of either side, so that an
    empty one does not make it infinite.

    Parameters
    ----------
    shares
        (bins,) e: shares of the cohort.
    counts
        (bins,) number of served values in each.
    """
    served = float(counts.sum())
    expected = (shares * served + 0.5) / (served + len(shares) / 2)
    actual = (counts + 0.5) / (served + len(shares) / 2)
    return float(((actual - expected) * np.log(actual / expected)).sum())


Drift = Mapping[str, Binned]
"""By quantity: ``cnn``, ``lesion`` and ``ensemble`` for the probabilities, else a lesion feature's name."""
