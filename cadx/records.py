"""The frozen records that flow through the product. Units are in the names.

Coordinates follow DICOM SCOORD (PS3.3 C.18.6): `x` is the column and `y` the row, in pixels, sub-pixel, with (0, 0) at
the top-left corner of the top-left pixel, so that the middle of that pixel is (0.5, 0.5).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cadx.flags import Flag

ROI_SIZE_PX = 512
ROI_SPACING_MM = 0.1
# A spacing this near to 0.1 mm is taken for it: see docs/decisions/roi-grid.md.
SAME_SPACING_SHARE = 0.005

FloatImage = NDArray[np.float32]
Mask = NDArray[np.bool_]
Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LesionCenter:
    """The center of a lesion as a reader marked it, in pixels of the stored image."""

    x: float
    y: float


class SpacingSource(StrEnum):
    """Where a pixel spacing was found. DICOM attributes bear their keyword."""

    IMAGER_PIXEL_SPACING = "ImagerPixelSpacing"
    PIXEL_SPACING = "PixelSpacing"
    NOMINAL_SCANNED_PIXEL_SPACING = "NominalScannedPixelSpacing"
    CALLER = "caller"


@dataclass(frozen=True, slots=True)
class Spacing:
    """Size of a source pixel in the plane that is used for measurements.

    Attributes
    ----------
    row_mm
        Distance between the centers of vertically adjacent pixels.
    column_mm
        Distance between the centers of horizontally adjacent pixels.
    source
        Where the value was found.
    plane
        ``detector`` or ``lesion`` (detector spacing divided by the magnification).
    magnification
        The factor by which the detector spacing was divided; 1.0 when none was applied.
    """

    row_mm: float
    column_mm: float
    source: SpacingSource
    plane: str = "detector"
    magnification: float = 1.0


@dataclass(frozen=True, slots=True)
class PixelWindow:
    """A rectangle of a mammogram, ready for analysis.

    Attributes
    ----------
    gray
        float32, (rows, columns), 0 to 1, bright = dense tissue. Zero where not valid.
    valid
        bool, (rows, columns): true where the file holds image, false in padding.
    """

    gray: FloatImage
    valid: Mask


class PixelSource(Protocol):
    """Gives rectangles of an image without making a full-size float copy of it."""

    def window(self, row_start: int, row_stop: int, column_start: int, column_stop: int) -> PixelWindow:
        """Return the pixels of a rectangle that lies wholly inside the image."""
        ...


@dataclass(frozen=True, slots=True)
class Mammogram:
    """One mammogram (one frame), read and judged usable; its pixels are fetched by rectangle.

    Attributes
    ----------
    rows, columns
        Size of the stored image in pixels.
    spacing
        Pixel size and its source.
    pixels
        Where rectangles of pixels come from.
    file_format
        ``dicom``, ``png``, ``tiff`` or ``pgm``.
    flags
        What the file itself makes doubtful (tags, compression).
    facts
        How it was read, for people: VOI used, polarity, bits; never patient data.
    """

    rows: int
    columns: int
    spacing: Spacing
    pixels: PixelSource
    file_format: str
    flags: tuple[Flag, ...] = ()
    facts: Mapping[str, float | int | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Roi:
    """The region of interest about a lesion: 512 x 512 pixels at 0.1 mm (Huynh 2016, section 2.2).

    Attributes
    ----------
    gray
        float32, (512, 512), 0 to 1. Zero where there is no tissue.
    valid
        bool, (512, 512): true where the source image (and not its padding) covers the pixel.
    center
        The ROI's own middle, (256, 256), in pixels of the source image: the mark at the nearest corner of pixels.
    source_spacing
        Pixel size of the source image.
    padded_share
        Share of the ROI's pixels that are not valid, 0 to 1.
    tissue
        bool, (512, 512): true where the pixel is valid and shows tissue, not air, collimation, a film's border or
        blanked-out text. Only these pixels are measured.
    mark
        The center as it was marked, in pixels of the source image.
    flags
        What is doubtful about this region.
    """

    gray: FloatImage
    valid: Mask
    center: LesionCenter
    source_spacing: Spacing
    padded_share: float
    tissue: Mask
    mark: LesionCenter
    flags: tuple[Flag, ...] = ()

    @property
    def tissue_share(self) -> float:
        """Share of the ROI's pixels that are tissue, 0 to 1."""
        return float(np.mean(self.tissue))

    @property
    def step(self) -> Points:
        """(2,): source pixels a ROI pixel, along x and along y."""
        return np.array([source_step(self.source_spacing.column_mm), source_step(self.source_spacing.row_mm)])

    def to_image(self, points: Points) -> Points:
        """Map ROI points to the source image.

        Parameters
        ----------
        points
            (n, 2) array of x, y in ROI pixels (SCOORD convention).

        Returns
        -------
        ndarray
            (n, 2) array of x, y in pixels of the source image.
        """
        origin = np.array([self.center.x, self.center.y])
        mapped: Points = (np.asarray(points, dtype=np.float64) - ROI_SIZE_PX / 2) * self.step + origin
        return mapped

    def from_image(self, points: Points) -> Points:
        """Map points of the source image, (n, 2) array of x, y in its pixels, to ROI pixels."""
        origin = np.array([self.center.x, self.center.y])
        mapped: Points = (np.asarray(points, dtype=np.float64) - origin) / self.step + ROI_SIZE_PX / 2
        return mapped


def source_step(spacing_mm: float) -> float:
    """Source pixels a ROI pixel along one axis; exactly 1 where the source is within 0.5 % of 0.1 mm."""
    step = ROI_SPACING_MM / spacing_mm
    return 1.0 if abs(spacing_mm - ROI_SPACING_MM) <= SAME_SPACING_SHARE * ROI_SPACING_MM * (1 + 1e-9) else step
