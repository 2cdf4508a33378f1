"""DICOM files: file meta information, header, gate, and the way to the pixels."""

from dataclasses import dataclass

import numpy as np

from cadx.errors import (
    InvalidHeaderValue,
    NotAMammogram,
    PixelDataMismatch,
    TruncatedImage,
    UnsupportedPixels,
    UnsupportedTransferSyntax,
)
from cadx.mammogram.dicom_spacing import header_spacing
from cadx.mammogram.elements import UNDEFINED_LENGTH, Encoding, PixelElement, inflate, parse_dataset, parse_meta
from cadx.mammogram.gate import admit, chosen_frame, header_flags
from cadx.mammogram.header import Header
from cadx.mammogram.intensity import LookupTable, Rescale, StoredRange, Window, gray_table
from cadx.mammogram.pixels import GrayPixels, PixelRows, StoredPixels
from cadx.mammogram.policy import ReadingLimits, ReadingPolicy, check_size
from cadx.mammogram.source import ByteSource
from cadx.mammogram.syntaxes import DEFLATED, NATIVE_ENCODINGS, READABLE_TRANSFER_SYNTAXES, shown_uid
from cadx.mammogram.tags import Tag
from cadx.mammogram.voi import is_inverted, modality_transformation, padding, voi_transformation
from cadx.records import Mammogram

MAGIC_OFFSET = 128
MAGIC = b"DICM"


@dataclass(frozen=True, slots=True)
class DicomFile:
    """A parsed file, its pixels still in place.

    Attributes
    ----------
    source
        Where `pixels` lies: the file, or the inflated data set.
    header
        The kept attributes.
    pixels
        Where the pixel data are; None where the file has none.
    transfer_syntax
        The UID.
    """

    source: ByteSource
    header: Header
    pixels: PixelElement | None
    transfer_syntax: str


@dataclass(frozen=True, slots=True)
class PixelLayout:
    """How pixels are stored (PS3.3 C.7.6.3): size, and bits of a sample."""

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


def read_dicom(
    source: ByteSource,
    policy: ReadingPolicy,
    limits: ReadingLimits,
    pixel_spacing_mm: float | None,
    frame: int | None,
) -> Mammogram:
    """Read one frame of a DICOM mammogram; see `cadx.mammogram.read_mammogram`."""
    file = open_dicom(source, limits)
    admit(file.header, policy)
    frames, number = chosen_frame(file.header, frame)
    header = file.header.for_frame(number)
    layout = pixel_layout(header)
    check_size(layout.rows, layout.columns, limits)
    spacing, spacing_flags = header_spacing(header, policy.spacing_plane, pixel_spacing_mm)
    stored = layout.stored_range
    modality = modality_transformation(header, stored)
    negative = stored.signed or (isinstance(modality, Rescale) and modality.intercept < 0)
    voi = voi_transformation(header, policy.voi, signed=negative)
    inverted = is_inverted(header)
    pixels = GrayPixels(
        stored=_stored_pixels(file, layout, frames, number),
        stored_range=stored,
        table=gray_table(stored, modality, voi, inverted=inverted),
        padding=padding(header, signed=stored.signed),
        mask_unused_bits=bool(header.integer(Tag.OverlayBitPosition)),
    )
    return Mammogram(
        rows=layout.rows,
        columns=layout.columns,
        spacing=spacing,
        pixels=pixels,
        file_format="dicom",
        flags=header_flags(header, file.transfer_syntax, inverted=inverted) + spacing_flags,
        facts={
            "transfer_syntax": file.transfer_syntax,
            "bits_stored": layout.bits_stored,
            "signed": int(layout.signed),
            "frame": number,
            "modality_transformation": _modality_name(modality),
            "voi": _voi_name(voi),
            "polarity": "MONOCHROME1" if inverted else "MONOCHROME2",
        },
    )


def open_dicom(source: ByteSource, limits: ReadingLimits) -> DicomFile:
    """Parse a file up to its pixels.

    Raises
    ------
    UnsupportedTransferSyntax
        When the pixels could not be decoded anyway.
    TruncatedImage, UnreadableImage, FileTooLarge
        When the structure is broken, or inflates beyond the limit.
    """
    meta, offset = parse_meta(source, MAGIC_OFFSET + len(MAGIC))
    syntax = Header(meta).term(Tag.TransferSyntaxUID)
    if syntax not in READABLE_TRANSFER_SYNTAXES:
        raise UnsupportedTransferSyntax(shown_uid(syntax))
    encoding = NATIVE_ENCODINGS.get(syntax, Encoding())
    if syntax == DEFLATED:
        source, offset = inflate(source, offset, limits.max_file_bytes), 0
    elements, pixels = parse_dataset(source, offset, encoding)
    return DicomFile(source, Header(elements, encoding.big_endian), pixels, syntax)


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
        raise UnsupportedPixels("they are in colour, SamplesPerPixel (0028,0002) is not 1")
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


def _stored_pixels(file: DicomFile, layout: PixelLayout, frames: int, frame: int) -> StoredPixels:
    element = file.pixels
    if element is None:
        raise NotAMammogram(Tag.PixelData.number, Tag.PixelData.name, "missing")
    if element.tag != Tag.PixelData:
        raise UnsupportedPixels("they are floating-point numbers")
    if element.length == UNDEFINED_LENGTH:
        raise PixelDataMismatch("an uncompressed transfer syntax", "encapsulated fragments")
    expected_bytes = layout.frame_bytes * frames
    if not expected_bytes <= element.length <= expected_bytes + 1:
        raise PixelDataMismatch(f"{expected_bytes} bytes", f"{element.length} bytes")
    if element.offset + expected_bytes > file.source.size_bytes:
        raise TruncatedImage("dicom", element.offset + expected_bytes, file.source.size_bytes)
    kind = ("i" if layout.signed else "u") + str(layout.bits_allocated // 8)
    dtype: np.dtype[np.integer] = np.dtype((">" if file.header.big_endian else "<") + kind)
    offset = element.offset + layout.frame_bytes * (frame - 1)
    return PixelRows(file.source, offset, layout.columns, dtype, "dicom")


def _modality_name(modality: Rescale | LookupTable) -> str:
    if isinstance(modality, LookupTable):
        return "lookup table"
    return f"rescale {modality.slope:g} {modality.intercept:+g}"


def _voi_name(voi: LookupTable | Window | None) -> str:
    if voi is None:
        return "full range"
    if isinstance(voi, LookupTable):
        return f"lookup table of {voi.entries.size} entries, {voi.bits} bits"
    return f"{voi.function} window, center {voi.center:g}, width {voi.width:g}"
