"""Checks a JPEG or JPEG-LS codestream and writes it anew, before any decoder sees it.

C decoders trust the structure of a stream more than they should: byte flips in its marker segments end gdcm's and
libjpeg-turbo's lossless decoders with a crash of the process. So every segment that decoding needs is checked against
ITU-T T.81 (JPEG) or T.87 (JPEG-LS), all others (comments, application data) are dropped, and only a stream rebuilt
from checked parts is decoded. The size it declares is known, and compared, before memory is taken for it.
"""

import struct

from cadx.errors import UnsupportedPixels
from cadx.mammogram.codecs.codestream import JPEG_START, Codec, FrameSize
from cadx.mammogram.codecs.jpeg_segments import DHT, DQT, DRI, SOS, JpegParts, Scan, broken

_SEQUENTIAL = frozenset({Codec.JPEG_BASELINE, Codec.JPEG_EXTENDED})
_BY_LIBJPEG = _SEQUENTIAL | {Codec.JPEG_PROGRESSIVE}
_COLOR = _SEQUENTIAL


def jpeg_size(parts: JpegParts) -> FrameSize:
    """Size and precision that the frame header declares.

    Raises
    ------
    UnreadableImage
        When it is none of the standards'.
    UnsupportedPixels
        When it is in color, of a process in which color is not read.
    """
    if len(parts.frame) < 6:
        raise broken("its frame header is cut short")
    precision, rows, columns, components = struct.unpack(">BHHB", parts.frame[:6])
    if components != 1 and (components != 3 or parts.codec not in _COLOR or precision != 8):
        raise UnsupportedPixels("the codestream has several components, that is color")
    if len(parts.frame) != 6 + 3 * components or not 2 <= precision <= 16 or rows == 0 or columns == 0:
        raise broken("its frame header is not one of the standard")
    if parts.codec is Codec.JPEG_PROGRESSIVE and precision != 8:
        raise UnsupportedPixels("the codestream is progressive JPEG of more than 8 bits")
    lossy = parts.codec in _BY_LIBJPEG or (parts.codec is Codec.JPEG_LS and _near(parts.scans[0]) > 0)
    return FrameSize(rows, columns, precision, components=components, lossy=lossy)


def rebuilt_jpeg(parts: JpegParts, size: FrameSize) -> bytes:
    """Check the parts and write the stream anew.

    Components are numbered from 1, so that a decoder which goes by their names takes three for luminance and
    chrominance and, asked for these, hands them over unconverted.

    Raises
    ------
    UnreadableImage
        When a part breaks its standard.
    """
    numbers = {parts.frame[6 + 3 * index]: index + 1 for index in range(size.components)}
    if len(numbers) != size.components:
        raise broken("two of its components bear one name")
    _check_tables(parts, size)
    rebuilt = [JPEG_START]
    written_frame = False
    for scan in parts.scans:
        header = _checked_scan(parts.codec, scan, size, numbers)
        rebuilt += [_segment(marker, content) for marker, content in scan.tables]
        if not written_frame:
            rebuilt.append(_segment(parts.marker, _frame(parts.frame, size)))
            written_frame = True
        rebuilt += [_segment(SOS, header), scan.entropy]
    return b"".join((*rebuilt, b"\xff\xd9"))


def _frame(frame: bytes, size: FrameSize) -> bytes:
    """The frame header with components numbered from 1; a lone component is never subsampled."""
    entries = [frame[6 + 3 * index : 9 + 3 * index] for index in range(size.components)]
    if size.components == 1:
        return frame[:6] + bytes((1, 0x11, entries[0][2]))
    for entry in entries:
        if entry[1] >> 4 not in {1, 2} or entry[1] & 0x0F not in {1, 2}:
            raise broken("its components are sampled in an unknown way")
    return frame[:6] + b"".join(bytes((index + 1, entry[1], entry[2])) for index, entry in enumerate(entries))


def _near(scan: Scan) -> int:
    return scan.header[-3] if len(scan.header) >= 3 else 0


def _checked_scan(codec: Codec, scan: Scan, size: FrameSize, numbers: dict[int, int]) -> bytes:
    """The scan's header, checked, with the new numbers of its components."""
    header = scan.header
    count = header[0] if header else 0
    if not 1 <= count <= size.components or len(header) != 4 + 2 * count:
        raise broken("its scan header does not fit its frame header")
    named = [header[1 + 2 * index] for index in range(count)]
    if len(set(named)) != count or not set(named) <= set(numbers):
        raise broken("its scan header does not fit its frame header")
    start, end, approximation = header[-3:]
    allowed = {
        # The sequential processes have no choice here; some writers leave zeros (Se = 0 in files of NEMA's).
        Codec.JPEG_BASELINE: start == 0 and end in {0, 63} and approximation == 0 and size.precision == 8,
        Codec.JPEG_EXTENDED: start == 0 and end in {0, 63} and approximation == 0 and size.precision in {8, 12},
        Codec.JPEG_PROGRESSIVE: start <= end <= 63 and approximation >> 4 <= 13 and approximation & 0x0F <= 13,
        Codec.JPEG_LOSSLESS: 1 <= start <= 7 and end == 0 and approximation < size.precision,
        Codec.JPEG_LS: start < 1 << (size.precision - 1) and end == 0 and approximation < size.precision,
    }
    if not allowed[codec]:
        raise broken("its scan header is not one of the standard")
    if codec in _SEQUENTIAL:
        end = 63
    components = b"".join(bytes((numbers[name], header[2 + 2 * index])) for index, name in enumerate(named))
    return bytes((count,)) + components + bytes((start, end, approximation))


def _check_tables(parts: JpegParts, size: FrameSize) -> None:
    """Every table that a scan names must be defined, and sound. libjpeg checks those of later scans itself."""
    huffman: set[int] = set()
    quantization: set[int] = set()
    for marker, content in parts.tables:
        if marker == DHT:
            huffman |= _huffman_tables(content, parts.codec)
        elif marker == DQT:
            quantization |= _quantization_tables(content)
        elif marker == DRI and len(content) != 2:
            raise broken("its restart interval is not one of the standard")
    selected = [scan.header[2 + 2 * index] for scan in parts.scans for index in range((len(scan.header) - 4) // 2)]
    if parts.codec is Codec.JPEG_LS:
        if huffman or quantization or any(selected):
            raise broken("it has tables that JPEG-LS does not have")
        return
    if parts.codec is Codec.JPEG_LOSSLESS:
        needed = {tables >> 4 for tables in selected}
    elif parts.codec is Codec.JPEG_PROGRESSIVE:
        needed = set()
    else:
        needed = {tables >> 4 for tables in selected} | {0x10 | (tables & 0x0F) for tables in selected}
    quantizers = (
        set() if parts.codec is Codec.JPEG_LOSSLESS else {parts.frame[8 + 3 * i] for i in range(size.components)}
    )
    if not needed <= huffman or not quantizers <= quantization:
        raise broken("its scan names a table that is not defined")


def _huffman_tables(content: bytes, codec: Codec) -> set[int]:
    """Class and number of the tables of a DHT segment (T.81 B.2.4.2)."""
    found: set[int] = set()
    largest_dc = 16 if codec is Codec.JPEG_LOSSLESS else 15
    while content:
        counts, identity = content[1:17], content[0]
        symbols = content[17 : 17 + sum(counts)]
        room = sum(count << (16 - length) for length, count in enumerate(counts, start=1))
        sound = len(counts) == 16 and len(symbols) == sum(counts) and 0 < len(symbols) <= 256 and room <= 1 << 16
        direct = identity & 0xF0 == 0
        if not sound or identity & 0x0F > 3 or identity >> 4 > 1 or (direct and max(symbols) > largest_dc):
            raise broken("a Huffman table is not one of the standard")
        found.add(identity)
        content = content[17 + len(symbols) :]
    return found


def _quantization_tables(content: bytes) -> set[int]:
    """Numbers of the tables of a DQT segment (T.81 B.2.4.1)."""
    found: set[int] = set()
    while content:
        entry_bytes = 1 + (content[0] >> 4)
        if entry_bytes > 2 or content[0] & 0x0F > 3 or len(content) < 1 + 64 * entry_bytes:
            raise broken("a quantization table is not one of the standard")
        found.add(content[0] & 0x0F)
        content = content[1 + 64 * entry_bytes :]
    return found


def _segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content
