"""The spacing of a DICOM mammogram."""

from cadx.errors import InvalidHeaderValue
from cadx.mammogram.header import Header
from cadx.mammogram.policy import SpacingPlane
from cadx.mammogram.spacing import caller_spacing, plausible
from cadx.mammogram.tags import Tag
from cadx.records import Flag, Spacing, SpacingSource

_SOURCES = {
    SpacingSource.IMAGER_PIXEL_SPACING: Tag.ImagerPixelSpacing,
    SpacingSource.PIXEL_SPACING: Tag.PixelSpacing,
    SpacingSource.NOMINAL_SCANNED_PIXEL_SPACING: Tag.NominalScannedPixelSpacing,
}


def header_spacing(
    header: Header, plane: SpacingPlane, pixel_spacing_mm: float | None
) -> tuple[Spacing, tuple[Flag, ...]]:
    """The spacing in the plane that the policy names."""
    for source, tag in _SOURCES.items():
        pair = _pair(header, tag)
        if pair is not None:
            return plausible(Spacing(*pair, source)), ()
    return caller_spacing(pixel_spacing_mm), ()


def _pair(header: Header, tag: Tag) -> tuple[float, float] | None:
    values = header.decimals(tag)
    if not values:
        return None
    if len(values) != 2:
        raise InvalidHeaderValue(tag.number, tag.name, "does not hold two numbers")
    return values[0], values[1]
