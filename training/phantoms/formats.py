"""How phantom images may be stored."""

from enum import StrEnum


class PhantomFormat(StrEnum):
    """How phantom images are stored."""

    DICOM = "dicom"
    PNG = "png"
