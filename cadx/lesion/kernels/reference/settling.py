"""The second stage of dual-stage segmentation: a local active contour, cut by cut."""

import numpy as np

from cadx.lesion.kernels.reference.flooding import main_piece
from cadx.lesion.kernels.reference.smoothing import box_means, gaussian
from cadx.records import FloatImage, Mask

BEND_TRUNCATE = 2.5


def settle(
    surface_gray: FloatImage,
    tissue: Mask,
    start: Mask,
    free: Mask,
    core: Mask,
    size: int,
    bend_px: float,
    inside_share: float,
    most_steps: int,
    settled_share: float,
) -> tuple[Mask, FloatImage, int]:
    """Cut between the local means inside and outside until the region settles.

    Parameters
    ----------
    surface_gray
        float32, (rows, columns).
    tissue, start, free, core
        bool, the same shape: what counts; the region to begin with; where the contour may move; what stays inside.
    size
        Of the boxes of the local means, `box_means`.
    bend_px
        Standard deviation of the Gaussian that smooths the region before each cut at half.
    inside_share
        Where the contour lies between the local mean outside (0) and inside (1).
    most_steps, settled_share
        When to stop: after so many steps, or once less than this share of the region changes.

    Returns
    -------
    tuple
        The region, its holes not filled; the last threshold, float32; the number of steps.
    """
    gray = np.where(tissue, surface_gray, np.float32(0))
    near_all, near_gray = box_means(tissue.astype(np.float32), size), box_means(gray, size)
    region, threshold, step = start, surface_gray, 0
    while step < most_steps:
        step += 1
        near_inside, gray_inside = box_means(region.astype(np.float32), size), box_means(gray * region, size)
        inside = gray_inside / np.maximum(near_inside, 1e-4)
        outside = (near_gray - gray_inside) / np.maximum(near_all - near_inside, 1e-4)
        threshold = outside + np.float32(inside_share) * (inside - outside)
        brighter = ((surface_gray > threshold) & free) | core
        bent = gaussian(brighter.astype(np.float32), bend_px, BEND_TRUNCATE) > 0.5
        moved = main_piece(bent & tissue, start)
        moved = moved if moved.any() else start
        changed = np.count_nonzero(moved ^ region)
        region = moved
        if changed < settled_share * np.count_nonzero(region):
            break
    return region, threshold, step
