"""Reading mammograms: DICOM, PNG, TIFF and PGM, right or refused with a reason."""

from cadx.mammogram.codecs.transfer_syntaxes import READABLE_TRANSFER_SYNTAXES
from cadx.mammogram.formats import READABLE_FILES, FileFormat
from cadx.mammogram.gray.content import content_digest
from cadx.mammogram.gray.pixels import held_bytes
from cadx.mammogram.policy import ReadingLimits, ReadingPolicy, SpacingPlane, VoiPolicy
from cadx.mammogram.reader import read_mammogram

__all__ = [
    "READABLE_FILES",
    "READABLE_TRANSFER_SYNTAXES",
    "FileFormat",
    "ReadingLimits",
    "ReadingPolicy",
    "SpacingPlane",
    "VoiPolicy",
    "content_digest",
    "held_bytes",
    "read_mammogram",
]
