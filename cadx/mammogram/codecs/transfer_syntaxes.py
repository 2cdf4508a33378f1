"""The DICOM transfer syntaxes that are read."""

import re
from types import MappingProxyType

from cadx.mammogram.codecs.codestream import Codec
from cadx.mammogram.parser.heads import Encoding

IMPLICIT_LITTLE = "1.2.840.10008.1.2"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
EXPLICIT_BIG = "1.2.840.10008.1.2.2"

NATIVE_ENCODINGS = MappingProxyType(
    {
        IMPLICIT_LITTLE: Encoding(implicit=True),
        EXPLICIT_LITTLE: Encoding(),
        DEFLATED: Encoding(),
        EXPLICIT_BIG: Encoding(big_endian=True),
    }
)
"""Uncompressed syntaxes and how their elements are written."""

JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
JPEG_EXTENDED = "1.2.840.10008.1.2.4.51"
JPEG_LOSSLESS = "1.2.840.10008.1.2.4.57"
JPEG_LOSSLESS_SV1 = "1.2.840.10008.1.2.4.70"
JPEG_LS = "1.2.840.10008.1.2.4.80"
JPEG_LS_NEAR_LOSSLESS = "1.2.840.10008.1.2.4.81"
JPEG2000_LOSSLESS = "1.2.840.10008.1.2.4.90"
JPEG2000 = "1.2.840.10008.1.2.4.91"
HTJ2K_LOSSLESS = "1.2.840.10008.1.2.4.201"
HTJ2K_LOSSLESS_RPCL = "1.2.840.10008.1.2.4.202"
HTJ2K = "1.2.840.10008.1.2.4.203"
RLE = "1.2.840.10008.1.2.5"

JPEG_LS_SYNTAXES = (JPEG_LS, JPEG_LS_NEAR_LOSSLESS)
JPEG2000_SYNTAXES = (JPEG2000_LOSSLESS, JPEG2000, HTJ2K_LOSSLESS, HTJ2K_LOSSLESS_RPCL, HTJ2K)
LOSSY_SYNTAXES = frozenset({JPEG_BASELINE, JPEG_EXTENDED, JPEG_LS_NEAR_LOSSLESS, JPEG2000, HTJ2K})
"""Syntaxes whose pixels may differ from those acquired; the last two may also be used losslessly."""

READABLE_TRANSFER_SYNTAXES: tuple[str, ...] = (
    *NATIVE_ENCODINGS,
    JPEG_BASELINE,
    JPEG_EXTENDED,
    JPEG_LOSSLESS,
    JPEG_LOSSLESS_SV1,
    *JPEG_LS_SYNTAXES,
    *JPEG2000_SYNTAXES,
    RLE,
)
"""What the service publishes: every transfer syntax that `read_mammogram` decodes."""

CODECS = MappingProxyType(
    {
        JPEG_BASELINE: (Codec.JPEG_BASELINE,),
        JPEG_EXTENDED: (Codec.JPEG_EXTENDED, Codec.JPEG_BASELINE),
        JPEG_LOSSLESS: (Codec.JPEG_LOSSLESS,),
        JPEG_LOSSLESS_SV1: (Codec.JPEG_LOSSLESS,),
    }
    | dict.fromkeys(JPEG_LS_SYNTAXES, (Codec.JPEG_LS,))
    | dict.fromkeys(JPEG2000_SYNTAXES, (Codec.JPEG2000,))
    | {RLE: (Codec.RLE,)}
)
"""What a frame of each encapsulated syntax may be; the first is what it is by default."""

_UID = re.compile(r"[0-9.]{1,64}")


def shown_uid(value: str) -> str:
    """A UID as an error may tell it: only digits and dots, whatever the file holds in its place."""
    return value if _UID.fullmatch(value) else "missing or no UID"
