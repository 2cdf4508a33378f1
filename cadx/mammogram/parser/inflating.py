"""Inflates a deflated data set (PS3.5 A.5), never beyond a limit."""

import zlib

from cadx.errors import FileTooLarge, UnreadableImage
from cadx.mammogram.byte_source import ByteSource, MemoryBytes

_STEP_BYTES = 2**20
_DEFLATE_METHOD = 8


def inflate(source: ByteSource, offset: int, max_bytes: int) -> MemoryBytes:
    """Inflate what lies from `offset` to the end of the file.

    The standard asks for a bare deflate stream. One in a zlib envelope (RFC 1950) is told by its two first bytes,
    which carry a check of their own, and by the checksum at its end.

    Raises
    ------
    FileTooLarge
        When there are more than `max_bytes`.
    UnreadableImage
        When the stream is broken or cut short.
    """
    deflated = source.read(offset, source.size_bytes)
    try:
        return _inflated(deflated, -zlib.MAX_WBITS, max_bytes)
    except UnreadableImage:
        if not _has_envelope(deflated):
            raise
    return _inflated(deflated, zlib.MAX_WBITS, max_bytes)


def _has_envelope(deflated: bytes) -> bool:
    head = deflated[:2]
    return len(head) == 2 and head[0] & 0x0F == _DEFLATE_METHOD and int.from_bytes(head, "big") % 31 == 0


def _inflated(deflated: bytes, window_bits: int, max_bytes: int) -> MemoryBytes:
    inflater = zlib.decompressobj(window_bits)
    parts: list[bytes] = []
    total = 0
    try:
        while deflated and not inflater.eof:
            part = inflater.decompress(deflated, _STEP_BYTES)
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
