"""Reading mammograms: DICOM, PNG, TIFF and PGM, right or refused with a reason."""

from cadx.mammogram.policy import ReadingLimits, ReadingPolicy, SpacingPlane, VoiPolicy
from cadx.mammogram.reader import read_mammogram
from cadx.mammogram.syntaxes import READABLE_TRANSFER_SYNTAXES

__all__ = [
    "READABLE_TRANSFER_SYNTAXES",
    "ReadingLimits",
    "ReadingPolicy",
    "SpacingPlane",
    "VoiPolicy",
    "read_mammogram",
]
