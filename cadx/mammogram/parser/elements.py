"""Parses a DICOM data set up to its pixels, keeping only the attributes that are asked for (PS3.5 section 7).

Written for untrusted files: nothing is allocated that the file does not hold, depth and number of elements are
bounded, no value is decoded or reported here, and an attribute that was not asked for (reading asks for none about a
person) is skipped over unread.
"""

import re
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from cadx.errors import FileTooLarge, TruncatedImage, UnreadableImage
from cadx.mammogram.byte_source import ByteSource, MemoryBytes
from cadx.mammogram.parser.tags import KEPT, PIXEL_TAGS, SEQUENCES, overlay_tag

UNDEFINED_LENGTH = 0xFFFF_FFFF
ITEM, _ITEM_END, SEQUENCE_END = 0xFFFE_E000, 0xFFFE_E00D, 0xFFFE_E0DD
_LONG_VRS = frozenset(("OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"))
_SHORT_VRS = re.compile("AE|AS|AT|CS|DA|DS|DT|FL|FD|IS|LO|LT|PN|SH|SL|SS|ST|TM|UI|UL|US")
_MAX_DEPTH = 12
_MAX_ELEMENTS = 200_000
_CHUNK_BYTES = 16_384
_INFLATE_STEP_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the elements of a data set are written."""

    implicit: bool = False
    big_endian: bool = False


@dataclass(frozen=True, slots=True)
class Element:
    """A kept element, undecoded: its VR where the file tells it, and either bytes or items."""

    vr: str
    value: bytes = b""
    items: "tuple[Mapping[int, Element], ...]" = ()


@dataclass(frozen=True, slots=True)
class PixelElement:
    """Where the pixel data of a data set lie.

    Attributes
    ----------
    tag
        Which of the three pixel data elements.
    offset
        Where its value begins in the source.
    length
        Its length in bytes, or `UNDEFINED_LENGTH` for encapsulated fragments.
    """

    tag: int
    offset: int
    length: int


class Cursor:
    """Reads forward through a source in chunks, and never past its end."""

    def __init__(self, source: ByteSource, position: int, kept: frozenset[int] = KEPT) -> None:
        self._source = source
        self.kept = kept
        self._chunk = b""
        self._chunk_start = position
        self.position = position
        self.elements_read = 0

    @property
    def at_end(self) -> bool:
        """Whether no byte is left."""
        return self.position >= self._source.size_bytes

    def take(self, count: int) -> bytes:
        """Return exactly `count` bytes and move past them."""
        start = self.position - self._chunk_start
        if start < 0 or start + count > len(self._chunk):
            self._chunk = self._source.read(self.position, max(count, _CHUNK_BYTES))
            self._chunk_start, start = self.position, 0
        if start + count > len(self._chunk):
            raise TruncatedImage("dicom", self.position + count, self._source.size_bytes)
        self.position += count
        return self._chunk[start : start + count]

    def skip(self, count: int) -> None:
        """Move past `count` bytes unread."""
        if self.position + count > self._source.size_bytes:
            raise TruncatedImage("dicom", self.position + count, self._source.size_bytes)
        self.position += count


def parse_dataset(
    source: ByteSource, offset: int, encoding: Encoding, kept: frozenset[int] = KEPT
) -> tuple[dict[int, Element], PixelElement | None]:
    """Parse the elements from `offset` up to the pixel data, keeping the attributes that are asked for.

    Raises
    ------
    TruncatedImage
        When an element reaches beyond the end of the file.
    UnreadableImage
        When the structure is no DICOM data set.
    """
    cursor = Cursor(source, offset, kept)
    elements: dict[int, Element] = {}
    while not cursor.at_end:
        tag, vr, length = element_head(cursor, encoding)
        if tag in PIXEL_TAGS:
            return elements, PixelElement(tag, cursor.position, length)
        _keep(elements, cursor, encoding, tag, vr, length, 0)
    return elements, None


def inflate(source: ByteSource, offset: int, max_bytes: int) -> MemoryBytes:
    """Inflate a deflated data set (PS3.5 A.5), never beyond `max_bytes`."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    deflated = source.read(offset, source.size_bytes)
    parts: list[bytes] = []
    total = 0
    try:
        while deflated and not inflater.eof:
            part = inflater.decompress(deflated, _INFLATE_STEP_BYTES)
            deflated = inflater.unconsumed_tail
            total += len(part)
            if total > max_bytes:
                raise FileTooLarge(max_bytes)
            parts.append(part)
    except zlib.error:
        broken = True
    else:
        broken = False
    if broken:
        raise UnreadableImage("dicom", "the deflated data set is broken")
    if not inflater.eof:
        raise UnreadableImage("dicom", "the deflated data set is cut short")
    return MemoryBytes(b"".join(parts))


def element_head(cursor: Cursor, encoding: Encoding) -> tuple[int, str, int]:
    """Tag, VR ('' where implicit) and length."""
    cursor.elements_read += 1
    if cursor.elements_read > _MAX_ELEMENTS:
        raise UnreadableImage("dicom", "it has too many elements")
    order = ">" if encoding.big_endian else "<"
    group, element = struct.unpack(order + "HH", cursor.take(4))
    tag = group << 16 | element
    if encoding.implicit or group == 0xFFFE:
        (length,) = struct.unpack(order + "L", cursor.take(4))
        return tag, "", length
    vr = cursor.take(2).decode("latin-1")
    if vr not in _LONG_VRS and not _SHORT_VRS.fullmatch(vr):
        raise UnreadableImage("dicom", "an element has no known value representation")
    if vr in _LONG_VRS:
        cursor.skip(2)
        (length,) = struct.unpack(order + "L", cursor.take(4))
    else:
        (length,) = struct.unpack(order + "H", cursor.take(2))
    return tag, vr, length


def _keep(
    elements: dict[int, Element], cursor: Cursor, encoding: Encoding, tag: int, vr: str, length: int, depth: int
) -> None:
    """Move past one element's value, and keep it if it is needed."""
    tag = overlay_tag(tag)
    kept = tag in cursor.kept
    if length == UNDEFINED_LENGTH and (tag in PIXEL_TAGS or vr in {"OB", "OW"}):
        _skip_fragments(cursor, encoding)  # the compressed pixels of an icon
    elif length == UNDEFINED_LENGTH or (kept and _is_sequence(tag, vr)):
        # An UN element of undefined length is an implicit little endian sequence (PS3.5 6.2.2).
        inner = Encoding(implicit=True) if vr == "UN" else encoding
        items = _items(cursor, inner, length, depth + 1)
        if kept:
            elements[tag] = Element("SQ", items=items)
    elif kept:
        elements[tag] = Element(vr, cursor.take(length))
    else:
        cursor.skip(length)


def _skip_fragments(cursor: Cursor, encoding: Encoding) -> None:
    while True:
        tag, _, length = element_head(cursor, encoding)
        if tag == SEQUENCE_END:
            return
        if tag != ITEM:
            raise UnreadableImage("dicom", "encapsulated data hold something that is no item")
        cursor.skip(length)


def _is_sequence(tag: int, vr: str) -> bool:
    return vr == "SQ" or (vr in {"", "UN"} and tag in SEQUENCES)


def _items(cursor: Cursor, encoding: Encoding, length: int, depth: int) -> tuple[Mapping[int, Element], ...]:
    if depth > _MAX_DEPTH:
        raise UnreadableImage("dicom", "its sequences are nested too deeply")
    end = None if length == UNDEFINED_LENGTH else cursor.position + length
    items: list[Mapping[int, Element]] = []
    while end is None or cursor.position < end:
        tag, _, item_length = element_head(cursor, encoding)
        if tag == SEQUENCE_END and end is None:
            break
        if tag != ITEM:
            raise UnreadableImage("dicom", "a sequence holds something that is no item")
        items.append(_item(cursor, encoding, item_length, depth))
    _check_end(cursor, end)
    return tuple(items)


def _item(cursor: Cursor, encoding: Encoding, length: int, depth: int) -> Mapping[int, Element]:
    end = None if length == UNDEFINED_LENGTH else cursor.position + length
    elements: dict[int, Element] = {}
    while end is None or cursor.position < end:
        tag, vr, element_length = element_head(cursor, encoding)
        if tag == _ITEM_END and end is None:
            break
        _keep(elements, cursor, encoding, tag, vr, element_length, depth)
    _check_end(cursor, end)
    return elements


def _check_end(cursor: Cursor, end: int | None) -> None:
    if end is not None and cursor.position != end:
        raise UnreadableImage("dicom", "a sequence or item is longer than it declares")


def parse_meta(source: ByteSource, offset: int) -> tuple[dict[int, Element], int]:
    """Parse the file meta information (group 0002, explicit little endian; PS3.10 7.1) and tell where it ends."""
    cursor = Cursor(source, offset)
    elements: dict[int, Element] = {}
    encoding = Encoding()
    while not cursor.at_end:
        start = cursor.position
        if cursor.take(2) != b"\x02\x00":
            return elements, start
        cursor.position = start
        tag, vr, length = element_head(cursor, encoding)
        _keep(elements, cursor, encoding, tag, vr, length, 0)
    return elements, cursor.position
