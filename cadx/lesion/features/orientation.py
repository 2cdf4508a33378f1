"""The histogram of the gradient's direction against the radius, and the width of its peak (Huo 1995)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cadx.lesion import kernels
from cadx.lesion.features.neighborhood import Neighborhoods
from cadx.records import FloatImage, Mask

BIN_DEGREES = 2
SMOOTHING_DEGREES = 8.0


@dataclass(frozen=True, slots=True)
class RadialHistograms:
    """Gradient magnitude by the angle between the gradient and the direction to the centroid.

    Each is float64, (180,): bins of 2 degrees from -180; the middle is a gradient that points to the centroid.

    Attributes
    ----------
    region
        Inside the lesion.
    margin
        In the ribbon along the outline.
    opposite
        Outside the lesion.
    """

    region: NDArray[np.float64]
    margin: NDArray[np.float64]
    opposite: NDArray[np.float64]

    @property
    def roi(self) -> NDArray[np.float64]:
        """In the whole ROI."""
        return self.region + self.opposite


def radial_histograms(
    gradient_x: FloatImage,
    gradient_y: FloatImage,
    center: tuple[float, float],
    mask: Mask,
    neighborhoods: Neighborhoods,
) -> RadialHistograms:
    """Compute every pixel's angle once, then count it where it belongs.

    Parameters
    ----------
    gradient_x, gradient_y
        float32, (rows, columns); 0, and so without weight, where it is not known.
    center
        x, y in pixels (SCOORD convention).
    mask
        The lesion.
    neighborhoods
        Of the lesion.
    """
    opposite, region, margin = kernels.orientation_histograms(
        gradient_x, gradient_y, center, mask, neighborhoods.margin
    )
    return RadialHistograms(region, margin, opposite)


def width_at_half_maximum_degrees(histogram: NDArray[np.float64], share: float = 0.5) -> float:
    """Full width at half maximum of the main peak of a circular histogram, 0 to 360 degrees.

    The histogram is smoothed with a circular Gaussian of 8 degrees, whose own width is taken out again in quadrature,
    so that a perfect disc has a width near 0. Half maximum is half way from the lowest to the highest value: noise
    of every direction lifts the whole histogram, and counted from zero the peaks of many ROIs would never fall to half.

    The width jumps where the valley between two peaks lies at half maximum: a hair more and both are counted, a hair
    less and one is (106 degrees to 56 for a shift by one pixel). The angle above half maximum does not jump, but told
    benign from malignant worse on 324 real masses in all four neighborhoods (docs/lesion-features.md), so that the
    first fall stays. `share` cuts elsewhere than at half, to see how near a jump is.
    """
    smooth = ndimage.gaussian_filter1d(histogram.astype(np.float64), SMOOTHING_DEGREES / BIN_DEGREES, mode="wrap")
    turned = np.roll(smooth, -int(np.argmax(smooth)))
    lowest = turned.min()
    if turned[0] - lowest <= 1e-9 * turned[0]:
        return 360.0
    half = lowest + share * (turned[0] - lowest)
    width = (_steps_to(turned, half) + _steps_to(np.roll(turned[::-1], 1), half)) * BIN_DEGREES
    kernel = SMOOTHING_DEGREES * 2 * np.sqrt(2 * np.log(2))
    return float(np.sqrt(max(0.0, width**2 - kernel**2)))


def _steps_to(values: NDArray[np.float64], half: float) -> float:
    """Bins from the first value to where the values first fall to half of it, interpolated."""
    below = int(np.argmax(values <= half))
    return float(below - (half - values[below]) / (values[below - 1] - values[below]))
