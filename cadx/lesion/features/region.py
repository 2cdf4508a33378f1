"""Everything that the features share about one lesion, computed once."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull

from cadx.errors import LesionTooSmall
from cadx.lesion import kernels
from cadx.lesion.contour import contour_polygon
from cadx.lesion.features.cooccurrence import Cooccurrence, cooccurrence
from cadx.lesion.features.neighborhood import Neighborhoods, dilate, lesion_neighborhoods
from cadx.lesion.features.orientation import RadialHistograms, radial_histograms
from cadx.lesion.features.outline_gradient import OutlineGradient, outline_gradient
from cadx.lesion.features.polygon import polygonal_model, smooth_outline
from cadx.records import FloatImage, Mask, Points

SMALLEST_REGION_PX = 50
GRADIENT_SIGMA_PX = 2.0
GRADIENT_TRUNCATE = 3.0
GRADIENT_REACH_PX = 7


@dataclass(frozen=True)
class LesionRegion:
    """One lesion, ready to be measured.

    Attributes
    ----------
    gray, tissue, mask
        The ROI's pixels, (512, 512), those of them that are tissue, and the lesion in it.
    moments
        int64, (6,): the number of the lesion's pixels, and the sums of their x, y, x^2, x y and y^2, counted from the
        middle of the corner pixel.
    inside
        float64, (n,): their gray.
    outline
        (m, 2): every marching-squares vertex of the outline, x and y in ROI pixels.
    smooth_outline, model
        The outline smoothed along itself, and its polygonal model (`polygon`).
    perimeter_px
        Crofton perimeter of the mask from 4 directions.
    centroid
        x, y of the mask's centroid in ROI pixels.
    neighborhoods
        Pixels near and far from the lesion.
    gradient_x, gradient_y
        float32, (512, 512): derivatives of the Gaussian-smoothed gray, per pixel; 0 where it is not known.
    gradient_known
        bool, (512, 512): where every pixel within 7 of it is tissue, so that the gradient is the tissue's own.
    orientation
        Histograms of the gradient's direction against the radius.
    """

    gray: FloatImage
    tissue: Mask
    mask: Mask
    moments: NDArray[np.int64]
    inside: NDArray[np.float64]
    outline: Points
    smooth_outline: Points
    model: Points
    perimeter_px: float
    centroid: tuple[float, float]
    neighborhoods: Neighborhoods
    gradient_x: FloatImage
    gradient_y: FloatImage
    gradient_known: Mask
    orientation: RadialHistograms

    @property
    def area_px(self) -> int:
        """Number of pixels."""
        return len(self.inside)

    @cached_property
    def hull(self) -> ConvexHull:
        """Convex hull of the outline."""
        return ConvexHull(self.outline)

    @cached_property
    def outline_gradient(self) -> OutlineGradient:
        """Gradient along the outline; raises `Undefined` where it is not known anywhere, or zero."""
        return outline_gradient(self.outline, self.centroid, self.gradient_x, self.gradient_y, self.gradient_known)

    @cached_property
    def cooccurrence(self) -> Cooccurrence:
        """Gray-level co-occurrence inside the lesion; raises `Undefined` where the gray is constant."""
        return cooccurrence(self.gray, self.mask)


def measure_region(gray: FloatImage, tissue: Mask, mask: Mask) -> LesionRegion:
    """Compute what several features need.

    Raises
    ------
    LesionTooSmall
        When the region has fewer than 50 pixels of tissue (0.5 mm2).
    """
    mask = mask & tissue
    area_px = int(np.count_nonzero(mask))
    if area_px < SMALLEST_REGION_PX:
        raise LesionTooSmall(area_px, SMALLEST_REGION_PX)
    moments = kernels.moments(mask)
    x, y = moments[1:3] / area_px + 0.5
    outline = contour_polygon(mask, 0.0)
    smooth = smooth_outline(outline)
    neighborhoods = lesion_neighborhoods(mask, tissue)
    gradient_x, gradient_y, gradient_known = _gradient(gray, tissue)
    return LesionRegion(
        gray=gray,
        tissue=tissue,
        mask=mask,
        moments=moments,
        inside=gray[mask].astype(np.float64),
        outline=outline,
        smooth_outline=smooth,
        model=polygonal_model(smooth),
        perimeter_px=crofton_perimeter(mask),
        centroid=(float(x), float(y)),
        neighborhoods=neighborhoods,
        gradient_x=gradient_x,
        gradient_y=gradient_y,
        gradient_known=gradient_known,
        orientation=radial_histograms(gradient_x, gradient_y, (float(x), float(y)), mask, neighborhoods),
    )


def crofton_perimeter(mask: Mask) -> float:
    """Perimeter in pixels by Crofton's formula: crossings of the outline by lines in 4 directions.

    P = pi / 8 * (horizontal + vertical + (both diagonals) / sqrt(2)), a crossing being a pair of neighbors of which
    one is in.
    """
    padded = np.pad(mask, 1)
    straight = np.count_nonzero(padded[:, 1:] ^ padded[:, :-1]) + np.count_nonzero(padded[1:] ^ padded[:-1])
    diagonal = np.count_nonzero(padded[1:, 1:] ^ padded[:-1, :-1]) + np.count_nonzero(padded[1:, :-1] ^ padded[:-1, 1:])
    return float(np.pi / 8 * (straight + diagonal * np.sqrt(0.5)))


def _gradient(gray: FloatImage, tissue: Mask) -> tuple[FloatImage, FloatImage, Mask]:
    """Central differences of the gray after a Gaussian of 2 pixels (0.2 mm), and where they are the tissue's own."""
    smooth = kernels.gaussian(gray, GRADIENT_SIGMA_PX, GRADIENT_TRUNCATE)
    known = tissue if tissue.all() else ~dilate(~tissue, GRADIENT_REACH_PX)
    return *kernels.central_differences(smooth, known), known
