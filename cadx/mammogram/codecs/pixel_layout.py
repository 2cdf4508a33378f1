"""The image pixel module of a DICOM header (PS3.3 C.7.6.3)."""

from dataclasses import dataclass

import numpy as np

from cadx.errors import InvalidHeaderValue, UnsupportedPixels
from cadx.mammogram.gray.transformations import StoredRange
from cadx.mammogram.parser.header import Header
from cadx.mammogram.parser.tags import Tag


@dataclass(frozen=True, slots=True)
class PixelLayout:
    """How pixels are stored: size, and bits of a sample."""

    rows: int
    columns: int
    bits_allocated: int
    bits_stored: int
    signed: bool

    @property
    def stored_range(self) -> StoredRange:
        """The values that a pixel may take."""
        return StoredRange(self.bits_stored, self.signed)

    @property
    def frame_bytes(self) -> int:
        """Bytes of one uncompressed frame."""
        return self.rows * self.columns * self.bits_allocated // 8

    def dtype(self, *, big_endian: bool) -> np.dtype[np.integer]:
        """Type of an uncompressed pixel in the file."""
        kind = "i" if self.signed else "u"
        return np.dtype(f"{'>' if big_endian else '<'}{kind}{self.bits_allocated // 8}")


def pixel_layout(header: Header) -> PixelLayout:
    """Read and check the image pixel module.

    Raises
    ------
    InvalidHeaderValue
        When an attribute is missing or contradicts another.
    UnsupportedPixels
        When the pixels are not one gray channel of up to 16 bits.
    """
    if header.required_integer(Tag.SamplesPerPixel) != 1:
        raise UnsupportedPixels("they are in color, SamplesPerPixel (0028,0002) is not 1")
    layout = PixelLayout(
        rows=header.required_integer(Tag.Rows),
        columns=header.required_integer(Tag.Columns),
        bits_allocated=header.required_integer(Tag.BitsAllocated),
        bits_stored=header.required_integer(Tag.BitsStored),
        signed=_is_signed(header),
    )
    if layout.bits_allocated not in {8, 16}:
        raise UnsupportedPixels("BitsAllocated (0028,0100) is neither 8 nor 16")
    if not 2 <= layout.bits_stored <= layout.bits_allocated:
        raise InvalidHeaderValue(Tag.BitsStored.number, Tag.BitsStored.name, "does not fit BitsAllocated")
    if header.integer(Tag.HighBit) not in {None, layout.bits_stored - 1}:
        raise InvalidHeaderValue(Tag.HighBit.number, Tag.HighBit.name, "is not BitsStored - 1")
    return layout


def _is_signed(header: Header) -> bool:
    representation = header.required_integer(Tag.PixelRepresentation)
    if representation not in {0, 1}:
        raise InvalidHeaderValue(Tag.PixelRepresentation.number, Tag.PixelRepresentation.name, "is neither 0 nor 1")
    return representation == 1
