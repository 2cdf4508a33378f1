"""p-values adjusted for several comparisons: Bonferroni, as in the paper, and Holm, never weaker."""

from collections.abc import Sequence

import numpy as np


def bonferroni(p_values: Sequence[float]) -> tuple[float, ...]:
    """Return each p times the number of comparisons, at most 1."""
    return tuple(min(1.0, p * len(p_values)) for p in p_values)


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Return step-down adjusted p-values, in the order given (Holm, Scand. J. Stat. 6:65, 1979)."""
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    adjusted = np.empty(len(p))
    adjusted[order] = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    return tuple(float(value) for value in np.minimum(adjusted, 1.0))
