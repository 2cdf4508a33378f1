"""The nested regions that a method may choose from, measured and weighed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cadx.lesion import kernels
from cadx.lesion.radial_gradient import index_of_sums
from cadx.lesion.segmentation.levels import nested_shapes
from cadx.lesion.segmentation.records import Trace
from cadx.lesion.segmentation.surface import GRID_SPACING_MM, Surface
from cadx.records import FloatImage, Mask

LEVELS = 80
# The smallest lesion of interest is 3 mm across (7 mm2); a thresholded core of it may be half of that.
SMALLEST_AREA_MM2 = 4.0
# The largest disc that fits the ROI has 2059 mm2.
LARGEST_AREA_MM2 = 1600.0
# Under this radial gradient index the outline does not point to a common center. See docs/decisions/segmentation.md.
SMALLEST_RGI = 0.45
# A reader's diameter weighs the evidence by a Gaussian in the logarithm of the diameter, with this deviation.
DIAMETER_DEVIATION = 0.35
SQUARE_REACH = np.array([1, 1], dtype=np.int32)  # the 8 neighbors


@dataclass(frozen=True, slots=True)
class Candidates:
    """Nested regions about a seed, from the smallest to the largest.

    Attributes
    ----------
    index
        (128, 128): number of the first region that holds the pixel.
    level
        (levels,) threshold of each region.
    area_mm2, circularity, irregularity
        (levels,) shape of each region.
    rgi
        (levels,) radial gradient index of its outline, -1 to 1.
    evidence
        (levels,) how strongly the image supports the outline: mean inward gradient x RGI x square root of the
        effective diameter. The mean of n noisy gradients has a standard error that falls as the square root of n, and n
        grows with the diameter: without the last factor specks would win. Where a reader gave a diameter d, times
        exp(-ln(D / d)^2 / (2 s^2)), s = 0.35.
    at_frame
        (levels,) whether the region reaches the ROI's frame.
    """

    index: NDArray[np.int32]
    level: NDArray[np.float64]
    area_mm2: NDArray[np.float64]
    circularity: NDArray[np.float64]
    irregularity: NDArray[np.float64]
    rgi: NDArray[np.float64]
    evidence: NDArray[np.float64]
    at_frame: NDArray[np.bool_]

    @property
    def plausible(self) -> NDArray[np.bool_]:
        """Candidates of a lesion's size whose gradient points inwards."""
        size = (self.area_mm2 >= SMALLEST_AREA_MM2) & (self.area_mm2 <= LARGEST_AREA_MM2)
        return size & (self.rgi >= SMALLEST_RGI)

    @property
    def peaks(self) -> tuple[int, ...]:
        """Local maxima of the evidence among the plausible candidates."""
        evidence = np.pad(np.where(self.plausible, self.evidence, -1), 1, constant_values=-1)
        peaks = (evidence[1:-1] > evidence[:-2]) & (evidence[1:-1] >= evidence[2:]) & (evidence[1:-1] > 0)
        return tuple(int(number) for number in np.flatnonzero(peaks))

    def region(self, number: int) -> Mask:
        """Mask of one candidate on the grid."""
        return self.index <= number

    def trace(self, transitions: tuple[int, ...], chosen: int) -> Trace:
        """Record of the candidates and of the choice."""
        return Trace(
            self.level, self.area_mm2, self.circularity, self.irregularity, self.rgi, self.evidence, transitions, chosen
        )


def nested_candidates(
    image: FloatImage, surface: Surface, seed: tuple[int, int], diameter_mm: float | None = None
) -> Candidates:
    """Grow a seed on an image through all its levels; weigh the outlines by the gradient of the surface.

    Parameters
    ----------
    image
        float32, (128, 128): what is thresholded.
    surface
        Whose gradient is the evidence.
    seed
        Row and column.
    diameter_mm
        The lesion's diameter as a reader measured it, which the evidence is weighed by.
    """
    top, bottom = float(image[seed]), float(image.min())
    step = max((top - bottom) / (LEVELS - 1), 1e-9)
    level_number = np.clip(np.ceil((top - image) / step - 1e-4), 0, LEVELS - 1).astype(np.int32)
    index = kernels.joining_index(level_number, LEVELS, seed)
    frame = np.ones(image.shape, dtype=np.bool_)
    frame[1:-1, 1:-1] = False
    shapes = nested_shapes(index, LEVELS, frame)
    inward, magnitude = kernels.radial_gradient(surface.gray, seed)
    if not surface.tissue.all():
        # The step from tissue to padding or air is nobody's outline: it counts as length without evidence.
        trusted = ~kernels.dilate(~surface.tissue, SQUARE_REACH)
        inward, magnitude = inward * trusted, magnitude * trusted
    length = kernels.contour_sums(index, LEVELS, np.ones_like(image))
    inward_sum = kernels.contour_sums(index, LEVELS, inward)
    rgi = index_of_sums(inward_sum, kernels.contour_sums(index, LEVELS, magnitude))
    mean_inward = inward_sum / np.maximum(length, 1)
    effective_mm = 2 * np.sqrt(shapes.area / np.pi) * GRID_SPACING_MM
    evidence = np.maximum(mean_inward, 0) / GRID_SPACING_MM * np.maximum(rgi, 0) * np.sqrt(effective_mm)
    if diameter_mm is not None:
        deviations = np.log(np.maximum(effective_mm, GRID_SPACING_MM) / diameter_mm) / DIAMETER_DEVIATION
        evidence = evidence * np.exp(-(deviations**2) / 2)
    return Candidates(
        index=index,
        level=top - step * np.arange(LEVELS, dtype=np.float64),
        area_mm2=shapes.area * GRID_SPACING_MM**2,
        circularity=shapes.circularity,
        irregularity=shapes.irregularity,
        rgi=rgi,
        evidence=evidence,
        at_frame=shapes.at_frame,
    )
