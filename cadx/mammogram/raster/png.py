"""PNG (ISO/IEC 15948): gray of 1 to 16 bits, palettes, color and alpha, as they are stored.

The chunks are walked, and their data inflated, up to the size that the header declares; Pillow's decoder, in C, undoes
the filters of the rows. It is given one channel at a time, as a gray picture: the filters work on each byte of a pixel
alone, so that no depth and no channel is ever converted.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from cadx.errors import UnreadableImage, UnsupportedPixels
from cadx.mammogram.byte_source import ByteSource
from cadx.mammogram.formats import FileFormat
from cadx.mammogram.gray.channels import check_opaque, gray_of_palette, gray_of_rgb
from cadx.mammogram.gray.pixels import PixelArray
from cadx.mammogram.gray.transformations import StoredRange
from cadx.mammogram.policy import ReadingLimits, check_size
from cadx.mammogram.raster.directory import exif_orientation
from cadx.mammogram.raster.mammogram import raster_mammogram
from cadx.mammogram.raster.samples import Bytes, Samples, samples_of
from cadx.records import Mammogram, Spacing

PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
_GRAY, _RGB, _PALETTE, _GRAY_ALPHA, _RGBA = 0, 2, 3, 4, 6
_CHANNELS = {_GRAY: 1, _RGB: 3, _PALETTE: 1, _GRAY_ALPHA: 2, _RGBA: 4}
_DEPTHS = {_GRAY: (1, 2, 4, 8, 16), _PALETTE: (1, 2, 4, 8)}
# First column, first row, step between columns, between rows, of the seven passes of Adam7.
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_WHOLE = ((0, 0, 1, 1),)
_MOST_CHUNKS = 100_000
_BLOCK_BYTES = 1 << 18
_KEPT = frozenset({b"IHDR", b"PLTE", b"tRNS", b"eXIf", b"IDAT"})


@dataclass(frozen=True, slots=True)
class _Header:
    columns: int
    rows: int
    bits: int
    kind: int
    interlaced: bool

    @property
    def channels(self) -> int:
        return _CHANNELS[self.kind]

    @property
    def has_alpha(self) -> bool:
        return self.kind in {_GRAY_ALPHA, _RGBA}


def read_png(source: ByteSource, limits: ReadingLimits, spacing: Spacing) -> Mammogram:
    """Read a PNG; one in color, or with a palette, counts as gray where its channels agree in every bit.

    Raises
    ------
    UnreadableImage
        When it is broken or cut short.
    UnsupportedPixels
        When it is in color or partly transparent.
    ImageTooLarge
        When it declares more pixels than allowed; nothing was inflated.
    """
    chunks = _chunks(source)
    header = _header(chunks.get(b"IHDR", b""))
    check_size(header.rows, header.columns, limits)
    if header.kind == _GRAY and header.bits == 1:
        raise UnsupportedPixels("they are black or white, of 1 bit")
    samples = _samples(header, chunks.get(b"IDAT", b""))
    if header.kind == _PALETTE:
        values, bits = _through_palette(samples[0], chunks), 8
    else:
        values, bits = samples[0], header.bits
        if header.has_alpha:
            check_opaque(samples[1], bits)
    return raster_mammogram(
        FileFormat.PNG,
        (header.rows, header.columns),
        PixelArray(values),
        StoredRange(bits),
        spacing,
        orientation=exif_orientation(chunks.get(b"eXIf", b"")),
    )


def _chunks(source: ByteSource) -> dict[bytes, bytes]:
    """The chunks that are needed; several of one kind (IDAT) are joined."""
    content = source.read(0, source.size_bytes)
    found: dict[bytes, list[bytes]] = {}
    position = len(PNG_MAGIC)
    for _ in range(_MOST_CHUNKS):
        head = content[position : position + 8]
        length, kind = int.from_bytes(head[:4], "big"), head[4:]
        if len(head) < 8 or kind == b"IEND":
            break
        if kind in _KEPT:
            chunk = content[position + 8 : position + 8 + length]
            checksum = content[position + 8 + length : position + 12 + length]
            if zlib.crc32(chunk, zlib.crc32(kind)).to_bytes(4, "big") != checksum:
                if kind != b"eXIf":
                    raise _broken("a chunk is cut short or its checksum is wrong")
            else:
                found.setdefault(kind, []).append(chunk)
        elif not kind[0] & 0x20:
            raise _broken("a chunk that is needed to show it is unknown")
        position += 12 + length
    return {kind: b"".join(parts) for kind, parts in found.items()}


def _header(content: bytes) -> _Header:
    if len(content) != 13:
        raise _broken("its header is missing")
    columns, rows = int.from_bytes(content[:4], "big"), int.from_bytes(content[4:8], "big")
    bits, kind, compression, filtering, interlacing = content[8:]
    known = kind in _CHANNELS and bits in _DEPTHS.get(kind, (8, 16))
    if not known or compression or filtering or interlacing > 1:
        raise _broken("its header is not one of the standard")
    return _Header(columns, rows, bits, kind, bool(interlacing))


def _samples(header: _Header, deflated: bytes) -> list[Samples]:
    """The gray, then the alpha where there is one, each (rows, columns)."""
    if header.channels == 1 and header.bits >= 8 and not header.interlaced:
        return [_decoded(deflated, header.rows, header.columns, header.bits)]
    kind = np.uint16 if header.bits == 16 else np.uint8
    kept = [np.zeros((header.rows, header.columns), dtype=kind) for _ in range(2 if header.has_alpha else 1)]
    passes = [place for place in (_PASSES if header.interlaced else _WHOLE) if _size(header, place) != (0, 0)]
    sizes = [_size(header, place) for place in passes]
    needed = sum(rows * (1 + _row_bytes(header, columns)) for rows, columns in sizes)
    rest = _inflated(deflated, needed)
    for (left, top, step_x, step_y), (rows, columns) in zip(passes, sizes, strict=True):
        count = rows * (1 + _row_bytes(header, columns))
        table, rest = rest[:count].reshape(rows, -1), rest[count:]
        for channel, values in zip(kept, _pass(table, header, columns), strict=True):
            channel[top::step_y, left::step_x] = values
    return kept


def _size(header: _Header, place: tuple[int, int, int, int]) -> tuple[int, int]:
    """Rows and columns of a pass; (0, 0) where it is empty."""
    left, top, step_x, step_y = place
    rows, columns = -(-(header.rows - top) // step_y), -(-(header.columns - left) // step_x)
    return (rows, columns) if rows > 0 and columns > 0 else (0, 0)


def _row_bytes(header: _Header, columns: int) -> int:
    return (columns * header.channels * header.bits + 7) // 8


def _inflated(deflated: bytes, needed: int) -> Bytes:
    """Inflate exactly what the declared size needs."""
    inflater = zlib.decompressobj()
    try:
        content = inflater.decompress(deflated, needed)
    except zlib.error:
        content = b""
    if len(content) != needed:
        raise _broken("its pixels are broken or cut short")
    return np.frombuffer(content, dtype=np.uint8)


def _pass(table: Bytes, header: _Header, columns: int) -> Iterator[Samples]:
    """The gray of one pass, then its alpha. The filters work alike on each channel: equal ones are equal filtered."""
    if header.bits < 8:
        rows = _decoded(zlib.compress(table.tobytes(), level=0), table.shape[0], table.shape[1] - 1, 8)
        yield samples_of(rows.astype(np.uint8, copy=False), columns, header.bits, big_endian=True)
        return
    for channel in (0, header.channels - 1) if header.has_alpha else (0,):
        alone = _channel(table, header, columns, channel)
        yield _decoded(zlib.compress(alone.tobytes(), level=0), table.shape[0], columns, header.bits)


def _channel(table: Bytes, header: _Header, columns: int, channel: int) -> Bytes:
    """The filtered rows of one channel, with their filters; the first must be equal to the other colors."""
    sample = np.dtype(f"u{header.bits // 8}")
    alone = np.empty((table.shape[0], 1 + columns * sample.itemsize), dtype=np.uint8)
    alone[:, 0] = table[:, 0]
    step = max(1, _BLOCK_BYTES // table.shape[1])
    for start in range(0, table.shape[0], step):
        rows = np.ascontiguousarray(table[start : start + step, 1:]).view(sample)
        pixels = rows.reshape(rows.shape[0], columns, header.channels)
        if channel == 0 and header.kind in {_RGB, _RGBA}:
            gray_of_rgb([pixels[..., color] for color in range(3)])
        alone[start : start + step, 1:] = np.ascontiguousarray(pixels[..., channel]).view(np.uint8)
    return alone


def _decoded(deflated: bytes, rows: int, columns: int, bits: int) -> Samples:
    """Undo compression and filters of one channel of 8 or 16 bits."""
    mode, raw_mode = ("L", "L") if bits == 8 else ("I;16", "I;16B")
    try:
        picture = Image.frombytes(mode, (columns, rows), deflated, "zip", raw_mode, 0)
        return np.asarray(picture)
    except Exception as problem:  # noqa: BLE001 - decoders raise anything on hostile bytes
        reason = type(problem).__name__
    raise _broken(f"the decoder stopped with {reason}")


def _through_palette(indices: Samples, chunks: dict[bytes, bytes]) -> Samples:
    entries = np.frombuffer(chunks.get(b"PLTE", b""), dtype=np.uint8)
    if entries.size == 0 or entries.size % 3 or entries.size > 768:
        raise _broken("its palette is missing or not one of the standard")
    alphas = np.full(256, 255, dtype=np.uint8)
    told = np.frombuffer(chunks.get(b"tRNS", b""), dtype=np.uint8)[:256]
    alphas[: told.size] = told
    gray = gray_of_palette(indices, [entries[channel::3] for channel in range(3)])
    check_opaque(alphas[np.unique(indices)], 8)
    return gray


def _broken(reason: str) -> UnreadableImage:
    return UnreadableImage(FileFormat.PNG, reason)
