"""The gate: which DICOM files are let in, and what about them is doubtful."""

import re

from cadx.errors import ForProcessingImage, FrameNeeded, FrameNotInFile, InvalidHeaderValue, NotAMammogram
from cadx.mammogram.header import Header
from cadx.mammogram.policy import ReadingPolicy
from cadx.mammogram.tags import Tag
from cadx.records import Flag

_MODALITIES = re.compile("CR|CT|DX|IO|MG|MR|NM|OT|PT|PX|RF|SC|SM|SR|US|XA|XC|KO|PR|SEG|DOC")
_FOR_PROCESSING_CLASSES = frozenset({"1.2.840.10008.5.1.4.1.1.1.2.1", "1.2.840.10008.5.1.4.1.1.13.1.5"})


def admit(header: Header, policy: ReadingPolicy) -> None:
    """Let a mammogram in.

    Raises
    ------
    NotAMammogram
        When Modality is not MG.
    ForProcessingImage
        When the file holds raw detector data and the policy does not allow them.
    """
    modality = header.term(Tag.Modality)
    if modality != "MG":
        shown = modality if _MODALITIES.fullmatch(modality) else "missing or unknown"
        raise NotAMammogram(Tag.Modality.number, Tag.Modality.name, shown)
    if policy.allow_for_processing:
        return
    if header.term(Tag.PresentationIntentType) == "FOR PROCESSING":
        tag = Tag.PresentationIntentType
        raise ForProcessingImage(tag.number, tag.name, "FOR PROCESSING")
    sop_class = header.term(Tag.SOPClassUID)
    if sop_class in _FOR_PROCESSING_CLASSES:
        raise ForProcessingImage(Tag.SOPClassUID.number, Tag.SOPClassUID.name, sop_class)


def chosen_frame(header: Header, frame: int | None) -> tuple[int, int]:
    """Number of frames, and the number of the one to read (from 1).

    Raises
    ------
    FrameNeeded
        When there are several and none was chosen.
    FrameNotInFile
        When the chosen one does not exist.
    """
    frames = header.decimal(Tag.NumberOfFrames)
    frames = 1.0 if frames is None else frames
    if frames != int(frames) or not 1 <= frames <= 65535:
        raise InvalidHeaderValue(Tag.NumberOfFrames.number, Tag.NumberOfFrames.name, "is no number of frames")
    if frame is None and frames > 1:
        raise FrameNeeded(int(frames))
    if frame is not None and not 1 <= frame <= frames:
        raise FrameNotInFile(frame, int(frames))
    return int(frames), frame or 1


def header_flags(header: Header, transfer_syntax: str, *, inverted: bool) -> tuple[Flag, ...]:
    """What the header makes doubtful."""
    return ()
