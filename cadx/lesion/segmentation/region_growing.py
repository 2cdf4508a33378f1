"""Multiple-transition-point gray-level region growing (Huo 1995, Li 2008; reconstructed, see docs/methods.md 4.1).

Our reconstruction: the gray is freed of the background's trend and of what varies over more than 10 mm; bridges thinner
than 2.4 mm are cut by a grayscale opening; regions grow from the seed through every level at once; a transition is a
level after which the effective diameter jumps. Of the plateaus between transitions the one that holds the strongest
outline is taken, and on it the level of that outline: on a sharp margin, the level just before the spill would already
lie in the foot of the edge.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cadx.lesion.segmentation.candidates import Candidates, nested_candidates
from cadx.lesion.segmentation.growth import Growth, choose
from cadx.lesion.segmentation.surface import GRID_SPACING_MM, Surface, near_mean

BACKGROUND_MM = 10.0
BRIDGE_RADIUS_PX = 3
TRANSITION_JUMP = 0.02


def grow_region(surface: Surface, seed: tuple[int, int]) -> Growth:
    """Grow from the seed through every level; take the strongest outline between the transitions."""
    sigma_px = BACKGROUND_MM / GRID_SPACING_MM
    tissue = np.where(surface.tissue, surface.gray, np.float32(0))
    cover = np.maximum(near_mean(surface.tissue, sigma_px), np.float32(1e-6))
    background = np.divide(near_mean(tissue, sigma_px), cover, dtype=np.float32)
    image = surface.gray - background
    image[~surface.tissue] = image[surface.tissue].min() if surface.tissue.any() else 0.0
    image = ndimage.grey_opening(image, footprint=_disc(BRIDGE_RADIUS_PX))
    candidates = nested_candidates(image, surface, seed)
    jumps = _diameter_jumps(candidates)
    transitions = tuple(int(number) for number in np.flatnonzero(jumps & candidates.plausible))
    levels = candidates.level.astype(np.float32)[:, None, None]
    growth = choose(candidates, transitions, levels)
    return Growth(growth.region, growth.threshold + background, growth.outcome, growth.reason, growth.trace)


def _diameter_jumps(candidates: Candidates) -> NDArray[np.bool_]:
    """Levels at whose next step the effective diameter grows by more than 2 %."""
    diameter = np.sqrt(candidates.area_mm2)
    jumps = np.zeros(len(diameter), dtype=np.bool_)
    jumps[:-1] = np.diff(diameter) > TRANSITION_JUMP * diameter[:-1]
    return jumps


def _disc(radius_px: int) -> NDArray[np.bool_]:
    offsets = np.arange(-radius_px, radius_px + 1) ** 2
    return np.asarray(np.add.outer(offsets, offsets) <= radius_px**2 + 0.5)
