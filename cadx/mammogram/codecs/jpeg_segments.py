"""Takes a JPEG or JPEG-LS codestream apart into the segments that decoding needs (ITU-T T.81 annex B, T.87 annex C)."""

import struct
from dataclasses import dataclass

from cadx.errors import UnreadableImage
from cadx.mammogram.codecs.codestream import JPEG_START, Codec

DQT, DHT, DRI, LSE = 0xDB, 0xC4, 0xDD, 0xF8
SOS = 0xDA
_SOI, _EOI = 0xD8, 0xD9
_END = b"\xff\xd9"
_RESTARTS = range(0xD0, 0xD8)
PROCESSES = {
    0xC0: Codec.JPEG_BASELINE,
    0xC1: Codec.JPEG_EXTENDED,
    0xC2: Codec.JPEG_PROGRESSIVE,
    0xC3: Codec.JPEG_LOSSLESS,
    0xF7: Codec.JPEG_LS,
}
"""The frame headers of the coding processes that are read."""

_FRAME_HEADERS = (*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0), 0xF7)
_TABLES = (DQT, DHT, DRI, LSE)
# A progressive picture is gone through once a scan; encoders write 6 to 10 for gray.
_MOST_SCANS = {Codec.JPEG_PROGRESSIVE: 16}


@dataclass(frozen=True, slots=True)
class Scan:
    """One scan: the tables since the last one, its header, its entropy-coded data."""

    tables: tuple[tuple[int, bytes], ...]
    header: bytes
    entropy: bytes


@dataclass(frozen=True, slots=True)
class JpegParts:
    """The parts of a codestream that decoding needs.

    Attributes
    ----------
    marker
        Of the frame header.
    frame
        Its content.
    scans
        In their order.
    """

    marker: int
    frame: bytes
    scans: tuple[Scan, ...]

    @property
    def codec(self) -> Codec:
        """The coding process."""
        return PROCESSES[self.marker]

    @property
    def tables(self) -> tuple[tuple[int, bytes], ...]:
        """All tables, in their order."""
        return tuple(table for scan in self.scans for table in scan.tables)


def jpeg_parts(codestream: bytes) -> JpegParts:
    """Take a codestream apart, up to its end marker, which must be there.

    Raises
    ------
    UnreadableImage
        When its structure is none of the standards', or its coding process is not read.
    """
    if codestream[:2] != JPEG_START:
        raise broken("it does not begin as JPEG does")
    position = 2
    marker, frame = 0, b""
    tables: list[tuple[int, bytes]] = []
    scans: list[Scan] = []
    while not scans or codestream[position : position + 2] != _END:
        found, content, position = _next_segment(codestream, position)
        if found in _FRAME_HEADERS:
            if frame:
                raise broken("it has two frame headers")
            marker, frame = _known(found), content
        elif found in _TABLES:
            tables.append((found, content))
        elif found == SOS:
            if not frame:
                raise broken("its scan comes before its frame header")
            entropy, position = _entropy(codestream, position)
            scans.append(Scan(tuple(tables), content, entropy))
            tables.clear()
            if len(scans) > _most_scans(marker, frame):
                raise broken("it has a second scan or ends early")
    return JpegParts(marker, frame, tuple(scans))


def _known(marker: int) -> int:
    if marker not in PROCESSES:
        raise broken("its coding process (hierarchical, or with arithmetic coding) is not read")
    return marker


def _most_scans(marker: int, frame: bytes) -> int:
    components = frame[5] if len(frame) > 5 else 1
    return _MOST_SCANS.get(PROCESSES[marker], 3 if components == 3 else 1)


def _next_segment(codestream: bytes, position: int) -> tuple[int, bytes, int]:
    """Marker, content, and where the next segment begins. Fill bytes (0xFF) before a marker are skipped."""
    while codestream[position : position + 2] == b"\xff\xff":
        position += 1
    head = codestream[position : position + 4]
    if len(head) < 4 or head[0] != 0xFF or head[1] in {0x00, 0x01, _SOI, _EOI, *_RESTARTS}:
        raise broken("a marker is missing before its scan")
    (length,) = struct.unpack(">H", head[2:])
    content = codestream[position + 4 : position + 2 + length]
    if length < 2 or len(content) != length - 2:
        raise broken("a marker segment is cut short")
    return head[1], content, position + 2 + length


def _entropy(codestream: bytes, start: int) -> tuple[bytes, int]:
    """The entropy-coded data, and where the marker after them is."""
    position = start
    while True:
        position = codestream.find(b"\xff", position)
        follower = codestream[position + 1 : position + 2]
        if position < 0 or not follower:
            raise broken("its end marker (EOI) is missing")
        if 0x80 <= follower[0] < 0xFF and follower[0] not in _RESTARTS:
            return codestream[start:position], position
        position += 1 if follower[0] == 0xFF else 2


def broken(reason: str) -> UnreadableImage:
    """The refusal of a codestream."""
    return UnreadableImage("dicom", f"the JPEG codestream is broken, {reason}")
