"""Where rectangles of pixels come from: rows of an uncompressed file, or a decoded array."""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cadx.errors import PixelsOutOfRange, TruncatedImage
from cadx.mammogram.byte_source import ByteSource
from cadx.mammogram.gray.transformations import GrayTable, StoredRange
from cadx.records import PixelWindow

StoredImage = NDArray[np.integer]


class StoredPixels(Protocol):
    """Gives rectangles of stored values, not yet interpreted."""

    def rectangle(self, row_start: int, row_stop: int, column_start: int, column_stop: int) -> StoredImage:
        """Return stored values of a rectangle that lies inside the image."""
        ...


@dataclass(frozen=True, slots=True)
class PixelArray:
    """A decoded frame: integers, (rows, columns)."""

    values: StoredImage = field(repr=False)

    def rectangle(self, row_start: int, row_stop: int, column_start: int, column_stop: int) -> StoredImage:
        """Return a view."""
        return self.values[row_start:row_stop, column_start:column_stop]


@dataclass(frozen=True, slots=True)
class PixelRows:
    """An uncompressed frame in a file: only the rows asked for are read.

    Attributes
    ----------
    source
        The file.
    offset
        Where the frame begins, in bytes.
    columns
        Pixels of a row.
    dtype
        Type and byte order of a pixel.
    file_format
        For errors.
    """

    source: ByteSource
    offset: int
    columns: int
    dtype: np.dtype[np.integer]
    file_format: str

    def rectangle(self, row_start: int, row_stop: int, column_start: int, column_stop: int) -> StoredImage:
        """Read the rows and return the columns asked for."""
        row_bytes = self.columns * self.dtype.itemsize
        expected_bytes = (row_stop - row_start) * row_bytes
        content = self.source.read(self.offset + row_start * row_bytes, expected_bytes)
        if len(content) != expected_bytes:
            raise TruncatedImage(self.file_format, expected_bytes, len(content))
        rows = np.frombuffer(content, dtype=self.dtype).reshape(row_stop - row_start, self.columns)
        return rows[:, column_start:column_stop]


@dataclass(frozen=True, slots=True)
class Padding:
    """Pixel Padding Value and Range Limit (0028,0120), (0028,0121): stored values that are no image, inclusive."""

    smallest: int
    largest: int


@dataclass(frozen=True, slots=True)
class GrayPixels:
    """Stored pixels with their interpretation; the `PixelSource` of every mammogram.

    Attributes
    ----------
    stored
        Where stored values come from.
    stored_range
        The values that they may take.
    table
        Gray of each stored value.
    padding
        Values that are no image, if any.
    mask_unused_bits
        True where the bits above BitsStored hold an overlay and are to be dropped; else they must be empty.
    """

    stored: StoredPixels
    stored_range: StoredRange
    table: GrayTable
    padding: Padding | None = None
    mask_unused_bits: bool = False

    def window(self, row_start: int, row_stop: int, column_start: int, column_stop: int) -> PixelWindow:
        """Return the grays and the mask of a rectangle that lies wholly inside the image.

        Raises
        ------
        PixelsOutOfRange
            When a stored value does not fit BitsStored.
        TruncatedImage
            When the file ends before the rectangle does.
        """
        stored = self._values(self.stored.rectangle(row_start, row_stop, column_start, column_stop))
        gray = self.table(stored)
        valid = np.ones(gray.shape, dtype=np.bool_)
        if self.padding is not None:
            valid = (stored < self.padding.smallest) | (stored > self.padding.largest)
            gray[~valid] = 0.0
        return PixelWindow(gray, valid)

    def _values(self, raw: StoredImage) -> StoredImage:
        """The low BitsStored bits as a number; the bits above must be empty, a sign or a declared overlay."""
        bits = self.stored_range.bits
        values: StoredImage = raw.astype(np.int32)
        if self.mask_unused_bits or self.stored_range.signed:
            low: StoredImage = values & ((1 << bits) - 1)
            sign_bit = 1 << (bits - 1)
            signed: StoredImage = (low ^ sign_bit) - sign_bit if self.stored_range.signed else low
            if self.mask_unused_bits or np.all((signed == values) | (low == values)):
                return signed
        smallest, largest = int(values.min()), int(values.max())
        if smallest < self.stored_range.smallest or largest > self.stored_range.largest:
            raise PixelsOutOfRange(bits, smallest, largest)
        return values
