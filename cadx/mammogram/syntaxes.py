"""The DICOM transfer syntaxes that are read."""

import re
from types import MappingProxyType

from cadx.mammogram.elements import Encoding

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

READABLE_TRANSFER_SYNTAXES: tuple[str, ...] = tuple(NATIVE_ENCODINGS)
"""What the service publishes: every transfer syntax that `read_mammogram` decodes."""

_UID = re.compile(r"[0-9.]{1,64}")


def shown_uid(value: str) -> str:
    """A UID as an error may tell it: only digits and dots, whatever the file holds in its place."""
    return value if _UID.fullmatch(value) else "missing or no UID"
