"""How a data set is really written, told by its own first elements and not by its label."""

from collections.abc import Iterator

from cadx.mammogram.byte_source import ByteSource
from cadx.mammogram.parser.heads import ITEM, PIXEL_DATA, UNDEFINED_LENGTH, Cursor, Encoding, is_known_vr, standard_head

_ENCODINGS = (Encoding(), Encoding(implicit=True), Encoding(big_endian=True))
_WALKED = 8
_NEEDED = 3
_META_GROUP, _META_GROUP_BYTES = 0x0002, b"\x02\0"
_IDENTIFYING_GROUP = 0x0008
MAGIC = b"DICM"
MAGIC_OFFSET = 128


def written_encoding(source: ByteSource, offset: int, declared: Encoding | None) -> Encoding | None:
    """The encoding that the first elements fit.

    Parameters
    ----------
    source
        The file, or an inflated data set.
    offset
        Where the data set begins.
    declared
        What the transfer syntax says; it is believed where the elements fit it.

    Returns
    -------
    Encoding or None
        The only one that they fit; None where they fit none, or several and not the declared one.
    """
    if declared is not None and _fits(source, offset, declared):
        return declared
    fitting = [encoding for encoding in _ENCODINGS if _fits(source, offset, encoding)]
    return fitting[0] if len(fitting) == 1 else None


def bare_dataset(source: ByteSource) -> int | None:
    """Where a file without the 128 bytes and the letters of PS3.10 7.1 begins as DICOM does; None where nowhere.

    Either file meta information is there, or a data set in exactly one encoding.
    """
    return next((offset for offset in _beginnings(source) if _begins(source, offset)), None)


def _beginnings(source: ByteSource) -> Iterator[int]:
    head = source.read(0, len(MAGIC))
    yield from (len(MAGIC),) if head == MAGIC else ()
    yield 0
    yield MAGIC_OFFSET
    yield MAGIC_OFFSET + len(MAGIC)


def _begins(source: ByteSource, offset: int) -> bool:
    return _fits(source, offset, Encoding(), group=_META_GROUP) or written_encoding(source, offset, None) is not None


def _fits(source: ByteSource, offset: int, encoding: Encoding, group: int = _IDENTIFYING_GROUP) -> bool:
    """Whether a few elements in a row are sound in an encoding: known VRs, rising tags, lengths within the file."""
    cursor = Cursor(source, offset)
    before, seen = -1, 0
    while seen < _WALKED and not cursor.at_end:
        content = cursor.peek(12)
        if seen and group == _META_GROUP and content[:2] != _META_GROUP_BYTES:
            break
        head = standard_head(content, encoding)
        # No implicit element is so long that its length reads as a VR.
        if head is None or (encoding.implicit and is_known_vr(content[4:6].decode("latin-1"))):
            return False
        if head.tag <= before or (seen == 0 and head.tag >> 16 != group):
            return False
        cursor.position += head.size_bytes
        if head.tag == PIXEL_DATA:
            break
        if head.length == UNDEFINED_LENGTH:
            item = standard_head(cursor.peek(8), encoding)
            return seen + 1 >= _NEEDED and item is not None and item.tag >> 16 == ITEM >> 16
        cursor.position += head.length
        before, seen = head.tag, seen + 1
        if cursor.position > source.size_bytes:
            return False
    return seen >= _NEEDED
