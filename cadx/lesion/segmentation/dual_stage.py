"""Dual-stage segmentation: an RGI contour, then an active contour (after Yuan et al., Med. Phys. 2007;34:4180).

The second stage is a local form of Chan & Vese's model (Lankton & Tannenbaum, IEEE TIP 2008;17:2029): every pixel is
compared with the mean gray of the lesion and of its surroundings near that pixel, so that a background that is brighter
on one side does not pull the contour.
"""

from dataclasses import replace

import numpy as np

from cadx.lesion import kernels
from cadx.lesion.disc import disc_reach
from cadx.lesion.segmentation.growth import Growth
from cadx.lesion.segmentation.rgi import grow_by_radial_gradient
from cadx.lesion.segmentation.surface import GRID_SPACING_MM, Surface, box_size
from cadx.records import FloatImage, Mask

# The contour may move by this share of the first stage's effective radius, and by 1 mm at least.
BAND_SHARE = 0.30
BAND_MINIMUM_MM = 1.0
# Neighborhood of the local means: Gaussian of this share of the effective radius.
LOCAL_SHARE = 0.5
# Where the contour lies between the local mean outside (0) and inside (1). Half would be Chan & Vese's; a projected
# mass thins out towards its margin, where it is fainter than its mean: a sphere's shadow is outlined at 0.94 of its
# radius by 0.50 and at 0.97 by 0.35.
INSIDE_SHARE = 0.35
# Curvature: before each cut the region is smoothed by a Gaussian of this share of the effective radius and cut at half
# (Merriman, Bence & Osher 1994), which trims tails that are thin for the lesion's size.
BEND_SHARE = 0.10
# The contour keeps clear of the ROI's frame by this much of the grid, and by what `draw_region` may add.
FRAME_PX = 3
MOST_STEPS = 10
SETTLED_SHARE = 0.01


def grow_in_two_stages(surface: Surface, seed: tuple[int, int], diameter_mm: float | None = None) -> Growth:
    """Find a contour by the radial gradient, then let it settle between its inside and its surroundings."""
    first = grow_by_radial_gradient(surface, seed, diameter_mm)
    start = first.region & surface.tissue
    if not start.any():
        return replace(first, region=start)
    region, threshold, steps = _settle(surface, start)
    reason = f"{first.reason}; then {steps} steps of the active contour"
    return replace(first, region=region, threshold=threshold, reason=reason)


def _settle(surface: Surface, start: Mask) -> tuple[Mask, FloatImage, int]:
    """Move the contour until it changes by less than 1 % of its area, 10 steps at most."""
    radius_px = float(np.sqrt(np.count_nonzero(start) / np.pi))
    limit_px = max(BAND_MINIMUM_MM / GRID_SPACING_MM, BAND_SHARE * radius_px)
    free = kernels.dilate(start, disc_reach(limit_px)) & surface.tissue
    free[:FRAME_PX] = free[-FRAME_PX:] = free[:, :FRAME_PX] = free[:, -FRAME_PX:] = False
    core = ~kernels.dilate(~start, disc_reach(limit_px))
    sigma_px = max(2.0, LOCAL_SHARE * radius_px)
    box = _reach(free | start, int(3 * sigma_px) + 6)
    region, threshold, steps = kernels.settle(
        surface.gray[box],
        surface.tissue[box],
        start[box],
        free[box],
        core[box],
        size=box_size(sigma_px),
        bend_px=BEND_SHARE * radius_px,
        inside_share=INSIDE_SHARE,
        most_steps=MOST_STEPS,
        settled_share=SETTLED_SHARE,
    )
    full_region, full_threshold = np.zeros_like(start), surface.gray.copy()
    full_region[box], full_threshold[box] = kernels.fill_holes(region), threshold
    return full_region, full_threshold, steps


def _reach(mask: Mask, margin_px: int) -> tuple[slice, slice]:
    """Rectangle of a mask with room for what the local means reach."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return (
        slice(max(0, int(rows[0]) - margin_px), int(rows[-1]) + margin_px + 1),
        slice(max(0, int(columns[0]) - margin_px), int(columns[-1]) + margin_px + 1),
    )
