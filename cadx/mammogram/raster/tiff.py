"""TIFF and BigTIFF: gray of 2 to 16 bits, palettes, color and alpha, as they are stored.

libtiff, by Pillow, only takes compression off: it is given the strips as those of a plain gray picture of bytes. What
these bytes are - depth, byte order, channels, polarity - is decided here, by the tags, and nothing is turned.
"""

import io
import struct
import threading
import warnings

import numpy as np
from PIL import TiffImagePlugin

from cadx.errors import FrameNeeded, FrameNotInFile, TruncatedImage, UnreadableImage, UnsupportedPixels
from cadx.mammogram.byte_source import ByteSource
from cadx.mammogram.codecs.decode import decode_jpeg
from cadx.mammogram.codecs.jpeg import jpeg_size
from cadx.mammogram.codecs.jpeg_segments import jpeg_parts
from cadx.mammogram.codecs.pixel_layout import Channels, PixelLayout
from cadx.mammogram.formats import FileFormat
from cadx.mammogram.gray.channels import check_opaque, gray_of_palette, gray_of_rgb
from cadx.mammogram.gray.pixels import PixelArray
from cadx.mammogram.gray.transformations import StoredRange
from cadx.mammogram.policy import ReadingLimits
from cadx.mammogram.raster.directory import TIFF_MAGICS, Directory, TiffTag, broken, open_tiff
from cadx.mammogram.raster.mammogram import raster_mammogram
from cadx.mammogram.raster.samples import Bytes, Samples, samples_of
from cadx.mammogram.raster.tiff_layout import (
    JPEG,
    PALETTE,
    RGB,
    UNCOMPRESSED,
    WHITE_IS_ZERO,
    YCBCR,
    TiffLayout,
    tiff_layout,
)
from cadx.records import Mammogram, Spacing

__all__ = ["TIFF_MAGICS", "read_tiff"]
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_pillow_warnings = threading.Lock()


def read_tiff(source: ByteSource, limits: ReadingLimits, spacing: Spacing, frame: int | None) -> Mammogram:
    """Read one page of a TIFF; one in color, or with a palette, counts as gray where its channels agree in every bit.

    Raises
    ------
    FrameNeeded, FrameNotInFile
        When it has several pages and none was chosen, or not the chosen one.
    UnreadableImage, TruncatedImage
        When it is broken or cut short.
    UnsupportedPixels
        When it is in color, partly transparent, or of a depth or compression that is not read.
    ImageTooLarge
        When it declares more pixels than allowed; nothing was decoded.
    """
    file = open_tiff(source)
    pages = len(file.pages)
    if frame is None and pages > 1:
        raise FrameNeeded(pages)
    if frame is not None and not 1 <= frame <= pages:
        raise FrameNotInFile(frame, pages)
    directory = file.directory((frame or 1) - 1)
    layout = tiff_layout(directory, limits)
    if layout.compression == JPEG:
        values, bits = _from_jpeg(source, layout, directory), layout.bits
    else:
        values, bits = _gray(_planes(source, layout, big_endian=file.big_endian), layout, directory)
    return raster_mammogram(
        FileFormat.TIFF,
        (layout.rows, layout.columns),
        PixelArray(values),
        StoredRange(bits),
        spacing,
        inverted=layout.photometric == WHITE_IS_ZERO,
        orientation=next(iter(directory.get(TiffTag.Orientation, ())), 1),
    )


def _planes(source: ByteSource, layout: TiffLayout, *, big_endian: bool) -> list[Samples]:
    """Each sample of the pixels, (rows, columns)."""
    per_plane = len(layout.offsets) // layout.planes
    planes: list[Samples] = []
    for plane in range(layout.planes):
        chunks = range(plane * per_plane, (plane + 1) * per_plane)
        samples = samples_of(_rows(source, layout, chunks), layout.chunk_samples, layout.bits, big_endian=big_endian)
        pixels = samples.reshape(samples.shape[0], layout.chunk_columns, -1)
        if layout.differenced:
            pixels = np.cumsum(pixels, axis=1, dtype=pixels.dtype)
        pixels = _assembled(pixels, layout)
        planes += [pixels[..., index] for index in range(pixels.shape[2])]
    return planes


def _assembled(pixels: Samples, layout: TiffLayout) -> Samples:
    """Tiles beside and below one another; strips are so already."""
    if not layout.tiled:
        return pixels[: layout.rows]
    down, across = layout.chunks_down, layout.chunks_across
    tiles = pixels.reshape(down, across, layout.chunk_rows, layout.chunk_columns, -1).swapaxes(1, 2)
    whole = tiles.reshape(down * layout.chunk_rows, across * layout.chunk_columns, -1)
    return whole[: layout.rows, : layout.columns]


def _rows(source: ByteSource, layout: TiffLayout, chunks: range) -> Bytes:
    """The bytes of the rows of some chunks, one chunk below the other, without compression."""
    heights = [layout.chunk_rows] * len(chunks)
    if not layout.tiled:
        heights[-1] = layout.rows - layout.chunk_rows * (len(chunks) - 1)
    row_bytes = layout.chunk_row_bytes
    if layout.compression == UNCOMPRESSED:
        content = b"".join(
            _chunk(source, layout, chunk, height * row_bytes) for chunk, height in zip(chunks, heights, strict=True)
        )
        return np.frombuffer(content, dtype=np.uint8).reshape(-1, row_bytes)
    packed = [_chunk(source, layout, chunk, layout.byte_counts[chunk]) for chunk in chunks]
    return _unpacked(packed, layout, sum(heights))


def _chunk(source: ByteSource, layout: TiffLayout, chunk: int, needed: int) -> bytes:
    """The bytes of one strip or tile, all of them."""
    content = source.read(layout.offsets[chunk], needed)
    if len(content) != needed or needed > layout.byte_counts[chunk]:
        raise TruncatedImage(FileFormat.TIFF, layout.offsets[chunk] + needed, source.size_bytes)
    return content.translate(_REVERSED) if layout.reversed_bits else content


def _unpacked(packed: list[bytes], layout: TiffLayout, rows: int) -> Bytes:
    """Take the compression off, by libtiff: each row of bytes is a row of gray pixels to it.

    Warnings are process-wide in Python 3.11; the lock keeps two readers from restoring each other's filters.
    """
    plain = _byte_picture(packed, layout, rows)
    with _pillow_warnings, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return np.asarray(TiffImagePlugin.TiffImageFile(io.BytesIO(plain)))
        except Exception as problem:  # noqa: BLE001 - decoders raise anything on hostile bytes
            reason = type(problem).__name__
    raise broken(f"the decoder stopped with {reason}")


def _byte_picture(packed: list[bytes], layout: TiffLayout, rows: int) -> bytes:
    """A little-endian TIFF of 8-bit gray with the same compressed strips."""
    count = len(packed)
    entries = 10
    after_directory = 8 + 2 + 12 * entries + 4
    lengths_at = after_directory + 4 * count
    starts = lengths_at + 4 * count + np.concatenate(([0], np.cumsum([len(part) for part in packed])))[:-1]
    lists = np.concatenate((starts, [len(part) for part in packed])).astype("<u4").tobytes()
    tags = (
        (256, layout.chunk_row_bytes),
        (257, rows),
        (258, 8),
        (259, layout.compression),
        (262, 1),
        (273, int(starts[0]) if count == 1 else after_directory),
        (277, 1),
        (278, layout.chunk_rows),
        (279, len(packed[0]) if count == 1 else lengths_at),
        (284, 1),
    )
    counts = {273: count, 279: count}
    directory = b"".join(struct.pack("<HHLL", tag, 4, counts.get(tag, 1), value) for tag, value in tags)
    head = b"II*\0" + struct.pack("<LH", 8, entries) + directory + struct.pack("<L", 0)
    return head + lists + b"".join(packed)


def _gray(planes: list[Samples], layout: TiffLayout, directory: Directory) -> tuple[Samples, int]:
    """One channel, and its bits."""
    if len(planes) > layout.color_samples:
        check_opaque(planes[-1], layout.bits)
    if layout.photometric == RGB:
        return np.ascontiguousarray(gray_of_rgb(planes[:3])), layout.bits
    if layout.photometric != PALETTE:
        return np.ascontiguousarray(planes[0]), layout.bits
    entries = np.array(directory.get(TiffTag.ColorMap, ()), dtype=np.int64)
    if entries.size != 3 << layout.bits or entries.max() > 65535:
        raise broken("its palette is missing or not one of the standard")
    bits = 8 if entries.max() < 256 else 16  # some writers leave bytes where the standard has words
    gray = gray_of_palette(planes[0], list(entries.astype(np.uint16).reshape(3, -1)))
    return gray, bits


def _from_jpeg(source: ByteSource, layout: TiffLayout, directory: Directory) -> Samples:
    """JPEG in TIFF (Technical Note 2): each strip or tile is a codestream whose tables may be told once for all."""
    if layout.planar or layout.samples != layout.color_samples or layout.photometric == PALETTE:
        raise UnsupportedPixels("the TIFF's kind of JPEG is not read")
    channels = {RGB: Channels.RGB, YCBCR: Channels.YBR}.get(layout.photometric, Channels.GRAY)
    tables = bytes(byte & 0xFF for byte in directory.get(TiffTag.JPEGTables, ()))
    decoded = [
        _jpeg_chunk(tables, _chunk(source, layout, chunk, layout.byte_counts[chunk]), layout, channels)
        for chunk in range(len(layout.offsets))
    ]
    if layout.tiled:
        return np.ascontiguousarray(_assembled(np.concatenate(decoded)[..., np.newaxis], layout)[..., 0])
    values = np.concatenate(decoded)
    if values.shape[0] < layout.rows:
        raise broken("its strips hold too few rows")
    return values[: layout.rows]


def _jpeg_chunk(tables: bytes, stream: bytes, layout: TiffLayout, channels: Channels) -> Samples:
    joined = tables.removesuffix(b"\xff\xd9") + stream[2:] if tables else stream
    try:
        parts = jpeg_parts(joined)
        size = jpeg_size(parts)
        if size.rows > layout.chunk_rows or size.columns != layout.chunk_columns or size.precision != layout.bits:
            raise broken("a JPEG within it has another size or depth than declared")
        allocated = 8 if layout.bits <= 8 else 16
        return decode_jpeg(
            parts, size, PixelLayout(size.rows, size.columns, allocated, layout.bits, signed=False, channels=channels)
        )
    except UnreadableImage as problem:
        reason = problem.reason
    raise broken(reason)
