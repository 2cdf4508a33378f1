"""What every raster file becomes in the end."""

from cadx.flags import Flag, FlagCode
from cadx.mammogram.gray.pixels import Beyond, GrayPixels, StoredPixels
from cadx.mammogram.gray.transformations import StoredRange, gray_table
from cadx.records import Mammogram, Spacing

_UPRIGHT = 1
_ORIENTATIONS = range(1, 9)


def raster_mammogram(
    file_format: str,
    shape: tuple[int, int],
    stored: StoredPixels,
    stored_range: StoredRange,
    spacing: Spacing,
    *,
    inverted: bool = False,
    orientation: int = _UPRIGHT,
) -> Mammogram:
    """Make a mammogram of a raster file's pixels: the full range of their type, as they are stored.

    Parameters
    ----------
    file_format
        One of `FileFormat`.
    shape
        Rows and columns.
    stored, stored_range
        The pixels and the values that they may take.
    spacing
        The caller's.
    inverted
        Whether zero is white.
    orientation
        How the file asks viewers to turn the picture (Exif 2.3, tag 274): 1 is not at all. It is not done, and told.
    """
    rows, columns = shape
    flags: tuple[Flag, ...] = ()
    if orientation in _ORIENTATIONS and orientation != _UPRIGHT:
        message = "The file asks viewers to turn or mirror the picture; it was read as it is stored."
        flags = (Flag(FlagCode.ORIENTATION_NOT_APPLIED, message, {"orientation": orientation}),)
    facts: dict[str, float | int | str] = {
        "bits_stored": stored_range.bits,
        "voi": "full range",
        "polarity": "white is zero" if inverted else "black is zero",
    }
    return Mammogram(
        rows=rows,
        columns=columns,
        spacing=spacing,
        pixels=GrayPixels(stored, stored_range, gray_table(stored_range, inverted=inverted), beyond=Beyond.REFUSED),
        file_format=file_format,
        flags=flags,
        facts=facts,
    )
