"""Binary PGM (P5); its rows stay in the file until they are asked for."""

import re

import numpy as np

from cadx.errors import TruncatedImage, UnreadableImage, UnsupportedPixels
from cadx.mammogram.byte_source import ByteSource
from cadx.mammogram.formats import FileFormat
from cadx.mammogram.gray.pixels import PixelRows
from cadx.mammogram.gray.transformations import StoredRange
from cadx.mammogram.policy import ReadingLimits, check_size
from cadx.mammogram.raster.mammogram import raster_mammogram
from cadx.records import Mammogram, Spacing

PGM_MAGIC = b"P5"
_HEADER = re.compile(rb"P5(?:\s|#[^\n]*\n)+(\d{1,9})(?:\s|#[^\n]*\n)+(\d{1,9})(?:\s|#[^\n]*\n)+(\d{1,9})\s")
_HEADER_BYTES = 4096


def read_pgm(source: ByteSource, limits: ReadingLimits, spacing: Spacing) -> Mammogram:
    """Read a PGM.

    Raises
    ------
    UnreadableImage, UnsupportedPixels, TruncatedImage, ImageTooLarge
        When it is broken, of an unknown depth, cut short or too large.
    """
    head = source.read(0, _HEADER_BYTES)
    header = _HEADER.match(head)
    if header is None:
        raise UnreadableImage(FileFormat.PGM, "its header has no width, height and maximum")
    columns, rows, maxval = (int(number) for number in header.groups())
    check_size(rows, columns, limits)
    if not 1 <= maxval <= 65535:
        raise UnsupportedPixels("the PGM's maximum is not between 1 and 65535")
    dtype = np.dtype(np.uint8 if maxval <= 255 else ">u2")
    pixel_bytes = rows * columns * dtype.itemsize
    start = header.end()
    # One byte ends the header. Where a writer left two (CR and LF), the file is longer by exactly that one.
    if head[start - 1 : start + 1] == b"\r\n" and source.size_bytes == start + 1 + pixel_bytes:
        start += 1
    if source.size_bytes < start + pixel_bytes:
        raise TruncatedImage(FileFormat.PGM, start + pixel_bytes, source.size_bytes)
    stored_range = StoredRange(maxval.bit_length(), largest_unsigned=maxval)
    rows_in_file = PixelRows(source, start, columns, dtype, FileFormat.PGM)
    return raster_mammogram(FileFormat.PGM, (rows, columns), rows_in_file, stored_range, spacing)
