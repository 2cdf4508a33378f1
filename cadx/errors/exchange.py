"""Refusals: a result cannot be written for, or a mark not be read from, a hospital's systems."""

from dataclasses import dataclass
from typing import ClassVar

from cadx.errors.base import CadxError


@dataclass(eq=False)
class ExchangeError(CadxError):
    """A hospital's object cannot be written or read."""

    code: ClassVar[str] = "exchange_error"


@dataclass(eq=False)
class IdentityUnusable(ExchangeError):
    """The header does not say usably whose image it is."""

    tag: str
    attribute: str
    reason: str

    code: ClassVar[str] = "identity_unusable"
    summary: ClassVar[str] = "{attribute} {tag} {reason}: the result cannot be filed beside the image."
    remedy: ClassVar[str] = "Correct the attribute in the archive, or ask for JSON, which needs no identity."


@dataclass(eq=False)
class DicomNeeded(ExchangeError):
    """The image is no DICOM file and tells no identity."""

    code: ClassVar[str] = "dicom_needed"
    summary: ClassVar[str] = "The image is no DICOM file: there is no patient and no study to file a result under."
    remedy: ClassVar[str] = "Send the DICOM file, or ask for JSON, which needs no identity."


@dataclass(eq=False)
class SourcesMixed(ExchangeError):
    """Images of different patients, studies or sides in one document."""

    differing: tuple[str, ...]

    code: ClassVar[str] = "sources_mixed"
    summary: ClassVar[str] = "The images do not belong to one document; they differ in: {differing}."
    remedy: ClassVar[str] = "Send only views of one patient, one study and one side together, or ask for JSON."


@dataclass(eq=False)
class TrackingUnusable(ExchangeError):
    """The name or UID that a lesion was given cannot be written."""

    attribute: str
    reason: str

    code: ClassVar[str] = "tracking_unusable"
    summary: ClassVar[str] = "The lesion's {attribute} {reason}."
    remedy: ClassVar[str] = "Give a name of up to 64 characters and a UID of digits and dots, or neither."


@dataclass(eq=False)
class AnnotationUnreadable(ExchangeError):
    """The object is no annotation that a mark can be read from."""

    reason: str

    code: ClassVar[str] = "annotation_unreadable"
    summary: ClassVar[str] = "The object is no annotation that is understood: {reason}."
    remedy: ClassVar[str] = (
        "Name a TID 1500 SR with points or outlines, a grayscale softcopy presentation state drawn in pixels, or, for "
        "an outline, a binary segmentation of the image's own size."
    )


@dataclass(eq=False)
class AnnotationMissing(ExchangeError):
    """The annotation marks nothing on this image."""

    wanted: str

    code: ClassVar[str] = "annotation_missing"
    summary: ClassVar[str] = "The annotation holds no {wanted} on this image and frame."
    remedy: ClassVar[str] = "Name the annotation that was drawn on this image, or give x and y, or a contour's points."


@dataclass(eq=False)
class AnnotationAmbiguous(ExchangeError):
    """The annotation holds several outlines where one is asked about."""

    what: str
    count: int

    code: ClassVar[str] = "annotation_ambiguous"
    summary: ClassVar[str] = "The annotation holds {count} {what} on this image; which one is meant is not said."
    remedy: ClassVar[str] = "Name an object with one closed outline, or a segment's number, or give a contour's points."


@dataclass(eq=False)
class VerdictUnreadable(ExchangeError):
    """The object is no reader's verdict."""

    reason: str

    code: ClassVar[str] = "verdict_unreadable"
    summary: ClassVar[str] = "The object is no reader's verdict that is understood: {reason}."
    remedy: ClassVar[str] = "Name a report that POST /v1/verdicts has written."
