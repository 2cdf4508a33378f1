"""Reads the gray-level chain of a DICOM header: modality transformation, VOI, polarity, padding."""

import numpy as np
from numpy.typing import NDArray

from cadx.errors import InvalidHeaderValue
from cadx.mammogram.dicom.windows import first_window
from cadx.mammogram.gray.pixels import Padding
from cadx.mammogram.gray.transformations import LookupTable, Rescale, StoredRange, Window
from cadx.mammogram.parser.header import Header
from cadx.mammogram.parser.tags import Tag
from cadx.mammogram.policy import VoiPolicy

_LUT_SIZE_LIMIT = 65536
_WORD_BITS = 16

LutEntries = NDArray[np.uint16]


def modality_transformation(header: Header, stored: StoredRange) -> Rescale | LookupTable:
    """The Modality LUT or, without one, the rescale (PS3.3 C.11.1); the identity where there is neither."""
    table = _first_table(header, Tag.ModalityLUTSequence, signed=stored.signed)
    if table is not None:
        return table
    slope, intercept = header.decimal(Tag.RescaleSlope), header.decimal(Tag.RescaleIntercept)
    if slope == 0.0:
        header.ignored.note(Tag.RescaleSlope, "is zero, so that there is no rescale")
        return Rescale()
    rescale = Rescale(1.0 if slope is None else slope, intercept or 0.0)
    if abs(rescale.slope) > 1e6 or abs(rescale.intercept) > 1e9:
        raise InvalidHeaderValue(Tag.RescaleSlope.number, Tag.RescaleSlope.name, "is not believable")
    return rescale


def voi_transformation(header: Header, policy: VoiPolicy, *, signed: bool) -> LookupTable | Window | None:
    """The file's VOI by the documented choice: its first VOI LUT, else its first window, else None.

    Parameters
    ----------
    header
        Of the frame.
    policy
        ``FULL_RANGE`` ignores the file's VOI.
    signed
        Whether the modality's output can be negative, which decides how the LUT's first input is read where the file
        does not tell (PS3.3 C.11.2.1.1).

    Raises
    ------
    InvalidHeaderValue
        When the VOI is there and makes no sense.
    """
    if policy is VoiPolicy.FULL_RANGE:
        return None
    table = _first_table(header, Tag.VOILUTSequence, signed=signed)
    return first_window(header) if table is None else table


def _first_table(header: Header, sequence: Tag, *, signed: bool) -> LookupTable | None:
    """The first table of a sequence; an item with neither descriptor nor data is a placeholder.

    A VOI LUT that is described and not there cannot be looked up, but a window beside it may do.
    """
    if header.is_broken(sequence):
        raise InvalidHeaderValue(sequence.number, sequence.name, "cannot be taken apart")
    for item in header.items(sequence):
        described, there = item.has(Tag.LUTDescriptor), item.byte_count(Tag.LUTData) > 0
        if described and not there and sequence is Tag.VOILUTSequence and first_window(header) is not None:
            header.ignored.note(sequence, "describes a table that is not there")
        elif described or there:
            return lookup_table(item, signed=signed)
        else:
            header.ignored.note(sequence, "holds an item with neither descriptor nor data")
    return None


def lookup_table(item: Header, *, signed: bool) -> LookupTable:
    """Read one item of a Modality or VOI LUT sequence.

    Raises
    ------
    InvalidHeaderValue
        When descriptor and data contradict each other.
    """
    descriptor = item.integers(Tag.LUTDescriptor)
    if len(descriptor) != 3:
        raise InvalidHeaderValue(Tag.LUTDescriptor.number, Tag.LUTDescriptor.name, "does not hold three numbers")
    if not item.byte_count(Tag.LUTData):
        raise InvalidHeaderValue(Tag.LUTData.number, Tag.LUTData.name, "is missing or empty")
    size = descriptor[0] % _LUT_SIZE_LIMIT or _LUT_SIZE_LIMIT
    first = item.integers(Tag.LUTDescriptor, signed=signed)[1]
    bits = descriptor[2]
    if not 8 <= bits <= 16:
        raise InvalidHeaderValue(
            Tag.LUTDescriptor.number, Tag.LUTDescriptor.name, "declares entries that are not 8 to 16 bits"
        )
    entries = lut_entries(item, Tag.LUTData, Tag.LUTDescriptor, size)
    return LookupTable(first, entries, _used_bits(item, entries, bits))


def _used_bits(item: Header, entries: LutEntries, bits: int) -> int:
    """The bits that bring an entry to 0..1: those declared, unless the entries leave no doubt that these are wrong.

    Entries that do not fit mean what they hold, as do those that leave two or more of 16 declared bits unused: 16 is
    the word that they are kept in, and the picture would be four times too dark or more. 8 declared bits say that an
    entry is a byte: there more is a contradiction.
    """
    used = max(int(entries.max()).bit_length(), 8)
    if used > bits == 8:
        raise InvalidHeaderValue(Tag.LUTData.number, Tag.LUTData.name, "holds entries of more bits than declared")
    if bits < used or used <= bits - 2 == _WORD_BITS - 2:
        item.ignored.note(Tag.LUTDescriptor, "declares another number of bits than its entries have")
        return used
    return bits


def lut_entries(item: Header, data: Tag, descriptor: Tag, size: int) -> LutEntries:
    """The entries of a table: one word each, or one byte.

    A few words less or more than declared (1 in 64 at the most) are taken as they are: inputs beyond the last map to
    it anyway.

    Raises
    ------
    InvalidHeaderValue
        When the data hold another number of entries.
    """
    found = item.byte_count(data)
    if found in {size, size + size % 2}:
        return _byte_entries(item, data)[:size]
    words = found // 2
    if found % 2 == 0 and abs(words - size) <= max(1, size // 64):
        if words != size:
            item.ignored.note(descriptor, "declares another number of entries than there are")
        return item.binary(data, "u2").astype(np.uint16)[:size]
    raise InvalidHeaderValue(data.number, data.name, "does not hold the declared number of entries")


def _byte_entries(item: Header, data: Tag) -> LutEntries:
    """Entries of one byte; in words of a big-endian file the second comes first (PS3.5 annex A)."""
    entries = item.binary(data, "u1").astype(np.uint16)
    if item.big_endian and item.vr(data) == "OW" and entries.size % 2 == 0:
        return entries.reshape(-1, 2)[:, ::-1].ravel()
    return entries


def is_inverted(header: Header) -> bool:
    """Whether the lowest value is displayed white (MONOCHROME1); other interpretations were judged with the layout."""
    return header.term(Tag.PhotometricInterpretation) == "MONOCHROME1"


def padding(header: Header, *, signed: bool) -> Padding | None:
    """The stored values that are padding (PS3.3 C.7.5.1.1.2), or None."""
    value = _padding_value(header, Tag.PixelPaddingValue, signed=signed)
    if value is None:
        return None
    limit = _padding_value(header, Tag.PixelPaddingRangeLimit, signed=signed)
    limit = value if limit is None else limit
    return Padding(min(value, limit), max(value, limit))


def _padding_value(header: Header, tag: Tag, *, signed: bool) -> int | None:
    try:
        return header.integer(tag, signed=signed)
    except InvalidHeaderValue as problem:
        header.ignored.note(tag, problem.reason)
        return None
