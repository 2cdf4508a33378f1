"""The head of one element: tag, value representation and length (PS3.5 7.1), also where a writer got it wrong.

In an explicit data set an element may lack its VR, or bear one that no standard knows, with a length of 2 or of 4
bytes. Which of the three it is, is never guessed from the VR: each way is followed to the next element, and taken
only if it alone leads back to sound ones.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from cadx.errors import TruncatedImage, UnreadableImage
from cadx.mammogram.byte_source import ByteSource
from cadx.mammogram.parser.tags import KEPT

UNDEFINED_LENGTH = 0xFFFF_FFFF
ITEM, ITEM_END, SEQUENCE_END = 0xFFFE_E000, 0xFFFE_E00D, 0xFFFE_E0DD
PIXEL_DATA = 0x7FE0_0010
LONG_VRS = frozenset(("OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"))
_SHORT_VRS = re.compile("AE|AS|AT|CS|DA|DS|DT|FL|FD|IS|LO|LT|PN|SH|SL|SS|ST|TM|UI|UL|US")
_MAX_ELEMENTS = 200_000
_CHUNK_BYTES = 16_384
_LOOK_AHEAD_ELEMENTS = 200
_LOOK_AHEAD_BUDGET = 20_000


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the elements of a data set are written."""

    implicit: bool = False
    big_endian: bool = False


@dataclass(frozen=True, slots=True)
class Head:
    """One element's head.

    Attributes
    ----------
    tag
        Group and element.
    vr
        The value representation; '' where implicit, UN where no standard knows it.
    length
        Of the value in bytes, or `UNDEFINED_LENGTH`.
    size_bytes
        Of the head itself.
    """

    tag: int
    vr: str
    length: int
    size_bytes: int


class Cursor:
    """Reads forward through a source in chunks, and never past its end."""

    def __init__(self, source: ByteSource, position: int, kept: frozenset[int] = KEPT) -> None:
        self.source = source
        self.kept = kept
        self._chunk = b""
        self._chunk_start = position
        self.position = position
        self.elements_read = 0
        self.looked_ahead = 0

    @property
    def at_end(self) -> bool:
        """Whether no byte is left."""
        return self.position >= self.source.size_bytes

    def take(self, count: int) -> bytes:
        """Return exactly `count` bytes and move past them."""
        taken = self.peek(count)
        if len(taken) < count:
            raise TruncatedImage("dicom", self.position + count, self.source.size_bytes)
        self.position += count
        return taken

    def peek(self, count: int) -> bytes:
        """Return up to `count` bytes without moving."""
        start = self.position - self._chunk_start
        if start < 0 or start + count > len(self._chunk):
            self._chunk = self.source.read(self.position, max(count, _CHUNK_BYTES))
            self._chunk_start, start = self.position, 0
        return self._chunk[start : start + count]

    def skip(self, count: int) -> None:
        """Move past `count` bytes unread."""
        if self.position + count > self.source.size_bytes:
            raise TruncatedImage("dicom", self.position + count, self.source.size_bytes)
        self.position += count


def is_known_vr(vr: str) -> bool:
    """Whether the standard defines the value representation."""
    return vr in LONG_VRS or bool(_SHORT_VRS.fullmatch(vr))


def standard_head(content: bytes, encoding: Encoding) -> Head | None:
    """Read a head as the standard has it; None where it is none, or not all there.

    Parameters
    ----------
    content
        The 12 bytes where the element begins, or what there is.
    encoding
        How the data set is written. Items and their ends have no VR in any encoding.
    """
    order = ">" if encoding.big_endian else "<"
    if len(content) < 8:
        return None
    group, element = struct.unpack(order + "HH", content[:4])
    tag = group << 16 | element
    if encoding.implicit or group == 0xFFFE:
        return Head(tag, "", struct.unpack(order + "L", content[4:8])[0], 8)
    vr = content[4:6].decode("latin-1")
    if vr in LONG_VRS:
        return Head(tag, vr, struct.unpack(order + "L", content[8:12])[0], 12) if len(content) >= 12 else None
    return Head(tag, vr, struct.unpack(order + "H", content[6:8])[0], 8) if is_known_vr(vr) else None


def element_head(cursor: Cursor, encoding: Encoding, end: int | None = None) -> Head:
    """Read the head at the cursor and move past it.

    Parameters
    ----------
    cursor
        Where the element begins.
    encoding
        How the data set is written.
    end
        Where the item or data set ends, if that is known.

    Raises
    ------
    TruncatedImage
        When the file ends within the head.
    UnreadableImage
        When the element has no known VR and the elements after it do not tell what it is.
    """
    cursor.elements_read += 1
    if cursor.elements_read > _MAX_ELEMENTS:
        raise UnreadableImage("dicom", "it has too many elements")
    content = cursor.peek(12)
    head = standard_head(content, encoding)
    if head is None and len(content) >= 8 and not encoding.implicit:
        head = _evident_head(cursor, encoding, end)
    elif head is not None and head.size_bytes == 12 and content[6:8] != b"\0\0":
        # The reserved bytes hold something: perhaps a length of 2 bytes, which no standard gives this VR.
        head = (
            _only(cursor, encoding, end, (head, Head(head.tag, head.vr, _short_length(content, encoding), 8))) or head
        )
    if head is None:
        cursor.take(12)
        raise UnreadableImage("dicom", "an element has no known value representation")
    cursor.take(head.size_bytes)
    return head


def _evident_head(cursor: Cursor, encoding: Encoding, end: int | None) -> Head | None:
    found = _only(cursor, encoding, end, tuple(_ways(cursor.peek(12), encoding)))
    if found is None:
        raise UnreadableImage("dicom", "an element has no known value representation, and those after it tell none")
    return found


def _ways(content: bytes, encoding: Encoding) -> Iterator[Head]:
    """The three ways to read an element of unknown VR: none at all, with a short, with a long length."""
    order = ">" if encoding.big_endian else "<"
    group, element = struct.unpack(order + "HH", content[:4])
    tag = group << 16 | element
    yield Head(tag, "", struct.unpack(order + "L", content[4:8])[0], 8)
    yield Head(tag, "UN", _short_length(content, encoding), 8)
    if len(content) >= 12:
        yield Head(tag, "UN", struct.unpack(order + "L", content[8:12])[0], 12)


def _short_length(content: bytes, encoding: Encoding) -> int:
    return int.from_bytes(content[6:8], "big" if encoding.big_endian else "little")


def _only(cursor: Cursor, encoding: Encoding, end: int | None, ways: tuple[Head, ...]) -> Head | None:
    """The way that alone leads to sound elements; None where none does, or several.

    First every odd element that follows is read in the same way, as one writer would have left them; then in any.
    """
    ahead = _LookAhead(cursor, encoding, end)
    for alike in (True, False):
        leading = [way for way in ways if ahead.leads_on(cursor.position, way, _LOOK_AHEAD_ELEMENTS, alike=alike)]
        if leading:
            return leading[0] if len(leading) == 1 else None
    return None


@dataclass(frozen=True, slots=True)
class _LookAhead:
    """Follows the elements after an odd one.

    Attributes
    ----------
    cursor
        Where the odd one begins; it counts how far all look-aheads of a file went.
    encoding
        Of the data set.
    end
        Where the item or data set ends, if that is known.
    """

    cursor: Cursor
    encoding: Encoding
    end: int | None

    def leads_on(self, position: int, head: Head, elements_left: int, *, alike: bool) -> bool:
        """Whether an element, so read, is followed by sound ones, or ends where its item does."""
        self.cursor.looked_ahead += 1
        if elements_left == 0 or self.cursor.looked_ahead > _LOOK_AHEAD_BUDGET:
            return False
        source = self.cursor.source
        following = position + head.size_bytes
        if head.length == UNDEFINED_LENGTH:
            item = standard_head(source.read(following, 8), self.encoding)
            return item is not None and item.tag == ITEM and (head.vr == "" or head.size_bytes == 12)
        following += head.length
        limit = source.size_bytes if self.end is None else self.end
        if following >= limit:
            return following == limit
        content = source.read(following, 12)
        after = standard_head(content, self.encoding)
        if after is not None:
            if after.tag in {ITEM_END, SEQUENCE_END}:
                return after.length == 0
            return _is_sound(after, head.tag, following, limit)
        return len(content) >= 8 and any(
            way.tag > head.tag and self.leads_on(following, way, elements_left - 1, alike=alike)
            for way in _ways(content, self.encoding)
            if not alike or (way.vr, way.size_bytes) == (head.vr, head.size_bytes)
        )


def _is_sound(head: Head, before: int, position: int, limit: int) -> bool:
    fits = head.length == UNDEFINED_LENGTH or position + head.size_bytes + head.length <= limit
    return head.tag > before and (fits or head.tag == PIXEL_DATA)
