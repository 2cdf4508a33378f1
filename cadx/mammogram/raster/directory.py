"""The directories of a TIFF or BigTIFF file (TIFF 6.0 section 2): which tags a page has, as whole numbers.

Only the tags that decide how pixels are stored are read; descriptions, names and dates are not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from cadx.errors import UnreadableImage
from cadx.mammogram.byte_source import ByteSource, MemoryBytes
from cadx.mammogram.formats import FileFormat

TIFF_MAGICS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
"""TIFF in both byte orders, then BigTIFF."""

_TYPES = {1: "u1", 3: "u2", 4: "u4", 6: "i1", 7: "u1", 8: "i2", 9: "i4", 16: "u8"}
_MOST_PAGES = 65_535
_MOST_ENTRIES = 4_096
_MOST_VALUES = 1 << 20
_FIELDS = {False: (4, 2, 12), True: (8, 8, 20)}  # bytes of an offset, of a count of entries, of an entry


class TiffTag(IntEnum):
    """A tag by the name that TIFF 6.0 gives it."""

    ImageWidth = 256
    ImageLength = 257
    BitsPerSample = 258
    Compression = 259
    PhotometricInterpretation = 262
    FillOrder = 266
    StripOffsets = 273
    Orientation = 274
    SamplesPerPixel = 277
    RowsPerStrip = 278
    StripByteCounts = 279
    PlanarConfiguration = 284
    Predictor = 317
    ColorMap = 320
    TileWidth = 322
    TileLength = 323
    TileOffsets = 324
    TileByteCounts = 325
    ExtraSamples = 338
    SampleFormat = 339
    JPEGTables = 347


Directory = Mapping[int, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class TiffFile:
    """A TIFF file.

    Attributes
    ----------
    source
        Its bytes.
    big_endian, big
        Byte order, and whether it is a BigTIFF.
    pages
        Where each directory begins.
    """

    source: ByteSource
    big_endian: bool
    big: bool
    pages: tuple[int, ...]

    def directory(self, page: int) -> Directory:
        """The tags of a page (from 0).

        Raises
        ------
        UnreadableImage
            When its directory is cut short, or a tag that decides is of an impossible kind.
        """
        start, entries = _entries(self.source, self.pages[page], self.big_endian, self.big)
        offset_bytes, _, entry_bytes = _FIELDS[self.big]
        found: dict[int, tuple[int, ...]] = {}
        content = self.source.read(start, entries * entry_bytes)
        for position in range(0, len(content) - entry_bytes + 1, entry_bytes):
            entry = content[position : position + entry_bytes]
            tag = self._number(entry[:2])
            if tag in set(TiffTag):
                found[tag] = self._values(entry, offset_bytes)
        return found

    def _values(self, entry: bytes, offset_bytes: int) -> tuple[int, ...]:
        kind, count = self._number(entry[2:4]), self._number(entry[4 : 4 + offset_bytes])
        if kind not in _TYPES or count > _MOST_VALUES:
            raise broken("a tag that decides is of an impossible kind")
        dtype = np.dtype(_TYPES[kind]).newbyteorder(">" if self.big_endian else "<")
        needed = count * dtype.itemsize
        content = entry[4 + offset_bytes :][:needed]
        if needed > offset_bytes:
            content = self.source.read(self._number(entry[4 + offset_bytes :]), needed)
        if len(content) != needed:
            raise broken("a tag's values lie outside the file")
        return tuple(int(value) for value in np.frombuffer(content, dtype=dtype))

    def _number(self, content: bytes) -> int:
        return _number(content, big_endian=self.big_endian)


def open_tiff(source: ByteSource) -> TiffFile:
    """Find the pages of a file.

    Raises
    ------
    UnreadableImage
        When there is none, or the directories run in a circle.
    """
    head = source.read(0, 16)
    big_endian, big = head[:1] == b"M", head[2:4] in {b"+\0", b"\0+"}
    offset_bytes, _, entry_bytes = _FIELDS[big]
    position = 8 if big else 4
    pages: list[int] = []
    offset = _number(head[position : position + offset_bytes], big_endian=big_endian)
    while offset:
        if offset in pages[-1:] or len(pages) >= _MOST_PAGES or offset >= source.size_bytes:
            raise broken("its directories lie outside the file or run in a circle")
        start, entries = _entries(source, offset, big_endian, big)
        pages.append(offset)
        following = source.read(start + entries * entry_bytes, offset_bytes)
        if len(following) < offset_bytes:
            break
        offset = _number(following, big_endian=big_endian)
    if not pages or len(set(pages)) != len(pages):
        raise broken("it has no directory, or they run in a circle")
    return TiffFile(source, big_endian, big, tuple(pages))


def exif_orientation(content: bytes) -> int:
    """The orientation in an Exif block, which is a TIFF file without pixels; 1 (upright) where it tells none."""
    if not content.startswith(TIFF_MAGICS[:2]):
        return 1
    try:
        directory = open_tiff(MemoryBytes(content)).directory(0)
    except UnreadableImage:
        return 1
    return next(iter(directory.get(TiffTag.Orientation, ())), 1)


def _entries(source: ByteSource, offset: int, big_endian: bool, big: bool) -> tuple[int, int]:
    """Where the entries of a directory begin, and how many they are."""
    count_bytes = _FIELDS[big][1]
    content = source.read(offset, count_bytes)
    entries = _number(content, big_endian=big_endian)
    if len(content) < count_bytes or not 1 <= entries <= _MOST_ENTRIES:
        raise broken("a directory is cut short or empty")
    return offset + count_bytes, entries


def _number(content: bytes, *, big_endian: bool) -> int:
    return int.from_bytes(content, "big" if big_endian else "little")


def broken(reason: str) -> UnreadableImage:
    """The refusal of a TIFF."""
    return UnreadableImage(FileFormat.TIFF, reason)
