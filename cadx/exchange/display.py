"""How an image's stored values become the grays that a station shows: a presentation state must say it again."""

import re
from dataclasses import dataclass

from cadx.exchange.identity_tags import IdentityTag
from cadx.mammogram.parser.header import Header
from cadx.mammogram.parser.tags import Tag

_VOI_FUNCTIONS = ("LINEAR", "LINEAR_EXACT", "SIGMOID")
_TERM = re.compile(r"[A-Z0-9_ ]{1,16}")


@dataclass(frozen=True, slots=True)
class LookupTable:
    """A lookup table as the header stores it.

    Attributes
    ----------
    descriptor
        Number of entries, first value mapped, bits of an entry.
    data
        16-bit words, little endian.
    """

    descriptor: tuple[int, int, int]
    data: bytes


@dataclass(frozen=True, slots=True)
class Display:
    """The grayscale transformations of an image, in the order that they are applied.

    Attributes
    ----------
    modality_lut, rescale
        Either, or neither: the table and its type, or intercept, slope and type.
    voi_lut, window
        Either, or neither: the first table, or center, width and function of the first window.
    inverted
        Whether the lowest value is shown white.
    signed
        Whether stored values are signed, as then the tables' first values are.
    lossy, lossy_ratios, lossy_methods
        Whether the image was compressed with loss, and how.
    """

    modality_lut: tuple[LookupTable, str] | None
    rescale: tuple[float, float, str] | None
    voi_lut: LookupTable | None
    window: tuple[float, float, str] | None
    inverted: bool
    signed: bool
    lossy: bool
    lossy_ratios: tuple[float, ...]
    lossy_methods: tuple[str, ...]


def read_display(header: Header) -> Display:
    """Read the grayscale transformations of an image, or of one of its frames.

    Raises
    ------
    InvalidHeaderValue
        When a value is no number.
    """
    signed = header.integer(Tag.PixelRepresentation) == 1
    modality = next(iter(header.items(Tag.ModalityLUTSequence)), None)
    voi = next(iter(header.items(Tag.VOILUTSequence)), None)
    slope, intercept = header.decimal(Tag.RescaleSlope), header.decimal(Tag.RescaleIntercept)
    center, width = header.decimal(Tag.WindowCenter), header.decimal(Tag.WindowWidth)
    function = header.term(Tag.VOILUTFunction)
    lossy = header.term(Tag.LossyImageCompression) == "01"
    return Display(
        modality_lut=(_table(modality, signed=signed), _type(modality, IdentityTag.ModalityLUTType))
        if modality
        else None,
        rescale=(intercept, slope, _type(header, IdentityTag.RescaleType))
        if slope is not None and intercept is not None and not modality
        else None,
        voi_lut=_table(voi, signed=signed) if voi and center is None else None,
        window=(center, width, function if function in _VOI_FUNCTIONS else "LINEAR")
        if center is not None and width is not None
        else None,
        inverted=header.term(Tag.PhotometricInterpretation) == "MONOCHROME1",
        signed=signed,
        lossy=lossy,
        lossy_ratios=header.decimals(Tag.LossyImageCompressionRatio) if lossy else (),
        lossy_methods=tuple(
            term for term in header.terms(IdentityTag.LossyImageCompressionMethod) if lossy and _TERM.fullmatch(term)
        ),
    )


def _table(item: Header, *, signed: bool) -> LookupTable:
    entries, first, bits = (int(value) for value in (*item.integers(Tag.LUTDescriptor), 0, 0, 0)[:3])
    if signed and first >= 2**15:
        first -= 2**16
    words = item.binary(Tag.LUTData, "u2")
    return LookupTable((entries, first, bits), words.astype("<u2").tobytes())


def _type(header: Header, tag: IdentityTag) -> str:
    term = header.term(tag)
    return term if _TERM.fullmatch(term) else "US"
