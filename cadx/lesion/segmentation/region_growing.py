"""Multiple-transition-point gray-level region growing (Huo 1995, Li 2008, as reconstructed in METHODS 4.1)."""

import numpy as np

from cadx.lesion.segmentation.levels import contour_sums, joining_level, nested_shapes
from cadx.lesion.segmentation.records import Trace
from cadx.lesion.segmentation.surface import GRID_SPACING_MM, Surface
from cadx.records import Mask

LEVELS = 100
SMALLEST_AREA_MM2 = 3.0
TRANSITION_JUMP = 0.10


def grow_region(surface: Surface, seed: tuple[int, int]) -> tuple[Mask, Trace]:
    """Grow from the seed through every level; keep the transitions; choose the largest jump."""
    joins = joining_level(surface.gray, seed)
    top = float(joins.max())
    bottom = float(joins.min())
    level = np.linspace(top, bottom, LEVELS)
    step = max((top - bottom) / (LEVELS - 1), 1e-12)
    index = np.ceil((top - joins) / step - 1e-6).astype(np.intp)
    frame = ~surface.valid
    frame[0, :] = frame[-1, :] = frame[:, 0] = frame[:, -1] = True
    shapes = nested_shapes(index, LEVELS, frame)
    area_mm2 = shapes.area * GRID_SPACING_MM**2
    diameter = np.sqrt(area_mm2)
    jump = np.zeros(LEVELS)
    jump[:-1] = np.diff(diameter) / np.maximum(diameter[:-1], 1e-9)
    rows, columns = np.indices(surface.gray.shape, sparse=True)
    down, right = np.gradient(surface.gray)
    away_y, away_x = rows - seed[0], columns - seed[1]
    inward = -(right * away_x + down * away_y) / np.maximum(np.hypot(away_x, away_y), 1)
    length = contour_sums(index, LEVELS, np.ones_like(surface.gray))
    radial = contour_sums(index, LEVELS, inward) / np.maximum(length, 1)
    plausible = (area_mm2 >= SMALLEST_AREA_MM2) & ~shapes.at_frame
    transitions = tuple(int(k) for k in np.flatnonzero(plausible & (jump > TRANSITION_JUMP)))
    candidates = np.flatnonzero(plausible)
    chosen = int(candidates[np.argmax(radial[candidates])]) if len(candidates) else -1
    trace = Trace(level, area_mm2, shapes.circularity, shapes.irregularity, radial, transitions, chosen)
    return index <= chosen, trace
