"""Errors of the ensemble at a probability of one half among parts of a cohort."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CALLED_MALIGNANT_FROM = 0.5


@dataclass(frozen=True, slots=True)
class ErrorRate:
    """Errors among some ROIs."""

    rois: int
    errors: int

    @property
    def rate(self) -> float | None:
        """Share of the ROIs; none where there are none."""
        return self.errors / self.rois if self.rois else None


def error_rate(wrong: NDArray[np.bool_], among: NDArray[np.bool_]) -> ErrorRate:
    """Count the ROIs that are wrong among those that are asked about."""
    return ErrorRate(rois=int(among.sum()), errors=int((wrong & among).sum()))
