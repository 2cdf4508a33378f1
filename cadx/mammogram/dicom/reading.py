"""DICOM files: file meta information, header, gate, and the way to the pixels."""

from dataclasses import dataclass

from cadx.errors import (
    NotAMammogram,
    PixelDataMismatch,
    TruncatedImage,
    UnsupportedPixels,
    UnsupportedTransferSyntax,
)
from cadx.mammogram.byte_source import ByteSource
from cadx.mammogram.codecs.decode import decoded_frame
from cadx.mammogram.codecs.fragments import frame_bytes
from cadx.mammogram.codecs.pixel_layout import PixelLayout, pixel_layout
from cadx.mammogram.codecs.transfer_syntaxes import DEFLATED, NATIVE_ENCODINGS, READABLE_TRANSFER_SYNTAXES, shown_uid
from cadx.mammogram.dicom.admission import admit, chosen_frame, header_flags, view_facts
from cadx.mammogram.dicom.gray_chain import is_inverted, modality_transformation, padding, voi_transformation
from cadx.mammogram.dicom.spacing import header_spacing
from cadx.mammogram.formats import FileFormat
from cadx.mammogram.gray.pixels import GrayPixels, PixelArray, PixelRows, StoredPixels
from cadx.mammogram.gray.transformations import LookupTable, Rescale, Window, gray_table
from cadx.mammogram.parser.elements import UNDEFINED_LENGTH, Encoding, PixelElement, inflate, parse_dataset, parse_meta
from cadx.mammogram.parser.header import Header
from cadx.mammogram.parser.tags import KEPT, Tag
from cadx.mammogram.policy import ReadingLimits, ReadingPolicy, check_size
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
    spacing, contradictions = header_spacing(header, policy.spacing_plane, pixel_spacing_mm)
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
        file_format=FileFormat.DICOM,
        flags=header_flags(header, file.transfer_syntax, inverted=inverted) + contradictions,
        facts=view_facts(header)
        | {
            "transfer_syntax": file.transfer_syntax,
            "bits_stored": layout.bits_stored,
            "signed": int(layout.signed),
            "frame": number,
            "modality_transformation": _modality_name(modality),
            "voi": _voi_name(voi),
            "polarity": "MONOCHROME1" if inverted else "MONOCHROME2",
        },
    )


def open_dicom(source: ByteSource, limits: ReadingLimits, kept: frozenset[int] = KEPT) -> DicomFile:
    """Parse a file up to its pixels, keeping the attributes that are asked for.

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
    elements, pixels = parse_dataset(source, offset, encoding, kept)
    return DicomFile(source, Header(elements, encoding.big_endian), pixels, syntax)


def _stored_pixels(file: DicomFile, layout: PixelLayout, frames: int, frame: int) -> StoredPixels:
    element = file.pixels
    if element is None:
        raise NotAMammogram(Tag.PixelData.number, Tag.PixelData.name, "missing")
    if element.tag != Tag.PixelData:
        raise UnsupportedPixels("they are floating-point numbers")
    encapsulated = element.length == UNDEFINED_LENGTH
    if encapsulated != (file.transfer_syntax not in NATIVE_ENCODINGS):
        raise PixelDataMismatch("another transfer syntax", "encapsulated" if encapsulated else "uncompressed pixels")
    if encapsulated:
        codestream = frame_bytes(file.source, element.offset, frames, frame)
        return PixelArray(decoded_frame(codestream, layout, file.transfer_syntax))
    expected_bytes = layout.frame_bytes * frames
    if not expected_bytes <= element.length <= expected_bytes + 1:
        raise PixelDataMismatch(f"{expected_bytes} bytes", f"{element.length} bytes")
    if element.offset + expected_bytes > file.source.size_bytes:
        raise TruncatedImage("dicom", element.offset + expected_bytes, file.source.size_bytes)
    offset = element.offset + layout.frame_bytes * (frame - 1)
    return PixelRows(file.source, offset, layout.columns, layout.dtype(big_endian=file.header.big_endian), "dicom")


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
