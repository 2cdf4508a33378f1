"""The stored values of one frame of a DICOM file, whatever its label says they are."""

from dataclasses import dataclass

import numpy as np

from cadx.errors import InvalidHeaderValue, NoPixelData, PixelDataMismatch, PixelsOutOfRange, UnsupportedPixels
from cadx.flags import Flag, FlagCode
from cadx.mammogram.codecs.codestream import Codec, begins
from cadx.mammogram.codecs.decode import decoded_frame
from cadx.mammogram.codecs.fragments import Encapsulated, encapsulated
from cadx.mammogram.codecs.native import native_frame
from cadx.mammogram.codecs.pixel_layout import Channels, PixelLayout
from cadx.mammogram.codecs.transfer_syntaxes import LOSSY_SYNTAXES, NATIVE_ENCODINGS
from cadx.mammogram.dicom.file import DicomFile
from cadx.mammogram.dicom.gray_chain import lut_entries
from cadx.mammogram.gray.channels import gray_of_palette
from cadx.mammogram.gray.pixels import Beyond, Padding, PixelArray, StoredImage, StoredPixels
from cadx.mammogram.gray.transformations import StoredRange
from cadx.mammogram.parser.elements import PixelElement
from cadx.mammogram.parser.header import Header
from cadx.mammogram.parser.heads import UNDEFINED_LENGTH
from cadx.mammogram.parser.tags import Tag

_ITEM = b"\xfe\xff\x00\xe0"
_MOST_CLIPPED = 0.25
_PALETTES = (
    (Tag.RedPaletteColorLookupTableDescriptor, Tag.RedPaletteColorLookupTableData),
    (Tag.GreenPaletteColorLookupTableDescriptor, Tag.GreenPaletteColorLookupTableData),
    (Tag.BluePaletteColorLookupTableDescriptor, Tag.BluePaletteColorLookupTableData),
)


@dataclass(frozen=True, slots=True)
class FrameRead:
    """One frame.

    Attributes
    ----------
    pixels
        Its stored values.
    stored_range
        The values that they may take.
    beyond
        What becomes of those that do not fit.
    lossy
        Whether transfer syntax or codestream say that information was lost.
    contradictions
        What the file declares and the data are, where these differ.
    flags
        What else is doubtful.
    """

    pixels: StoredPixels
    stored_range: StoredRange
    beyond: Beyond
    lossy: bool = False
    contradictions: tuple[tuple[str, str], ...] = ()
    flags: tuple[Flag, ...] = ()


def stored_frame(file: DicomFile, layout: PixelLayout, frames: int, frame: int, padding: Padding | None) -> FrameRead:
    """Find, and if need be decode, one frame (from 1).

    Raises
    ------
    NoPixelData
        When there is none.
    MammogramError
        When the data contradict the header, are broken, or of a kind that a mammogram does not have.
    """
    element = _element(file)
    fragments = _fragments(file, element, layout, frames)
    if fragments is None:
        read = _native(file, element, layout, frames, frame)
    else:
        read = _compressed(file, fragments, layout, frames, frame, padding)
    if layout.channels is not Channels.PALETTE:
        return read
    values = read.pixels.rectangle(0, layout.rows, 0, layout.columns)
    entries, bits = _through_palette(file.header, values, layout)
    return FrameRead(
        PixelArray(entries), StoredRange(bits), Beyond.REFUSED, read.lossy, read.contradictions, read.flags
    )


def frames_found(file: DicomFile, layout: PixelLayout) -> int:
    """How many frames the pixel data hold; 0 where that is uncertain."""
    element = _element(file)
    fragments = _fragments(file, element, layout, 1)
    if fragments is not None:
        return len(fragments.starts) or (1 if len(fragments.fragments) == 1 else 0)
    return element.length // layout.frame_bytes if layout.frame_bytes else 0


def _element(file: DicomFile) -> PixelElement:
    if file.pixels is None:
        raise NoPixelData
    if file.pixels.tag != Tag.PixelData:
        raise UnsupportedPixels("they are floating-point numbers")
    return file.pixels


def _fragments(file: DicomFile, element: PixelElement, layout: PixelLayout, frames: int) -> Encapsulated | None:
    """The fragments of encapsulated pixel data; None where the pixels are uncompressed, whatever the label says.

    Encapsulated data have no length, or, of some writers, one that fits no uncompressed picture and items within.
    """
    if element.length == UNDEFINED_LENGTH:
        return encapsulated(file.source, element.offset, element.length)
    if element.length == layout.frame_bytes * frames:
        return None
    if file.source.read(element.offset, len(_ITEM)) == _ITEM and file.transfer_syntax not in NATIVE_ENCODINGS:
        return encapsulated(file.source, element.offset, element.length)
    return None


def _native(file: DicomFile, element: PixelElement, layout: PixelLayout, frames: int, frame: int) -> FrameRead:
    contradictions: tuple[tuple[str, str], ...] = ()
    if file.transfer_syntax and file.transfer_syntax not in NATIVE_ENCODINGS:
        declared, found = f"transfer syntax {file.transfer_syntax}", "uncompressed pixels"
        exact = layout.frame_bytes * frames
        certain = exact <= element.length <= exact + exact % 2
        if not certain or begins(file.source.read(element.offset, 16)):
            raise PixelDataMismatch(
                declared, f"{element.length} bytes that are neither fragments nor {exact} bytes of pixels"
            )
        contradictions = ((declared, found),)
    pixels, more = native_frame(file.source, element, layout, frames, frame, big_endian=file.encoding.big_endian)
    return FrameRead(pixels, layout.stored_range, Beyond.MASKED, False, contradictions + more)


def _compressed(
    file: DicomFile, fragments: Encapsulated, layout: PixelLayout, frames: int, frame: int, padding: Padding | None
) -> FrameRead:
    decoded = decoded_frame(fragments.frame(frames, frame), layout, file.transfer_syntax)
    contradictions = decoded.contradictions
    if frames == 1 and len(fragments.starts) > 1:
        contradictions += (("one frame", f"{len(fragments.starts)} codestreams, of which the first was read"),)
    lossy = decoded.lossy or (file.transfer_syntax in LOSSY_SYNTAXES and decoded.codec is not Codec.RLE)
    if decoded.codec is Codec.RLE:  # words of the file, as they are
        return FrameRead(PixelArray(decoded.values), layout.stored_range, Beyond.MASKED, lossy, contradictions)
    values = _without_overlays(decoded.values, layout)
    flags = _clipped_flags(values, layout.stored_range, padding)
    return FrameRead(PixelArray(values), layout.stored_range, Beyond.CLIPPED, lossy, contradictions, flags)


def _without_overlays(values: StoredImage, layout: PixelLayout) -> StoredImage:
    """Decoded words without the planes of declared overlays; the bits below are the pixel's."""
    if not layout.overlay_bits or 8 * values.dtype.itemsize == layout.bits_stored:
        return values
    if not layout.signed:
        return values & values.dtype.type(~layout.overlay_bits & ((1 << 8 * values.dtype.itemsize) - 1))
    sign = 1 << (layout.bits_stored - 1)
    low = values.astype(np.int32) & ((1 << layout.bits_stored) - 1)
    pixels: StoredImage = ((low ^ sign) - sign).astype(np.int16)
    return pixels


def _clipped_flags(values: StoredImage, stored_range: StoredRange, padding: Padding | None) -> tuple[Flag, ...]:
    """Flag values beyond the declared bits; where they are many, it is BitsStored that is wrong.

    Raises
    ------
    PixelsOutOfRange
        When more than a quarter of the pixels do not fit.
    """
    smallest, largest = int(values.min()), int(values.max())
    if smallest >= stored_range.smallest and largest <= stored_range.largest:
        return ()
    beyond = (values < stored_range.smallest) | (values > stored_range.largest)
    if padding is not None:
        beyond &= ~padding.holds(values)
    share = float(beyond.mean())
    if share == 0.0:
        return ()
    if share > _MOST_CLIPPED:
        raise PixelsOutOfRange(stored_range.bits, smallest, largest)
    message = f"{100 * share:.2g} % of the decoded values do not fit BitsStored ({stored_range.bits}) and were clipped."
    return (Flag(FlagCode.VALUES_CLIPPED, message, {"share": share, "smallest": smallest, "largest": largest}),)


def _through_palette(header: Header, values: StoredImage, layout: PixelLayout) -> tuple[StoredImage, int]:
    """The gray of each index into three palettes (PS3.3 C.7.6.3.1.5), and the bits of an entry."""
    tables = []
    declared = []
    for descriptor_tag, data_tag in _PALETTES:
        descriptor = header.integers(descriptor_tag)
        if len(descriptor) != 3:
            raise InvalidHeaderValue(descriptor_tag.number, descriptor_tag.name, "does not hold three numbers")
        size, first, bits = descriptor[0] or 65536, descriptor[1], descriptor[2]
        if bits not in {8, 16}:
            raise InvalidHeaderValue(descriptor_tag.number, descriptor_tag.name, "declares neither 8 nor 16 bits")
        tables.append(lut_entries(header, data_tag, descriptor_tag, size))
        declared.append((first, bits))
    if len(set(declared)) != 1:
        raise UnsupportedPixels("their three palettes differ in kind")
    first, bits = declared[0]
    indices = np.clip((values & ((1 << layout.bits_stored) - 1)).astype(np.int32) - first, 0, tables[0].size - 1)
    gray = gray_of_palette(indices, tables)
    if bits == 8 and gray.size and int(gray.max()) > 255:
        raise UnsupportedPixels("their palette holds more bits than declared")
    return gray.astype(np.uint16), bits
