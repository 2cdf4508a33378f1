"""The gate: which DICOM files are let in, and what their headers make doubtful."""

import re
from collections.abc import Callable

from cadx.errors import ForProcessingImage, FrameNeeded, FrameNotInFile, InvalidHeaderValue, NotAMammogram
from cadx.flags import Flag, FlagCode
from cadx.mammogram.dicom.spacing import magnification
from cadx.mammogram.parser.header import Header
from cadx.mammogram.parser.tags import Tag
from cadx.mammogram.policy import ReadingPolicy

MAGNIFICATION_FLAGGED = 1.2
_MODALITIES = re.compile("CR|CT|DX|IO|MG|MR|NM|OT|PT|PX|RF|SC|SM|SR|US|XA|XC|KO|PR|SEG|DOC")
# These show a breast too, and are no radiograph.
_OTHER_MODALITIES = frozenset(
    {"CT", "IO", "MR", "NM", "PT", "PX", "SM", "SR", "US", "XA", "XC", "KO", "PR", "SEG", "DOC"}
)
_MAMMOGRAPHY_CLASSES = frozenset(
    "1.2.840.10008.5.1.4.1.1." + suffix for suffix in ("1.2", "1.2.1", "13.1.3", "13.1.4", "13.1.5")
)
_BREASTS = frozenset({"BREAST", "BREASTS", "MAMMA", "MAMMAE"})
_BREAST_CODES = frozenset({"76752008", "73056007", "80248007", "63762007", "T-04000", "T-04020", "T-04030", "T-04080"})
# Views of CID 4014 that no other body part has, by SNOMED CT and the older SNOMED RT; ML and LM are a knee's too.
_VIEW_CODES = frozenset(
    {
        *("399162004", "399368009", "399099002", "399192008", "399101009", "399188001", "399265009"),
        *("R-10242", "R-10226", "R-10230", "R-1024A", "R-1024B", "R-102D0", "R-102CF"),
    }
)
_BREAST_VIEWS = re.compile("CC|MLO|LMO|XCC|XCCL|XCCM|SIO|ISO")
_TOMOSYNTHESIS = "1.2.840.10008.5.1.4.1.1.13.1.3"
_FOR_PROCESSING_CLASSES = frozenset("1.2.840.10008.5.1.4.1.1." + suffix for suffix in ("1.1.1", "1.2.1", "13.1.5"))
_SYNTHETIC = frozenset({"GENERATED_2D", "TOMOSYNTHESIS", "TOMO_2D", "SYNTHETIC"})
# View modifiers of CID 4015, by SNOMED CT and by the older SNOMED RT code.
_MAGNIFICATION_CODES = frozenset({"399163009", "R-102D6"})
_SPOT_CODES = frozenset({"399055006", "R-102D7"})
_VIEW_POSITIONS = re.compile("CC|MLO|ML|LM|LMO|XCC|XCCL|XCCM|FB|SIO|ISO")
_PADDLE = re.compile("SPOT|MAG|BIOPSY|STEREO|NEEDLE|LOCALI[SZ]")


def admit(header: Header, policy: ReadingPolicy) -> tuple[Flag, ...]:
    """Let a mammogram in, with a flag where Modality does not say that it is one.

    Raises
    ------
    NotAMammogram
        When neither Modality nor anything else says that this is an X-ray image of a breast.
    ForProcessingImage
        When the file holds raw detector data and the policy does not allow them.
    """
    modality = header.term(Tag.Modality)
    flags: tuple[Flag, ...] = ()
    if modality != "MG":
        shown = modality if _MODALITIES.fullmatch(modality) else "missing or unknown"
        evidence = None if shown in _OTHER_MODALITIES else _breast_evidence(header)
        if evidence is None:
            raise NotAMammogram(Tag.Modality.number, Tag.Modality.name, shown)
        message = f"Modality is {shown}; that this is a breast, {evidence.name} says."
        flags = (Flag(FlagCode.MODALITY_NOT_MG, message, {"modality": shown, "evidence": evidence.name}),)
    if not policy.allow_for_processing:
        _refuse_for_processing(header)
    return flags


def _breast_evidence(header: Header) -> Tag | None:
    """The attribute that says breast; None where none does, or where the body part is another."""
    if header.term(Tag.SOPClassUID) in _MAMMOGRAPHY_CLASSES:
        return Tag.SOPClassUID
    body_part = header.term(Tag.BodyPartExamined)
    if body_part:
        return Tag.BodyPartExamined if body_part in _BREASTS else None
    regions = {code.term(Tag.CodeValue) for code in header.items_if_sound(Tag.AnatomicRegionSequence)}
    if regions:
        return Tag.AnatomicRegionSequence if regions <= _BREAST_CODES else None
    if {code.term(Tag.CodeValue) for code in header.items_if_sound(Tag.ViewCodeSequence)} & _VIEW_CODES:
        return Tag.ViewCodeSequence
    # A side alone is any limb's; together with a view that only a breast has, it is a mammogram's.
    sides = {header.term(tag) for tag in (Tag.ImageLaterality, Tag.FrameLaterality, Tag.Laterality)}
    if sides & {"L", "R"} and _BREAST_VIEWS.fullmatch(header.term(Tag.ViewPosition)):
        return Tag.ViewPosition
    return None


def _refuse_for_processing(header: Header) -> None:
    if header.term(Tag.PresentationIntentType) == "FOR PROCESSING":
        tag = Tag.PresentationIntentType
        raise ForProcessingImage(tag.number, tag.name, "FOR PROCESSING")
    sop_class = header.term(Tag.SOPClassUID)
    if sop_class in _FOR_PROCESSING_CLASSES:
        raise ForProcessingImage(Tag.SOPClassUID.number, Tag.SOPClassUID.name, sop_class)


def chosen_frame(header: Header, frame: int | None, found: Callable[[], int]) -> tuple[int, int]:
    """Number of frames, and the number of the one to read (from 1).

    Parameters
    ----------
    header
        Of the file.
    frame
        The caller's choice.
    found
        Tells how many frames the data hold; asked where Number of Frames makes no sense.

    Raises
    ------
    FrameNeeded
        When there are several and none was chosen.
    FrameNotInFile
        When the chosen one does not exist.
    InvalidHeaderValue
        When the number makes no sense and the data do not hold exactly one frame.
    """
    tag = Tag.NumberOfFrames
    try:
        number = header.decimal(tag)
    except InvalidHeaderValue:
        number = 0.0
    frames = 1.0 if number is None else number
    if frames != int(frames) or not 1 <= frames <= 65535:
        if found() != 1:
            raise InvalidHeaderValue(tag.number, tag.name, "is no number of frames")
        header.ignored.note(tag, "is no number of frames, and the pixel data hold one")
        frames = 1.0
    if frame is None and frames > 1:
        raise FrameNeeded(int(frames))
    if frame is not None and not 1 <= frame <= frames:
        raise FrameNotInFile(frame, int(frames))
    return int(frames), frame or 1


def header_flags(header: Header, *, lossy: bool, inverted: bool) -> tuple[Flag, ...]:
    """What the header makes doubtful; the paper left such views out (Huynh 2016, section 2.1).

    Parameters
    ----------
    header
        Of the frame.
    lossy
        Whether transfer syntax or codestream say that information was lost.
    inverted
        Whether the photometric interpretation is MONOCHROME1.
    """
    flags = (
        *_view_flags(header),
        *_origin_flags(header),
        *_compression_flags(header, lossy=lossy),
        *_polarity_flags(header, inverted=inverted),
    )
    return tuple(flag for flag in flags if flag is not None)


def view_facts(header: Header) -> dict[str, float | int | str]:
    """Laterality and view, where they are terms of the standard; for people, nothing is flipped by them."""
    lateralities = (Tag.ImageLaterality, Tag.FrameLaterality, Tag.Laterality)
    laterality = next((header.term(tag) for tag in lateralities if header.has(tag)), "")
    view = header.term(Tag.ViewPosition)
    found: dict[str, float | int | str] = {}
    if laterality in {"L", "R", "B"}:
        found["laterality"] = laterality
    if _VIEW_POSITIONS.fullmatch(view):
        found["view"] = view
    return found


def _view_flags(header: Header) -> tuple[Flag | None, ...]:
    modifiers = {
        code.term(Tag.CodeValue)
        for view in header.items_if_sound(Tag.ViewCodeSequence)
        for code in view.items_if_sound(Tag.ViewModifierCodeSequence)
    }
    factor = magnification(header)
    magnified = bool(modifiers & _MAGNIFICATION_CODES) or (factor or 1.0) >= MAGNIFICATION_FLAGGED
    facts: dict[str, float | int | str] = {} if factor is None else {"magnification": factor}
    return (
        Flag(FlagCode.MAGNIFICATION_VIEW, "This is a magnification view.", facts) if magnified else None,
        Flag(FlagCode.SPOT_VIEW, "This is a spot compression view.") if modifiers & _SPOT_CODES else None,
        Flag(FlagCode.SPECIAL_PADDLE, "The paddle is one for spots, magnification or biopsy.")
        if any(_PADDLE.search(term) for term in header.terms(Tag.PaddleDescription))
        else None,
        Flag(FlagCode.IMPLANT, "A breast implant is present.")
        if header.term(Tag.BreastImplantPresent) == "YES"
        else None,
    )


def _origin_flags(header: Header) -> tuple[Flag | None, ...]:
    image_type = set(header.terms(Tag.ImageType))
    tomosynthesis = header.term(Tag.SOPClassUID) == _TOMOSYNTHESIS
    raw = header.term(Tag.PresentationIntentType) == "FOR PROCESSING" or (
        header.term(Tag.SOPClassUID) in _FOR_PROCESSING_CLASSES
    )
    return (
        Flag(FlagCode.TOMOSYNTHESIS_SLICE, "This is one slice of a tomosynthesis, not a projection.")
        if tomosynthesis
        else None,
        Flag(FlagCode.SYNTHETIC_2D, "This 2-D image was computed from a tomosynthesis.")
        if image_type & _SYNTHETIC and not tomosynthesis
        else None,
        Flag(FlagCode.FOR_PROCESSING, "These are raw detector data, as this model expects.") if raw else None,
        Flag(FlagCode.BURNED_IN_ANNOTATION, "The file declares text burned into the image.")
        if header.term(Tag.BurnedInAnnotation) == "YES"
        else None,
    )


def _compression_flags(header: Header, *, lossy: bool) -> tuple[Flag | None, ...]:
    if header.term(Tag.LossyImageCompression) != "01" and not lossy:
        return ()
    ratios = header.decimals_if_sound(Tag.LossyImageCompressionRatio)
    facts: dict[str, float | int | str] = {"ratio": max(ratios)} if ratios else {}
    told = f"about {max(ratios):g} to 1" if ratios else "at a ratio that the file does not tell"
    return (Flag(FlagCode.LOSSY_COMPRESSION, f"The image was compressed with loss, {told}.", facts),)


def _polarity_flags(header: Header, *, inverted: bool) -> tuple[Flag | None, ...]:
    shape = header.term(Tag.PresentationLUTShape)
    if shape in {"", "INVERSE" if inverted else "IDENTITY"}:
        return ()
    message = "Presentation LUT Shape contradicts Photometric Interpretation, which was followed."
    return (Flag(FlagCode.POLARITY_CONTRADICTION, message),)
