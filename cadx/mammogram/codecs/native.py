"""Uncompressed pixel data: where a frame lies, and what may follow the last one."""

from dataclasses import dataclass

import numpy as np

from cadx.errors import PixelDataMismatch, TruncatedImage, UnsupportedPixels
from cadx.mammogram.byte_source import ByteSource
from cadx.mammogram.codecs.pixel_layout import Channels, PixelLayout
from cadx.mammogram.gray.channels import gray_of_rgb, gray_of_ybr
from cadx.mammogram.gray.pixels import PixelArray, PixelRows, StoredImage, StoredPixels
from cadx.mammogram.parser.elements import PixelElement

_MOST_PADDING_BYTES = 1 << 20
_COMPARED_ROWS = 32


@dataclass(frozen=True, slots=True)
class SwappedBytes:
    """A value of 16-bit words in big-endian order that hold one byte a pixel (OW of 8 bits; PS3.5 8.1.1, annex A).

    Attributes
    ----------
    source
        The file.
    base
        Where the value begins: words are counted from there.
    """

    source: ByteSource
    base: int

    @property
    def size_bytes(self) -> int:
        """Number of bytes in all."""
        return self.source.size_bytes

    def read(self, offset: int, count: int) -> bytes:
        """Return up to `count` bytes from `offset`, the two of each word in the order of their pixels."""
        start = offset - (offset - self.base) % 2
        content = self.source.read(start, (offset - start + count + 1) // 2 * 2)
        words = np.frombuffer(content[: len(content) // 2 * 2], dtype=np.uint8).reshape(-1, 2)
        return words[:, ::-1].tobytes()[offset - start : offset - start + count]


def native_frame(
    source: ByteSource, element: PixelElement, layout: PixelLayout, frames: int, frame: int, *, big_endian: bool
) -> tuple[StoredPixels, tuple[tuple[str, str], ...]]:
    """One frame (from 1) of uncompressed pixel data; a gray one stays in the file.

    Returns
    -------
    StoredPixels
        The frame.
    tuple
        What the header declares and the data are, where the data hold more and the frame is certain all the same.

    Raises
    ------
    PixelDataMismatch
        When the data are shorter than declared, or longer by what may be a part of the picture.
    TruncatedImage
        When the file ends before the data do.
    """
    expected_bytes = layout.frame_bytes * frames
    if element.length < expected_bytes:
        raise PixelDataMismatch(f"{expected_bytes} bytes", f"{element.length} bytes")
    if element.offset + expected_bytes > source.size_bytes:
        raise TruncatedImage("dicom", element.offset + expected_bytes, source.size_bytes)
    contradictions = _surplus(source, element, layout, frames, big_endian=big_endian)
    if big_endian and layout.bits_allocated == 8 and element.vr == "OW":
        source = SwappedBytes(source, element.offset)
    offset = element.offset + layout.frame_bytes * (frame - 1)
    dtype = layout.dtype(big_endian=big_endian)
    if layout.samples == 1:
        return PixelRows(source, offset, layout.columns, dtype, "dicom"), contradictions
    content = source.read(offset, layout.frame_bytes)
    return PixelArray(_one_channel(np.frombuffer(content, dtype=dtype), layout)), contradictions


def _surplus(
    source: ByteSource, element: PixelElement, layout: PixelLayout, frames: int, *, big_endian: bool
) -> tuple[tuple[str, str], ...]:
    """Judge what follows the frames.

    It is padding where it is too little for a row or a column more, or is one byte over and over and the rows line up
    as declared; after several frames it may be further ones. Anything else may mean that Rows or Columns are wrong, and
    every row of the picture out of place.
    """
    expected_bytes = layout.frame_bytes * frames
    surplus = element.length - expected_bytes
    if surplus <= 1:
        return ()
    pixel_bytes = layout.bits_allocated // 8 * layout.samples
    row, column = layout.columns * pixel_bytes, layout.rows * pixel_bytes
    contradiction = ((f"{expected_bytes} bytes of pixels", f"{element.length} bytes"),)
    if surplus < min(row, column) or (frames > 1 and surplus % layout.frame_bytes == 0):
        return contradiction
    tail = source.read(element.offset + expected_bytes, min(surplus, _MOST_PADDING_BYTES))
    if (
        len(tail) == surplus
        and not tail.strip(tail[:1])
        and _rows_line_up(source, element, layout, surplus, big_endian=big_endian)
    ):
        return contradiction
    raise PixelDataMismatch(f"{expected_bytes} bytes", f"{element.length} bytes")


def _rows_line_up(
    source: ByteSource, element: PixelElement, layout: PixelLayout, surplus: int, *, big_endian: bool
) -> bool:
    """Whether rows in the middle resemble one another at the declared length, not at one that the surplus allows."""
    row, column = layout.frame_bytes // layout.rows, layout.frame_bytes // layout.columns
    if surplus % column:
        return True  # no number of columns more makes that many bytes
    dtype = layout.dtype(big_endian=big_endian)
    content = source.read(element.offset + layout.rows // 3 * row, (_COMPARED_ROWS + 1) * row + surplus)
    samples = np.frombuffer(content[: len(content) // dtype.itemsize * dtype.itemsize], dtype=dtype).astype(np.int64)
    declared, longer = (length // dtype.itemsize for length in (row, row + row // layout.columns * (surplus // column)))
    compared = samples.size - longer
    if compared <= 0:
        return False
    misfit = [np.abs(samples[lag : lag + compared] - samples[:compared]).sum() for lag in (declared, longer)]
    return bool(misfit[0] < misfit[1])


def _one_channel(samples: StoredImage, layout: PixelLayout) -> StoredImage:
    shape = (layout.rows, layout.columns)
    if layout.channels is Channels.YBR_422:
        if layout.columns % 2:
            raise UnsupportedPixels("a row of an odd number of pixels cannot share its chrominances")
        # Two luminances, then the two chrominances of both (PS3.3 C.7.6.3.1.2).
        pairs = samples.reshape(-1, 4)
        gray = gray_of_ybr([pairs[:, :2], pairs[:, 2], pairs[:, 3]], layout.bits_stored)
        return np.ascontiguousarray(gray).reshape(shape)
    if layout.planar:
        channels = list(samples.reshape(3, *shape))
    else:
        channels = [samples.reshape(*shape, 3)[..., index] for index in range(3)]
    if layout.channels is Channels.YBR:
        return np.ascontiguousarray(gray_of_ybr(channels, layout.bits_stored))
    return np.ascontiguousarray(gray_of_rgb(channels))
