"""Where to grow from: the brightest blob that a reader's mark may have meant."""

import numpy as np

from cadx.lesion import kernels
from cadx.lesion.segmentation.surface import GRID_SIZE, GRID_SPACING_MM, Surface

# A mark may lie up to 3 mm off the lesion; half of that distance is its standard deviation.
SEED_TOLERANCE_MM = 3.0
MARK_SD_MM = 1.5
BLOB_MM = 1.0
BLOB_RATIO = 1.6  # of the two Gaussians whose difference stands for the Laplacian (Marr & Hildreth 1980)
TRUNCATE = 4.0
_REACH_PX = 24


def find_seed(surface: Surface, mark: tuple[float, float] = (GRID_SIZE / 2, GRID_SIZE / 2)) -> tuple[int, int]:
    """Row and column, on the grid, of the point to grow from, about a mark (row, column; a block's middle is at 1/2).

    The response of a difference of Gaussians (a blob of about 3 mm, the smallest lesion) is weighed with the
    probability of the mark given the point, a Gaussian of 1.5 mm cut at 3 mm; the largest product wins.
    """
    middle = GRID_SIZE // 2
    box = np.s_[middle - _REACH_PX : middle + _REACH_PX, middle - _REACH_PX : middle + _REACH_PX]
    gray = surface.gray[box]
    sigma = BLOB_MM / GRID_SPACING_MM
    blob = kernels.gaussian(gray, sigma, TRUNCATE) - kernels.gaussian(gray, sigma * BLOB_RATIO, TRUNCATE)
    place = np.arange(middle - _REACH_PX, middle + _REACH_PX) + 0.5
    down_mm, right_mm = ((place - along) * GRID_SPACING_MM for along in mark)
    squared_mm2 = np.add.outer(down_mm**2, right_mm**2)
    near = (squared_mm2 <= SEED_TOLERANCE_MM**2) & surface.tissue[box]
    if not near.any():
        return middle, middle
    likely = (blob - blob[near].min() + 1e-9) * np.exp(-squared_mm2 / (2 * MARK_SD_MM**2))
    row, column = np.unravel_index(np.argmax(np.where(near, likely, 0)), near.shape)
    return int(row) + middle - _REACH_PX, int(column) + middle - _REACH_PX
