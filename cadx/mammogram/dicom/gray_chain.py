"""Reads the gray-level chain of a DICOM header: modality transformation, VOI, polarity, padding."""

import numpy as np

from cadx.errors import InvalidHeaderValue, UnsupportedPixels
from cadx.mammogram.gray.pixels import Padding
from cadx.mammogram.gray.transformations import LookupTable, Rescale, StoredRange, VoiFunction, Window
from cadx.mammogram.parser.header import Header
from cadx.mammogram.parser.tags import Tag
from cadx.mammogram.policy import VoiPolicy

_LUT_SIZE_LIMIT = 65536


def modality_transformation(header: Header, stored: StoredRange) -> Rescale | LookupTable:
    """The Modality LUT or, without one, the rescale (PS3.3 C.11.1); the identity where there is neither."""
    tables = header.items(Tag.ModalityLUTSequence)
    if tables:
        return lookup_table(tables[0], signed=stored.signed)
    slope, intercept = header.decimal(Tag.RescaleSlope), header.decimal(Tag.RescaleIntercept)
    rescale = Rescale(1.0 if slope is None else slope, intercept or 0.0)
    if rescale.slope == 0.0 or abs(rescale.slope) > 1e6 or abs(rescale.intercept) > 1e9:
        raise InvalidHeaderValue(Tag.RescaleSlope.number, Tag.RescaleSlope.name, "is zero or not believable")
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
    tables = header.items(Tag.VOILUTSequence)
    if tables:
        return lookup_table(tables[0], signed=signed)
    centers, widths = header.decimals(Tag.WindowCenter), header.decimals(Tag.WindowWidth)
    if len(centers) != len(widths):
        raise InvalidHeaderValue(Tag.WindowCenter.number, Tag.WindowCenter.name, "and WindowWidth do not pair")
    if not centers:
        return None
    return _window(header, centers[0], widths[0])


def _window(header: Header, center: float, width: float) -> Window:
    name = header.term(Tag.VOILUTFunction) or VoiFunction.LINEAR
    if name not in set(VoiFunction):
        raise InvalidHeaderValue(Tag.VOILUTFunction.number, Tag.VOILUTFunction.name, "is no function of the standard")
    function = VoiFunction(name)
    smallest_width = 1.0 if function is VoiFunction.LINEAR else 1e-6
    if width < smallest_width:
        raise InvalidHeaderValue(Tag.WindowWidth.number, Tag.WindowWidth.name, f"is below {smallest_width:g}")
    return Window(center, width, function)


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
    size = descriptor[0] % _LUT_SIZE_LIMIT or _LUT_SIZE_LIMIT
    first = item.integers(Tag.LUTDescriptor, signed=signed)[1]
    bits = descriptor[2]
    if not 8 <= bits <= 16:
        raise InvalidHeaderValue(
            Tag.LUTDescriptor.number, Tag.LUTDescriptor.name, "declares entries that are not 8 to 16 bits"
        )
    entries = _lut_entries(item, size)
    if int(entries.max()) >= 2**bits:
        raise InvalidHeaderValue(Tag.LUTData.number, Tag.LUTData.name, "holds entries of more bits than declared")
    return LookupTable(first, entries, bits)


def _lut_entries(item: Header, size: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint16]]:
    found = item.byte_count(Tag.LUTData)
    if found == 2 * size:
        return item.binary(Tag.LUTData, "u2").astype(np.uint16)
    if found in {size, size + size % 2}:
        return item.binary(Tag.LUTData, "u1").astype(np.uint16)[:size]
    raise InvalidHeaderValue(Tag.LUTData.number, Tag.LUTData.name, "does not hold the declared number of entries")


def is_inverted(header: Header) -> bool:
    """Whether the lowest value is displayed white (MONOCHROME1).

    Raises
    ------
    UnsupportedPixels
        When the image is not monochrome.
    """
    interpretation = header.term(Tag.PhotometricInterpretation)
    if interpretation not in {"MONOCHROME1", "MONOCHROME2"}:
        raise UnsupportedPixels("the photometric interpretation (0028,0004) is neither MONOCHROME1 nor MONOCHROME2")
    return interpretation == "MONOCHROME1"


def padding(header: Header, *, signed: bool) -> Padding | None:
    """The stored values that are padding (PS3.3 C.7.5.1.1.2), or None."""
    value = header.integer(Tag.PixelPaddingValue, signed=signed)
    if value is None:
        return None
    limit = header.integer(Tag.PixelPaddingRangeLimit, signed=signed)
    limit = value if limit is None else limit
    return Padding(min(value, limit), max(value, limit))
