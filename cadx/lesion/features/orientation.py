"""The histogram of the gradient's direction against the radius, and the width of its peak (Huo 1995)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cadx.lesion.features.neighborhood import Neighborhoods
from cadx.records import FloatImage, Mask

BIN_DEGREES = 2
BINS = 360 // BIN_DEGREES
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
        float32, (rows, columns); 0 where padding is near.
    center
        x, y in pixels (SCOORD convention).
    mask
        The lesion.
    neighborhoods
        Of the lesion.
    """
    to_x = (center[0] - 0.5 - np.arange(mask.shape[1])).astype(np.float32)[None, :]
    to_y = (center[1] - 0.5 - np.arange(mask.shape[0])).astype(np.float32)[:, None]
    angle = np.arctan2(to_x * gradient_y - to_y * gradient_x, to_x * gradient_x + to_y * gradient_y)
    bins = ((angle + np.float32(np.pi)) * np.float32(BINS / (2 * np.pi))).astype(np.int16) % np.int16(BINS)
    weight = np.sqrt(gradient_x * gradient_x + gradient_y * gradient_y)
    outside_first = bins + np.int16(BINS) * mask
    both = np.bincount(outside_first.ravel(), weights=weight.ravel(), minlength=2 * BINS).astype(np.float64)
    margin = np.bincount(bins[neighborhoods.margin], weights=weight[neighborhoods.margin], minlength=BINS)
    return RadialHistograms(both[BINS:], margin.astype(np.float64), both[:BINS])


def width_at_half_maximum_degrees(histogram: NDArray[np.float64]) -> float:
    """Angle over which a circular histogram exceeds its half maximum, 0 to 360 degrees.

    For a histogram of one peak this is the peak's full width at half maximum. Counted from the peak to where it first
    falls to half, the width would jump where the valley between two peaks lies at half: a shift of the image by one
    pixel then took 106 degrees to 56. The angle above half loses only what the valley loses.

    The histogram is smoothed with a circular Gaussian of 8 degrees, whose own width is taken out again in quadrature,
    so that a perfect disc has a width near 0. Half maximum is half way from the lowest to the highest value: noise
    of every direction lifts the whole histogram, and counted from zero the peaks of many ROIs would never fall to half.
    """
    smooth = ndimage.gaussian_filter1d(histogram.astype(np.float64), SMOOTHING_DEGREES / BIN_DEGREES, mode="wrap")
    lowest, highest = smooth.min(), smooth.max()
    if highest - lowest <= 1e-9 * highest:
        return 360.0
    above = smooth - (highest + lowest) / 2
    following = np.roll(above, -1)
    # Between two bins the histogram is a straight line; a share of it lies above half.
    reach = np.maximum(np.abs(above) + np.abs(following), 1e-300)
    width = float(((np.maximum(above, 0) + np.maximum(following, 0)) / reach).sum()) * BIN_DEGREES
    kernel = SMOOTHING_DEGREES * 2 * np.sqrt(2 * np.log(2))
    return float(np.sqrt(max(0.0, width**2 - kernel**2)))
