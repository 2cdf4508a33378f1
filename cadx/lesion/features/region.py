"""Everything that the features share about one lesion, computed once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import perimeter_crofton

from cadx.errors import FeatureNotComputable
from cadx.lesion.contour import contour_polygon
from cadx.lesion.features.cooccurrence import Cooccurrence, cooccurrence
from cadx.records import ROI_SPACING_MM, FloatImage, Mask, Points

SMALLEST_REGION_PX = 50
RIBBON_PX = 20
GRADIENT_SIGMA_PX = 2.0
GRADIENT_REACH_PX = 6


@dataclass(frozen=True, slots=True)
class LesionRegion:
    """One lesion, ready to be measured.

    Attributes
    ----------
    gray, valid, mask
        The ROI's pixels, (512, 512), and the lesion in it.
    polygon
        (n, 2): the lesion's outline, x and y in ROI pixels, every marching-squares vertex.
    area_px
        Pixels in the mask.
    perimeter_px
        Crofton perimeter of the mask.
    centroid
        x, y of the mask's centroid.
    ribbon
        Valid pixels outside the lesion within 20 pixels of it.
    gradient_x, gradient_y
        float32, (512, 512): derivatives of the Gaussian-smoothed gray, per pixel.
    gradient_valid
        Pixels whose gradient saw no padding.
    cooccurrence
        Gray-level co-occurrence inside the lesion.
    """

    gray: FloatImage
    valid: Mask
    mask: Mask
    polygon: Points
    area_px: int
    perimeter_px: float
    centroid: tuple[float, float]
    ribbon: Mask
    gradient_x: FloatImage
    gradient_y: FloatImage
    gradient_valid: Mask
    cooccurrence: Cooccurrence


def measure_region(gray: FloatImage, valid: Mask, mask: Mask) -> LesionRegion:
    """Compute what several features need.

    Raises
    ------
    FeatureNotComputable
        When the region is smaller than 50 pixels (0.5 mm2), or its gray is constant.
    """
    mask = mask & valid
    area_px = int(np.count_nonzero(mask))
    if area_px < SMALLEST_REGION_PX:
        raise FeatureNotComputable("every feature", f"the region has {area_px} pixels, under {SMALLEST_REGION_PX}")
    rows, columns = np.nonzero(mask)
    gradient_x, gradient_y = _gradient(gray)
    return LesionRegion(
        gray=gray,
        valid=valid,
        mask=mask,
        polygon=contour_polygon(mask, 0.0),
        area_px=area_px,
        perimeter_px=float(perimeter_crofton(mask, directions=4)),
        centroid=(float(columns.mean()) + 0.5, float(rows.mean()) + 0.5),
        ribbon=dilate(mask, RIBBON_PX) & ~mask & valid,
        gradient_x=gradient_x,
        gradient_y=gradient_y,
        gradient_valid=~dilate(~valid, GRADIENT_REACH_PX) if not valid.all() else valid,
        cooccurrence=cooccurrence(gray, mask),
    )


def dilate(mask: Mask, radius_px: int) -> Mask:
    """Dilate by an exact Euclidean disc: every pixel whose centre is within `radius_px` of a pixel of the mask."""
    column = np.arange(mask.shape[1])
    far = 2 * mask.shape[1]
    last = np.maximum.accumulate(np.where(mask, column, -far), axis=1)
    following = np.minimum.accumulate(np.where(mask, column, far)[:, ::-1], axis=1)[:, ::-1]
    across = np.minimum(np.minimum(column - last, following - column), 255).astype(np.uint8)
    reached = np.zeros_like(mask)
    for offset in range(-radius_px, radius_px + 1):
        near = across <= int(np.sqrt(radius_px**2 - offset**2))
        if offset >= 0:
            reached[offset:] |= near[: mask.shape[0] - offset]
        else:
            reached[:offset] |= near[-offset:]
    return reached


def _gradient(gray: FloatImage) -> tuple[FloatImage, FloatImage]:
    smooth = ndimage.gaussian_filter(gray, GRADIENT_SIGMA_PX, truncate=GRADIENT_REACH_PX / GRADIENT_SIGMA_PX - 0.5)
    return np.gradient(smooth, axis=1), np.gradient(smooth, axis=0)


def length_mm(length_px: float) -> float:
    """Convert a length on the ROI's grid to millimetres."""
    return length_px * ROI_SPACING_MM


def inside(region: LesionRegion) -> NDArray[np.float64]:
    """Gray of the lesion's pixels, float64."""
    return region.gray[region.mask].astype(np.float64)
