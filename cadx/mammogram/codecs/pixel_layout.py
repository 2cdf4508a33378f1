"""The image pixel module of a DICOM header (PS3.3 C.7.6.3)."""

from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from cadx.errors import InvalidHeaderValue, UnsupportedPixels
from cadx.mammogram.gray.transformations import StoredRange
from cadx.mammogram.parser.header import Header
from cadx.mammogram.parser.tags import OVERLAY_BIT_POSITIONS, Tag


class Channels(Enum):
    """What the samples of a pixel are; a gray picture may be stored in any of these ways."""

    GRAY = "gray"
    RGB = "rgb"
    YBR = "ybr"
    YBR_422 = "ybr 422"
    PALETTE = "palette"


_INTERPRETATIONS = {
    "MONOCHROME1": Channels.GRAY,
    "MONOCHROME2": Channels.GRAY,
    "RGB": Channels.RGB,
    "YBR_FULL": Channels.YBR,
    "YBR_FULL_422": Channels.YBR_422,
    # Of JPEG 2000: the codestream's own transformation, which its decoder undoes.
    "YBR_ICT": Channels.RGB,
    "YBR_RCT": Channels.RGB,
    "PALETTE COLOR": Channels.PALETTE,
}


@dataclass(frozen=True, slots=True)
class PixelLayout:
    """How pixels are stored: size, bits and number of samples.

    Attributes
    ----------
    rows, columns
        Size in pixels.
    bits_allocated, bits_stored, signed
        Of a sample.
    channels
        What the samples of a pixel are.
    planar
        Whether each of three channels is a plane of its own.
    overlay_bits
        The bits of a pixel's word above BitsStored in which overlays are embedded.
    """

    rows: int
    columns: int
    bits_allocated: int
    bits_stored: int
    signed: bool
    channels: Channels = Channels.GRAY
    planar: bool = False
    overlay_bits: int = 0

    @property
    def samples(self) -> int:
        """Samples of a pixel."""
        return 1 if self.channels in {Channels.GRAY, Channels.PALETTE} else 3

    @property
    def stored_range(self) -> StoredRange:
        """The values that a pixel may take."""
        return StoredRange(self.bits_stored, self.signed)

    @property
    def frame_bytes(self) -> int:
        """Bytes of one uncompressed frame."""
        samples = 2 if self.channels is Channels.YBR_422 else self.samples
        return self.rows * self.columns * samples * self.bits_allocated // 8

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
        When the pixels are not of up to 16 bits, in one channel or in three that may agree.
    """
    channels = _channels(header)
    layout = PixelLayout(
        rows=header.required_integer(Tag.Rows),
        columns=header.required_integer(Tag.Columns),
        bits_allocated=header.required_integer(Tag.BitsAllocated),
        bits_stored=header.required_integer(Tag.BitsStored),
        signed=_is_signed(header),
        channels=channels,
        planar=channels in {Channels.RGB, Channels.YBR} and header.integer(Tag.PlanarConfiguration) == 1,
    )
    if layout.bits_allocated not in {8, 16}:
        raise UnsupportedPixels("BitsAllocated (0028,0100) is neither 8 nor 16")
    if not 2 <= layout.bits_stored <= layout.bits_allocated:
        raise InvalidHeaderValue(Tag.BitsStored.number, Tag.BitsStored.name, "does not fit BitsAllocated")
    if layout.samples == 3 and (layout.signed or layout.bits_stored != layout.bits_allocated):
        raise UnsupportedPixels("they are in color of an unusual depth")
    _check_high_bit(header, layout)
    return replace(layout, overlay_bits=_overlay_bits(header, layout))


def _channels(header: Header) -> Channels:
    """What the samples are. Where SamplesPerPixel is missing, the photometric interpretation tells their number."""
    interpretation = header.term(Tag.PhotometricInterpretation)
    if interpretation not in _INTERPRETATIONS:
        raise UnsupportedPixels("the photometric interpretation (0028,0004) is neither MONOCHROME1 nor MONOCHROME2")
    channels = _INTERPRETATIONS[interpretation]
    samples = 1 if channels in {Channels.GRAY, Channels.PALETTE} else 3
    if header.integer(Tag.SamplesPerPixel) not in {None, samples}:
        raise UnsupportedPixels(
            "SamplesPerPixel (0028,0002) is not the number of samples of the photometric interpretation (0028,0004)"
        )
    return channels


def _check_high_bit(header: Header, layout: PixelLayout) -> None:
    """Refuse pixels that are not right-justified; a High Bit beyond BitsAllocated says nothing and is ignored."""
    high_bit = header.integer(Tag.HighBit)
    if high_bit is None or high_bit == layout.bits_stored - 1:
        return
    if high_bit >= layout.bits_allocated:
        header.ignored.note(Tag.HighBit, "lies beyond BitsAllocated")
        return
    raise InvalidHeaderValue(Tag.HighBit.number, Tag.HighBit.name, "is not BitsStored - 1")


def _overlay_bits(header: Header, layout: PixelLayout) -> int:
    """The bits that Overlay Bit Position (60xx,0102) of any group names, above BitsStored."""
    bits = 0
    for tag in OVERLAY_BIT_POSITIONS:
        value = header.elements[tag].value[:2] if tag in header.elements else b""
        position = int.from_bytes(value, "big" if header.big_endian else "little")
        if layout.bits_stored <= position < layout.bits_allocated:
            bits |= 1 << position
    return bits


def _is_signed(header: Header) -> bool:
    representation = header.required_integer(Tag.PixelRepresentation)
    if representation not in {0, 1}:
        raise InvalidHeaderValue(Tag.PixelRepresentation.number, Tag.PixelRepresentation.name, "is neither 0 nor 1")
    return representation == 1
