"""What sizes of a pixel are believed, and the caller's own for files that tell none."""

import math

from cadx.errors import ImplausibleSpacing, MissingSpacing
from cadx.flags import Flag, FlagCode
from cadx.mammogram.policy import SpacingPlane
from cadx.records import ROI_SPACING_MM, Spacing, SpacingSource

SMALLEST_SPACING_MM = 0.02
LARGEST_SPACING_MM = 1.0
SMALLEST_USUAL_MM = 0.04
LARGEST_USUAL_MM = 0.21


def caller_spacing(pixel_spacing_mm: float | None, plane: SpacingPlane) -> Spacing:
    """The caller's spacing, for files that tell none; it is taken to hold in the plane that the policy names.

    Raises
    ------
    MissingSpacing
        When the caller gave none either.
    ImplausibleSpacing
        When it is no number or none that a mammogram has.
    """
    if pixel_spacing_mm is None:
        raise MissingSpacing
    return plausible(Spacing(pixel_spacing_mm, pixel_spacing_mm, SpacingSource.CALLER, plane))


def plausible(spacing: Spacing) -> Spacing:
    """Return the spacing if an image can have it (0.02 to 1 mm), else raise `ImplausibleSpacing`.

    The bounds also bound the work: a region of 51.2 mm is never more than 2,600 source pixels wide.
    """
    for size_mm in (spacing.row_mm, spacing.column_mm):
        if not (math.isfinite(size_mm) and SMALLEST_SPACING_MM <= size_mm <= LARGEST_SPACING_MM):
            raise ImplausibleSpacing(
                spacing.row_mm, spacing.column_mm, spacing.source, SMALLEST_SPACING_MM, LARGEST_SPACING_MM
            )
    return spacing


def spacing_flags(spacing: Spacing) -> tuple[Flag, ...]:
    """Flag a spacing that no mammography system has (0.04 to 0.21 mm), or pixels that are not square."""
    flags: list[Flag] = []
    sizes = {"row_mm": spacing.row_mm, "column_mm": spacing.column_mm}
    if not all(SMALLEST_USUAL_MM <= size_mm <= LARGEST_USUAL_MM for size_mm in sizes.values()):
        message = f"The pixel spacing is far from the {ROI_SPACING_MM} mm that the features are defined at."
        flags.append(Flag(FlagCode.SPACING_UNUSUAL, message, sizes))
    if not math.isclose(spacing.row_mm, spacing.column_mm, rel_tol=0.01):
        flags.append(
            Flag(FlagCode.PIXELS_NOT_SQUARE, "Rows and columns have different spacings; both were respected.", sizes)
        )
    return tuple(flags)
