"""Region growing to the strongest edge.

The gray is freed of the background's trend and of what varies over more than 10 mm; bridges thinner than 2.4 mm are
cut by a grayscale opening; regions grow from the seed through every level at once. The level whose outline has the most
evidence is taken (`Candidates.evidence`), wherever the area jumps: on a sharp margin, the level just before the spill
would already lie in the foot of the edge.
"""

import numpy as np
from scipy import ndimage

from cadx.lesion.segmentation.candidates import nested_candidates
from cadx.lesion.segmentation.growth import Growth, choose
from cadx.lesion.segmentation.surface import GRID_SPACING_MM, Surface, near_mean
from cadx.records import Mask

BACKGROUND_MM = 10.0
BRIDGE_RADIUS_PX = 3


def grow_to_edge(surface: Surface, seed: tuple[int, int], diameter_mm: float | None = None) -> Growth:
    """Grow from the seed through every level; take the strongest outline."""
    sigma_px = BACKGROUND_MM / GRID_SPACING_MM
    tissue = np.where(surface.tissue, surface.gray, np.float32(0))
    cover = np.maximum(near_mean(surface.tissue, sigma_px), np.float32(1e-6))
    background = np.divide(near_mean(tissue, sigma_px), cover, dtype=np.float32)
    image = surface.gray - background
    image[~surface.tissue] = image[surface.tissue].min() if surface.tissue.any() else 0.0
    image = ndimage.grey_opening(image, footprint=_disc(BRIDGE_RADIUS_PX))
    candidates = nested_candidates(image, surface, seed, diameter_mm)
    growth = choose(candidates, lambda level: np.full(image.shape, level))
    return Growth(growth.region, growth.threshold + background, growth.outcome, growth.reason, growth.trace)


def _disc(radius_px: int) -> Mask:
    offsets = np.arange(-radius_px, radius_px + 1) ** 2
    return np.asarray(np.add.outer(offsets, offsets) <= radius_px**2 + 0.5)
