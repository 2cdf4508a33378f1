"""Takes a JPEG or JPEG-LS codestream apart and writes it anew, before any decoder sees it.

C decoders trust the structure of a stream more than they should: byte flips in its marker segments end gdcm's and
libjpeg-turbo's lossless decoders with a crash of the process. So every segment that decoding needs is checked against
ITU-T T.81 (JPEG) or T.87 (JPEG-LS), all others (comments, application data) are dropped, and only a stream rebuilt
from checked parts is decoded. The size it declares is known, and compared, before memory is taken for it.
"""

import struct
from dataclasses import dataclass

from cadx.errors import UnreadableImage, UnsupportedPixels

BASELINE, EXTENDED, LOSSLESS, JPEG_LS = 0xC0, 0xC1, 0xC3, 0xF7
_SOI, _EOI, _SOS, _DQT, _DHT, _DRI, _LSE = 0xD8, 0xD9, 0xDA, 0xDB, 0xC4, 0xDD, 0xF8
_RESTARTS = range(0xD0, 0xD8)
_FRAME_HEADERS = (*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0), JPEG_LS)
_TABLES = (_DQT, _DHT, _DRI, _LSE)


@dataclass(frozen=True, slots=True)
class FrameSize:
    """What a codestream declares about its picture."""

    rows: int
    columns: int
    precision: int
    signed: bool = False


@dataclass(frozen=True, slots=True)
class _Segments:
    """The parts of a codestream that decoding needs."""

    process: int
    frame: bytes
    tables: tuple[tuple[int, bytes], ...]
    scan: bytes
    entropy: bytes


def rebuilt_jpeg(codestream: bytes, processes: tuple[int, ...]) -> tuple[FrameSize, bytes]:
    """Check a one-component, one-scan codestream and write it anew.

    Parameters
    ----------
    codestream
        One frame of encapsulated pixel data.
    processes
        The frame headers (SOF markers) that the transfer syntax allows.

    Returns
    -------
    FrameSize
        The size and precision that the stream declares.
    bytes
        The stream, rebuilt from its checked parts.

    Raises
    ------
    UnreadableImage
        When the stream breaks its standard or is cut short.
    UnsupportedPixels
        When it holds several components.
    """
    parts = _segments(codestream)
    if parts.process not in processes:
        raise _broken("its coding process is not that of the transfer syntax")
    size = _frame_size(parts)
    _check_scan(parts, size)
    _check_tables(parts)
    component, quantization = parts.frame[6], parts.frame[8]
    frame = parts.frame[:6] + bytes((component, 0x11, quantization))
    rebuilt = [b"\xff\xd8"]
    rebuilt += [_segment(marker, content) for marker, content in parts.tables]
    rebuilt += [_segment(parts.process, frame), _segment(_SOS, parts.scan), parts.entropy, b"\xff\xd9"]
    return size, b"".join(rebuilt)


def _segments(codestream: bytes) -> _Segments:
    if codestream[:2] != b"\xff\xd8":
        raise _broken("it does not begin as JPEG does")
    position = 2
    process, frame = 0, b""
    tables: list[tuple[int, bytes]] = []
    while True:
        marker, content, position = _next_segment(codestream, position)
        if marker in _FRAME_HEADERS:
            if frame:
                raise _broken("it has two frame headers")
            process, frame = marker, content
        elif marker in _TABLES:
            tables.append((marker, content))
        elif marker == _SOS:
            if not frame:
                raise _broken("its scan comes before its frame header")
            return _Segments(process, frame, tuple(tables), content, _entropy(codestream, position))


def _next_segment(codestream: bytes, position: int) -> tuple[int, bytes, int]:
    """Marker, content, and where the next segment begins. Fill bytes (0xFF) before a marker are skipped."""
    while codestream[position : position + 2] == b"\xff\xff":
        position += 1
    head = codestream[position : position + 4]
    if len(head) < 4 or head[0] != 0xFF or head[1] in {0x00, 0x01, _SOI, _EOI, *_RESTARTS}:
        raise _broken("a marker is missing before its scan")
    (length,) = struct.unpack(">H", head[2:])
    content = codestream[position + 4 : position + 2 + length]
    if length < 2 or len(content) != length - 2:
        raise _broken("a marker segment is cut short")
    return head[1], content, position + 2 + length


def _entropy(codestream: bytes, start: int) -> bytes:
    """The entropy-coded data: up to the end marker, which must be there."""
    position = start
    while True:
        position = codestream.find(b"\xff", position)
        follower = codestream[position + 1 : position + 2]
        if position < 0 or not follower:
            raise _broken("its scan has no end")
        if follower[0] == _EOI:
            return codestream[start:position]
        if 0x80 <= follower[0] < 0xFF and follower[0] not in _RESTARTS:
            raise _broken("it has a second scan or ends early")
        position += 1 if follower[0] == 0xFF else 2


def _frame_size(parts: _Segments) -> FrameSize:
    if len(parts.frame) < 6:
        raise _broken("its frame header is cut short")
    precision, rows, columns, components = struct.unpack(">BHHB", parts.frame[:6])
    if components != 1:
        raise UnsupportedPixels("the codestream has several components, that is color")
    if len(parts.frame) != 9 or not 2 <= precision <= 16 or rows == 0 or columns == 0:
        raise _broken("its frame header is not one of the standard")
    return FrameSize(rows, columns, precision)


def _check_scan(parts: _Segments, size: FrameSize) -> None:
    if len(parts.scan) != 6 or parts.scan[0] != 1 or parts.scan[1] != parts.frame[6]:
        raise _broken("its scan header does not fit its frame header")
    _, _, _, start, end, approximation = parts.scan
    allowed = {
        BASELINE: start == 0 and end == 63 and approximation == 0 and size.precision == 8,
        EXTENDED: start == 0 and end == 63 and approximation == 0 and size.precision in {8, 12},
        LOSSLESS: 1 <= start <= 7 and end == 0 and approximation < size.precision,
        JPEG_LS: start < 1 << (size.precision - 1) and end == 0 and approximation < size.precision,
    }
    if not allowed[parts.process]:
        raise _broken("its scan header is not one of the standard")


def _check_tables(parts: _Segments) -> None:
    """Every table that the scan names must be defined, and sound."""
    huffman: set[int] = set()
    quantization: set[int] = set()
    for marker, content in parts.tables:
        if marker == _DHT:
            huffman |= _huffman_tables(content, parts.process)
        elif marker == _DQT:
            quantization |= _quantization_tables(content)
        elif marker == _DRI and len(content) != 2:
            raise _broken("its restart interval is not one of the standard")
    if parts.process == JPEG_LS:
        if huffman or quantization or parts.scan[2] != 0:
            raise _broken("it has tables that JPEG-LS does not have")
        return
    selected = parts.scan[2]
    needed = {selected >> 4} if parts.process == LOSSLESS else {selected >> 4, 0x10 | (selected & 0x0F)}
    if not needed <= huffman or (parts.process != LOSSLESS and parts.frame[8] not in quantization):
        raise _broken("its scan names a table that is not defined")


def _huffman_tables(content: bytes, process: int) -> set[int]:
    """Class and number of the tables of a DHT segment (T.81 B.2.4.2)."""
    found: set[int] = set()
    largest_dc = 16 if process == LOSSLESS else 15
    while content:
        counts, identity = content[1:17], content[0]
        symbols = content[17 : 17 + sum(counts)]
        room = sum(count << (16 - length) for length, count in enumerate(counts, start=1))
        sound = len(counts) == 16 and len(symbols) == sum(counts) and 0 < len(symbols) <= 256 and room <= 1 << 16
        direct = identity & 0xF0 == 0
        if not sound or identity & 0x0F > 3 or identity >> 4 > 1 or (direct and max(symbols) > largest_dc):
            raise _broken("a Huffman table is not one of the standard")
        found.add(identity)
        content = content[17 + len(symbols) :]
    return found


def _quantization_tables(content: bytes) -> set[int]:
    """Numbers of the tables of a DQT segment (T.81 B.2.4.1)."""
    found: set[int] = set()
    while content:
        entry_bytes = 1 + (content[0] >> 4)
        if entry_bytes > 2 or content[0] & 0x0F > 3 or len(content) < 1 + 64 * entry_bytes:
            raise _broken("a quantization table is not one of the standard")
        found.add(content[0] & 0x0F)
        content = content[1 + 64 * entry_bytes :]
    return found


def _segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def _broken(reason: str) -> UnreadableImage:
    return UnreadableImage("dicom", f"the JPEG codestream is broken, {reason}")
