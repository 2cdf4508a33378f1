"""Radial gradient index segmentation (Kupinski & Giger, IEEE TMI 1998;17:510)."""

import numpy as np
from numpy.typing import NDArray

from cadx.lesion.segmentation.candidates import nested_candidates
from cadx.lesion.segmentation.growth import Growth, choose
from cadx.lesion.segmentation.surface import GRID_SIZE, GRID_SPACING_MM, Surface

# Half of the mean diameter (12 to 14 mm) of the lesions in Huynh 2016, section 2.1.
CONSTRAINT_MM = 6.0


def grow_by_radial_gradient(surface: Surface, seed: tuple[int, int], diameter_mm: float | None = None) -> Growth:
    """Threshold the gray under a Gaussian about the seed; take the contour of most radial-gradient evidence.

    h = f exp(-r^2 / (2 s^2)) with s = 6 mm; the gradient is that of the unconstrained f. The published choice is the
    largest RGI; ours weighs RGI with the mean gradient and the square root of the diameter (`Candidates.evidence`),
    which measured better (docs/decisions/segmentation.md). A reader's diameter takes the place of the mean one: s is
    half of it, and the evidence is weighed by it.
    """
    constraint_mm = CONSTRAINT_MM if diameter_mm is None else diameter_mm / 2
    base = float(surface.gray.min())
    squared_mm2 = _squared_distance_mm2(seed)
    constraint = np.exp(-squared_mm2 / (2 * constraint_mm**2)).astype(np.float32)
    candidates = nested_candidates((surface.gray - base) * constraint, surface, seed, diameter_mm)
    return choose(candidates, lambda level: (level / np.maximum(constraint, 1e-6) + base).astype(np.float32))


def _squared_distance_mm2(seed: tuple[int, int]) -> NDArray[np.float64]:
    along = (np.arange(GRID_SIZE) * GRID_SPACING_MM)[:, None] - np.array(seed) * GRID_SPACING_MM
    return np.asarray(np.add.outer(along[:, 0] ** 2, along[:, 1] ** 2))
