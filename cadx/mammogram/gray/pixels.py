"""Where rectangles of pixels come from: rows of an uncompressed file, or a decoded array."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cadx.errors import PixelsOutOfRange, TruncatedImage
from cadx.mammogram.byte_source import ByteSource
from cadx.mammogram.gray.transformations import GrayTable, StoredRange
from cadx.records import Mammogram, Mask, PixelWindow

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
        return np.ascontiguousarray(rows[:, column_start:column_stop])  # the rest of the rows is let go


@dataclass(frozen=True, slots=True)
class Padding:
    """Pixel Padding Value and Range Limit (0028,0120), (0028,0121): stored values that are no image, inclusive."""

    smallest: int
    largest: int

    def holds(self, stored: StoredImage) -> Mask:
        """Which of some stored values are padding."""
        return (stored >= self.smallest) & (stored <= self.largest)


class Beyond(Enum):
    """What becomes of a stored value that does not fit the declared bits."""

    REFUSED = "refused"
    """Of PGM, whose maximum is a promise."""

    MASKED = "masked"
    """Of uncompressed words: the bits above BitsStored are evidence of nothing (PS3.5 8.1.1)."""

    CLIPPED = "clipped"
    """Of a codestream: lossy compression can overshoot, and a mask would turn white into black."""


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
        Values that are no image, if any. They are looked for before and after the value is made to fit.
    beyond
        What becomes of values that do not fit.
    overlay_bits
        The bits of a word above BitsStored in which overlays are declared.
    """

    stored: StoredPixels
    stored_range: StoredRange
    table: GrayTable
    padding: Padding | None = None
    beyond: Beyond = Beyond.REFUSED
    overlay_bits: int = 0

    def window(self, row_start: int, row_stop: int, column_start: int, column_stop: int) -> PixelWindow:
        """Return the grays and the mask of a rectangle that lies wholly inside the image.

        Raises
        ------
        PixelsOutOfRange
            When a stored value does not fit and may not be made to.
        TruncatedImage
            When the file ends before the rectangle does.
        """
        raw = self.stored.rectangle(row_start, row_stop, column_start, column_stop)
        valid = self.valid(raw)
        stored = self.fitting(raw, valid)
        gray = self.table(stored)
        if self.padding is not None:
            gray[~valid] = 0.0
        return PixelWindow(gray, valid)

    def valid(self, raw: StoredImage) -> Mask:
        """Which of some stored values are image and not padding."""
        if self.padding is None:
            return np.ones(raw.shape, dtype=np.bool_)
        held = self.padding.holds(raw)
        if self.beyond is Beyond.MASKED:
            held |= self.padding.holds(_masked(raw, self.stored_range))
        return ~held

    def fitting(self, raw: StoredImage, valid: Mask) -> StoredImage:
        """Stored values as numbers in the declared range; what becomes of padding does not matter."""
        if self.beyond is Beyond.MASKED:
            return _masked(raw, self.stored_range)
        smallest, largest = self.stored_range.smallest, self.stored_range.largest
        if smallest <= np.iinfo(raw.dtype).min and largest >= np.iinfo(raw.dtype).max:
            return raw
        if self.beyond is Beyond.REFUSED:
            judged = raw[valid]
            if judged.size and (int(judged.min()) < smallest or int(judged.max()) > largest):
                raise PixelsOutOfRange(self.stored_range.bits, int(judged.min()), int(judged.max()))
        return np.clip(raw, smallest, largest)


def _masked(raw: StoredImage, stored_range: StoredRange) -> StoredImage:
    """The low bits of words, the highest of them a sign where values are signed."""
    if 8 * raw.dtype.itemsize == stored_range.bits:
        return raw
    low: StoredImage = raw & raw.dtype.type((1 << stored_range.bits) - 1)
    if not stored_range.signed:
        return low
    sign = raw.dtype.type(1 << (stored_range.bits - 1))
    signed: StoredImage = (low ^ sign) - sign
    return signed


def held_bytes(mammogram: Mammogram) -> int:
    """Memory of the pixels that had to be decoded for an image; 0 where they stay in its file."""
    stored = getattr(mammogram.pixels, "stored", None)
    return stored.values.nbytes if isinstance(stored, PixelArray) else 0
