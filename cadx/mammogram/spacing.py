"""The size of a pixel: which attribute, which plane, and what is believable."""

import math

from cadx.errors import ImplausibleSpacing, MissingSpacing
from cadx.records import Spacing, SpacingSource

SMALLEST_SPACING_MM = 0.02
LARGEST_SPACING_MM = 1.0


def caller_spacing(pixel_spacing_mm: float | None) -> Spacing:
    """The caller's spacing, for files that tell none.

    Raises
    ------
    MissingSpacing
        When the caller gave none either.
    ImplausibleSpacing
        When it is no number or none that a mammogram has.
    """
    if pixel_spacing_mm is None:
        raise MissingSpacing
    return plausible(Spacing(pixel_spacing_mm, pixel_spacing_mm, SpacingSource.CALLER))


def plausible(spacing: Spacing) -> Spacing:
    """Return the spacing if a mammogram can have it, else raise `ImplausibleSpacing`."""
    for size_mm in (spacing.row_mm, spacing.column_mm):
        if not (math.isfinite(size_mm) and SMALLEST_SPACING_MM <= size_mm <= LARGEST_SPACING_MM):
            raise ImplausibleSpacing(
                spacing.row_mm, spacing.column_mm, spacing.source, SMALLEST_SPACING_MM, LARGEST_SPACING_MM
            )
    return spacing
