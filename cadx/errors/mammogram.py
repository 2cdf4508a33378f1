"""Refusals: the image file cannot be used."""

from dataclasses import dataclass
from typing import ClassVar

from cadx.errors.base import CadxError


@dataclass(eq=False)
class MammogramError(CadxError):
    """The image file cannot be used."""

    code: ClassVar[str] = "mammogram_error"


@dataclass(eq=False)
class ImageFileNotFound(MammogramError):
    """There is no file to read. The path is not told: it may bear a patient's name."""

    code: ClassVar[str] = "image_file_not_found"
    summary: ClassVar[str] = "The image file does not exist or cannot be opened."
    remedy: ClassVar[str] = "Check the path and the right to read it."


@dataclass(eq=False)
class UnknownImageFormat(MammogramError):
    """The bytes are not an image of a kind that is read."""

    code: ClassVar[str] = "unknown_image_format"
    summary: ClassVar[str] = "The file is not an image of a known kind."
    remedy: ClassVar[str] = "Give a DICOM file, or a gray PNG, TIFF or binary PGM."


@dataclass(eq=False)
class UnreadableImage(MammogramError):
    """The file is of a known kind and broken."""

    file_format: str
    reason: str

    code: ClassVar[str] = "unreadable_image"
    summary: ClassVar[str] = "The {file_format} file cannot be read: {reason}."
    remedy: ClassVar[str] = "Export the image again."


@dataclass(eq=False)
class TruncatedImage(MammogramError):
    """The file ends before its pixels do."""

    file_format: str
    expected_bytes: int
    found_bytes: int

    code: ClassVar[str] = "truncated_image"
    summary: ClassVar[str] = (
        "The {file_format} file ends too early: {expected_bytes} bytes are declared, {found_bytes} are there."
    )
    remedy: ClassVar[str] = "Send the whole file again. If it is whole, a length in it is wrong: export it anew."


@dataclass(eq=False)
class FileTooLarge(MammogramError):
    """The file is over the size limit."""

    limit_bytes: int

    code: ClassVar[str] = "file_too_large"
    summary: ClassVar[str] = "The file holds, or inflates to, more than {limit_bytes} bytes."
    remedy: ClassVar[str] = "Send one mammogram a file."


@dataclass(eq=False)
class ImageTooLarge(MammogramError):
    """The declared image is over the pixel limit; nothing was decoded."""

    rows: int
    columns: int
    limit_pixels: int

    code: ClassVar[str] = "image_too_large"
    summary: ClassVar[str] = (
        "The file declares {rows} rows x {columns} columns, over the limit of {limit_pixels} pixels."
    )
    remedy: ClassVar[str] = "Check that the file is one mammogram."


@dataclass(eq=False)
class PixelDataMismatch(MammogramError):
    """The header and the pixel data contradict each other."""

    declared: str
    found: str

    code: ClassVar[str] = "pixel_data_mismatch"
    summary: ClassVar[str] = "The header declares {declared}, the pixel data hold {found}."
    remedy: ClassVar[str] = "Export the image again; its header is wrong."


@dataclass(eq=False)
class UnsupportedPixels(MammogramError):
    """The pixels are of a kind that a mammogram does not have."""

    reason: str

    code: ClassVar[str] = "unsupported_pixels"
    summary: ClassVar[str] = "The pixels cannot be used: {reason}."
    remedy: ClassVar[str] = "Give one gray channel of 8 to 16 bits."


@dataclass(eq=False)
class InvalidHeaderValue(MammogramError):
    """A DICOM attribute is missing or has no usable value. Text values are not told."""

    tag: str
    keyword: str
    reason: str

    code: ClassVar[str] = "invalid_header_value"
    summary: ClassVar[str] = "The DICOM attribute {keyword} {tag} {reason}."
    remedy: ClassVar[str] = "Correct the attribute or export the image again."


@dataclass(eq=False)
class UnsupportedTransferSyntax(MammogramError):
    """The DICOM transfer syntax is not among the readable ones."""

    transfer_syntax: str

    code: ClassVar[str] = "unsupported_transfer_syntax"
    summary: ClassVar[str] = "The transfer syntax (0002,0010) of the file, {transfer_syntax}, is not readable."
    remedy: ClassVar[str] = "Convert the file to Explicit VR Little Endian (1.2.840.10008.1.2.1)."


@dataclass(eq=False)
class NotAMammogram(MammogramError):
    """The DICOM file is of another modality or holds no image."""

    tag: str
    keyword: str
    value: str

    code: ClassVar[str] = "not_a_mammogram"
    summary: ClassVar[str] = "The file is not a mammogram: {keyword} {tag} is {value}."
    remedy: ClassVar[str] = (
        "Give an image with Modality MG; or with CR, DX, SC or OT where body part, view or SOP class say breast."
    )


@dataclass(eq=False)
class NoPixelData(MammogramError):
    """The DICOM file has no pixel data, or keeps them where the standard has none."""

    code: ClassVar[str] = "no_pixel_data"
    summary: ClassVar[str] = "The file holds no Pixel Data (7FE0,0010)."
    remedy: ClassVar[str] = (
        "Give the image itself, not a report. Where a vendor keeps the pixels in private elements, export the image "
        "as Digital Mammography or Breast Tomosynthesis."
    )


@dataclass(eq=False)
class OneGrayImage(MammogramError):
    """The window, or whatever gives the grays, shows every pixel alike although they differ."""

    voi: str

    code: ClassVar[str] = "one_gray_image"
    summary: ClassVar[str] = "Different pixels are all shown in one gray by the file's display: {voi}."
    remedy: ClassVar[str] = "Correct the window or VOI LUT, or ask for the full range where the model allows it."


@dataclass(eq=False)
class ForProcessingImage(MammogramError):
    """Raw detector data, which look nothing like the images a model was trained on."""

    tag: str
    keyword: str
    value: str

    code: ClassVar[str] = "for_processing_image"
    summary: ClassVar[str] = "The file holds raw detector data ({keyword} {tag} is {value})."
    remedy: ClassVar[str] = "Give the FOR PRESENTATION image, or use a model trained on FOR PROCESSING images."


@dataclass(eq=False)
class VoiOverrideNotAllowed(MammogramError):
    """Other gray levels were asked for than the model was fitted with, and it does not allow that."""

    policy_voi: str
    asked_voi: str

    code: ClassVar[str] = "voi_override_not_allowed"
    summary: ClassVar[str] = "The model reads images by the VOI policy {policy_voi} and no other; asked: {asked_voi}."
    remedy: ClassVar[str] = "Leave the VOI policy out, or use a model that lets callers choose it."


@dataclass(eq=False)
class FrameNeeded(MammogramError):
    """A multi-frame file, such as tomosynthesis, without a chosen frame."""

    frames: int

    code: ClassVar[str] = "frame_needed"
    summary: ClassVar[str] = "The file holds {frames} frames and none was chosen."
    remedy: ClassVar[str] = "Name a frame, from 1."


@dataclass(eq=False)
class FrameNotInFile(MammogramError):
    """The chosen frame does not exist."""

    frame: int
    frames: int

    code: ClassVar[str] = "frame_not_in_file"
    summary: ClassVar[str] = "Frame {frame} was asked for; the file holds {frames}."
    remedy: ClassVar[str] = "Name a frame from 1 to the number of frames."


@dataclass(eq=False)
class MissingSpacing(MammogramError):
    """Neither the file nor the caller tells the pixel size."""

    code: ClassVar[str] = "missing_spacing"
    summary: ClassVar[str] = "The pixel spacing is unknown: the file does not tell it and the caller gave none."
    remedy: ClassVar[str] = "Give the pixel spacing of the detector or of the digitized film in millimeters."


@dataclass(eq=False)
class ImplausibleSpacing(MammogramError):
    """A pixel spacing that no mammogram has."""

    row_mm: float
    column_mm: float
    source: str
    smallest_mm: float
    largest_mm: float

    code: ClassVar[str] = "implausible_spacing"
    summary: ClassVar[str] = (
        "The pixel spacing {row_mm:g} x {column_mm:g} mm ({source}) is outside {smallest_mm:g} to {largest_mm:g} mm."
    )
    remedy: ClassVar[str] = (
        "Correct the spacing, or give it with the request; mammograms have 0.04 to 0.2 mm (40 to 200 micrometers)."
    )


@dataclass(eq=False)
class SpacingConflict(MammogramError):
    """The caller's spacing contradicts the file's."""

    file_mm: float
    caller_mm: float

    code: ClassVar[str] = "spacing_conflict"
    summary: ClassVar[str] = "The file says {file_mm:g} mm a pixel, the caller {caller_mm:g} mm."
    remedy: ClassVar[str] = "Leave the spacing out to use the file's, or correct the file."


@dataclass(eq=False)
class UnknownMagnification(MammogramError):
    """The lesion plane was asked for and the file does not tell the magnification."""

    code: ClassVar[str] = "unknown_magnification"
    summary: ClassVar[str] = (
        "The spacing in the lesion's plane was asked for; the file does not tell the magnification."
    )
    remedy: ClassVar[str] = "Use a model that measures in the detector plane."


@dataclass(eq=False)
class PixelsOutOfRange(MammogramError):
    """Decoded values do not fit the declared number of bits."""

    bits_stored: int
    smallest: int
    largest: int

    code: ClassVar[str] = "pixels_out_of_range"
    summary: ClassVar[str] = (
        "Pixel values from {smallest} to {largest} do not fit the {bits_stored} bits that BitsStored declares."
    )
    remedy: ClassVar[str] = "Export the image again; its header or its pixels are wrong."
