"""Refusals: the outline or the size that a reader gave cannot be used."""

from dataclasses import dataclass
from typing import ClassVar

from cadx.errors.lesion import LesionError


@dataclass(eq=False)
class ContourError(LesionError):
    """The reader's outline cannot be used."""

    code: ClassVar[str] = "contour_error"


@dataclass(eq=False)
class ContourTooFewPoints(ContourError):
    """The outline is no polygon."""

    points: int

    code: ClassVar[str] = "contour_too_few_points"
    summary: ClassVar[str] = "The outline has {points} different points; a polygon has 3 at least."
    remedy: ClassVar[str] = "Give the outline's corners in order, as [x, y] in pixels of the stored image."


@dataclass(eq=False)
class ContourSelfCrossing(ContourError):
    """Two sides of the outline cross."""

    first: int
    second: int

    code: ClassVar[str] = "contour_self_crossing"
    summary: ClassVar[str] = "The outline crosses itself: its sides {first} and {second} meet, counted from 0."
    remedy: ClassVar[str] = "Give the corners in the order in which they follow each other around the lesion."


@dataclass(eq=False)
class ContourOutsideImage(ContourError):
    """The outline leaves the image."""

    x: float
    y: float
    columns: int
    rows: int

    code: ClassVar[str] = "contour_outside_image"
    summary: ClassVar[str] = (
        "The outline's point (x={x:g}, y={y:g}) lies outside the image of {columns} columns x {rows} rows."
    )
    remedy: ClassVar[str] = (
        "Give x (column) and y (row) in pixels of the stored image, with (0, 0) at its top-left corner; outline what "
        "the image shows of the lesion."
    )


@dataclass(eq=False)
class ContourOutsideRegion(ContourError):
    """The outline leaves the region about the center."""

    x: float
    y: float
    size_mm: float

    code: ClassVar[str] = "contour_outside_region"
    summary: ClassVar[str] = (
        "The outline's point (x={x:g}, y={y:g}) lies outside the region of {size_mm:g} mm about the center."
    )
    remedy: ClassVar[str] = "Leave x and y out, so that the center is a point inside the outline, or give that point."


@dataclass(eq=False)
class ContourTooSmall(ContourError):
    """The outline encloses less than a lesion."""

    area_mm2: float
    smallest_mm2: float

    code: ClassVar[str] = "contour_too_small"
    summary: ClassVar[str] = (
        "The outline encloses {area_mm2:.2f} mm2 of tissue; {smallest_mm2:g} mm2 are the least to be measured."
    )
    remedy: ClassVar[str] = "Outline the whole lesion; check the pixel size, and that points are in pixels, not in mm."


@dataclass(eq=False)
class ContourTooLarge(ContourError):
    """The outline encloses more than a lesion."""

    area_mm2: float
    largest_mm2: float

    code: ClassVar[str] = "contour_too_large"
    summary: ClassVar[str] = "The outline encloses {area_mm2:.0f} mm2; {largest_mm2:g} mm2 are the most to be measured."
    remedy: ClassVar[str] = "Outline the lesion alone; check the pixel size."


@dataclass(eq=False)
class DiameterUnusable(LesionError):
    """No lesion has the diameter that a reader gave."""

    diameter_mm: float
    smallest_mm: float
    largest_mm: float

    code: ClassVar[str] = "diameter_unusable"
    summary: ClassVar[str] = (
        "No outline has a diameter of {diameter_mm:g} mm: from {smallest_mm:g} to {largest_mm:g} mm."
    )
    remedy: ClassVar[str] = "Give the lesion's diameter in mm, not in pixels or cm."
