"""Parses a DICOM data set up to its pixels, keeping only the attributes that are asked for (PS3.5 section 7).

Written for untrusted files: nothing is allocated that the file does not hold, depth and number of elements are
bounded, no value is decoded or reported here, and an attribute that was not asked for (reading asks for none about a
person) is skipped over unread.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from cadx.errors import TruncatedImage, UnreadableImage
from cadx.mammogram.byte_source import ByteSource
from cadx.mammogram.parser.heads import (
    ITEM,
    ITEM_END,
    SEQUENCE_END,
    UNDEFINED_LENGTH,
    Cursor,
    Encoding,
    Head,
    element_head,
    is_known_vr,
    standard_head,
)
from cadx.mammogram.parser.tags import KEPT, PIXEL_TAGS, SEQUENCES

_MAX_DEPTH = 12


@dataclass(frozen=True, slots=True)
class Element:
    """A kept element, undecoded.

    Attributes
    ----------
    vr
        Its VR where the file tells it.
    value
        Its bytes, where it is no sequence.
    items
        Its items, where it is one.
    little_endian
        Whether its items are little endian whatever the data set is: an UN element of a big-endian one (PS3.5 6.2.2).
    broken
        Whether it is a sequence that cannot be taken apart.
    """

    vr: str
    value: bytes = b""
    items: "tuple[Mapping[int, Element], ...]" = ()
    little_endian: bool = False
    broken: bool = False


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
    vr
        Its VR; '' where the data set is implicit.
    """

    tag: int
    offset: int
    length: int
    vr: str = ""


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
        head = element_head(cursor, encoding)
        if head.tag in PIXEL_TAGS:
            return elements, PixelElement(head.tag, cursor.position, head.length, head.vr)
        _keep(elements, cursor, encoding, head, 0)
    return elements, None


def parse_meta(source: ByteSource, offset: int) -> tuple[dict[int, Element], int]:
    """Parse the file meta information (group 0002, explicit little endian; PS3.10 7.1) and tell where it ends."""
    cursor = Cursor(source, offset)
    elements: dict[int, Element] = {}
    encoding = Encoding()
    while cursor.peek(2) == b"\x02\x00":
        _keep(elements, cursor, encoding, element_head(cursor, encoding), 0)
    return elements, cursor.position


def _keep(elements: dict[int, Element], cursor: Cursor, encoding: Encoding, head: Head, depth: int) -> None:
    """Move past one element's value, and keep it if it is needed."""
    tag, vr, length = head.tag, head.vr, head.length
    kept = tag in cursor.kept
    if length == UNDEFINED_LENGTH and (tag in PIXEL_TAGS or vr in {"OB", "OW"}):
        _skip_fragments(cursor, encoding)  # the compressed pixels of an icon
    elif length == UNDEFINED_LENGTH:
        # An UN element of undefined length is an implicit little endian sequence (PS3.5 6.2.2).
        items = _items(cursor, _inner(cursor, encoding, vr), length, depth + 1)
        if kept:
            elements[tag] = Element("SQ", items=items, little_endian=vr == "UN")
    elif kept and tag in SEQUENCES:
        elements[tag] = _kept_sequence(cursor, encoding, vr, length, depth)
    elif kept:
        elements[tag] = Element(vr, cursor.take(length))
    else:
        cursor.skip(length)


def _kept_sequence(cursor: Cursor, encoding: Encoding, vr: str, length: int, depth: int) -> Element:
    """Take apart a sequence of defined length, whatever VR it bears; what cannot be taken apart is passed over."""
    start = cursor.position
    inner = _inner(cursor, encoding, vr)
    try:
        items = _items(cursor, inner, length, depth + 1)
    except (UnreadableImage, TruncatedImage):
        cursor.position = start
        cursor.skip(length)
        return Element("SQ", broken=True)
    return Element("SQ", items=items, little_endian=vr not in {"", "SQ"} and not inner.big_endian)


def _inner(cursor: Cursor, encoding: Encoding, vr: str) -> Encoding:
    """How the items of a sequence are written: as the data set, but implicit little endian within UN.

    Some writers leave them explicit there: then the first element of the first item bears a VR.
    """
    if vr in {"", "SQ"}:
        return encoding
    content = cursor.peek(16)
    little = standard_head(content, Encoding())
    if little is None or little.tag != ITEM:
        return Encoding(implicit=True) if vr == "UN" else encoding
    return Encoding(implicit=not is_known_vr(content[12:14].decode("latin-1")))


def _skip_fragments(cursor: Cursor, encoding: Encoding) -> None:
    while True:
        head = element_head(cursor, encoding)
        if head.tag == SEQUENCE_END:
            return
        if head.tag != ITEM:
            raise UnreadableImage("dicom", "encapsulated data hold something that is no item")
        cursor.skip(head.length)


def _items(cursor: Cursor, encoding: Encoding, length: int, depth: int) -> tuple[Mapping[int, Element], ...]:
    if depth > _MAX_DEPTH:
        raise UnreadableImage("dicom", "its sequences are nested too deeply")
    end = None if length == UNDEFINED_LENGTH else cursor.position + length
    items: list[Mapping[int, Element]] = []
    while end is None or cursor.position < end:
        head = element_head(cursor, encoding, end)
        if head.tag == SEQUENCE_END and end is None:
            break
        if head.tag != ITEM:
            raise UnreadableImage("dicom", "a sequence holds something that is no item")
        items.append(_item(cursor, encoding, head.length, depth))
    _check_end(cursor, end)
    return tuple(items)


def _item(cursor: Cursor, encoding: Encoding, length: int, depth: int) -> Mapping[int, Element]:
    end = None if length == UNDEFINED_LENGTH else cursor.position + length
    elements: dict[int, Element] = {}
    while end is None or cursor.position < end:
        head = element_head(cursor, encoding, end)
        if head.tag == ITEM_END and end is None:
            break
        _keep(elements, cursor, encoding, head, depth)
    _check_end(cursor, end)
    return elements


def _check_end(cursor: Cursor, end: int | None) -> None:
    if end is not None and cursor.position != end:
        raise UnreadableImage("dicom", "a sequence or item is longer than it declares")
