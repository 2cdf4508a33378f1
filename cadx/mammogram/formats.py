"""The kinds of image file that are read: told by their first bytes, never by their names."""

from enum import StrEnum
from typing import Self


class FileFormat(StrEnum):
    """A kind of image file.

    Attributes
    ----------
    heading
        As people write it.
    media_type
        As HTTP writes it (RFC 6838).
    """

    heading: str
    media_type: str

    def __new__(cls, code: str, heading: str, media_type: str) -> Self:
        """Make a member whose value is its code."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.heading, member.media_type = heading, media_type
        return member

    DICOM = ("dicom", "DICOM", "application/dicom")
    PNG = ("png", "PNG", "image/png")
    TIFF = ("tiff", "TIFF", "image/tiff")
    PGM = ("pgm", "PGM", "image/x-portable-graymap")


READABLE_FILES = f"{', '.join(each.heading for each in list(FileFormat)[:-1])} or {list(FileFormat)[-1].heading}"
"""The readable formats in words."""
