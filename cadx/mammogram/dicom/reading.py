"""DICOM files: from the header to a mammogram whose pixels are still in place."""

from cadx.errors import NoPixelData
from cadx.flags import Flag, FlagCode
from cadx.mammogram.byte_source import ByteSource
from cadx.mammogram.codecs.pixel_layout import pixel_layout
from cadx.mammogram.dicom.admission import admit, chosen_frame, header_flags, view_facts
from cadx.mammogram.dicom.file import open_dicom
from cadx.mammogram.dicom.gray_chain import is_inverted, modality_transformation, padding, voi_transformation
from cadx.mammogram.dicom.pixels import frames_found, stored_frame
from cadx.mammogram.dicom.spacing import header_spacing
from cadx.mammogram.formats import FileFormat
from cadx.mammogram.gray.pixels import GrayPixels
from cadx.mammogram.gray.transformations import LookupTable, Rescale, Window, gray_table
from cadx.mammogram.policy import ReadingLimits, ReadingPolicy, check_size
from cadx.records import Mammogram


def read_dicom(
    source: ByteSource,
    offset: int,
    policy: ReadingPolicy,
    limits: ReadingLimits,
    pixel_spacing_mm: float | None,
    frame: int | None,
) -> Mammogram:
    """Read one frame of a DICOM mammogram; see `cadx.mammogram.read_mammogram`.

    Parameters
    ----------
    source
        The file.
    offset
        Where its file meta information or, without any, its data set begins.
    policy, limits, pixel_spacing_mm, frame
        As the caller gave them.
    """
    file = open_dicom(source, offset, limits)
    modality_flags = admit(file.header, policy)
    if file.pixels is None:
        raise NoPixelData
    frames, number = chosen_frame(file.header, frame, lambda: frames_found(file, pixel_layout(file.header)))
    header = file.header.for_frame(number)
    layout = pixel_layout(header)
    check_size(layout.rows, layout.columns, limits)
    spacing, spacing_doubts = header_spacing(header, policy.spacing_plane, pixel_spacing_mm)
    inverted = is_inverted(header)
    pad = padding(header, signed=layout.signed)
    frame_read = stored_frame(file, layout, frames, number, pad)
    stored = frame_read.stored_range
    modality = modality_transformation(header, stored)
    negative = stored.signed or (isinstance(modality, Rescale) and modality.intercept < 0)
    voi = voi_transformation(header, policy.voi, signed=negative)
    pixels = GrayPixels(
        stored=frame_read.pixels,
        stored_range=stored,
        table=gray_table(stored, modality, voi, inverted=inverted),
        padding=pad,
        beyond=frame_read.beyond,
        overlay_bits=layout.overlay_bits,
    )
    flags = (
        *modality_flags,
        *header_flags(header, lossy=frame_read.lossy, inverted=inverted),
        *spacing_doubts,
        *(_contradiction(declared, found) for declared, found in (*file.contradictions, *frame_read.contradictions)),
        *frame_read.flags,
    )
    return Mammogram(
        rows=layout.rows,
        columns=layout.columns,
        spacing=spacing,
        pixels=pixels,
        file_format=FileFormat.DICOM,
        flags=(*flags, *header.ignored.flags()),
        facts=view_facts(header)
        | {
            "transfer_syntax": file.shown_syntax,
            "bits_stored": layout.bits_stored,
            "signed": int(layout.signed),
            "frame": number,
            "modality_transformation": _modality_name(modality),
            "voi": _voi_name(voi),
            "polarity": "MONOCHROME1" if inverted else "MONOCHROME2",
        },
    )


def _contradiction(declared: str, found: str) -> Flag:
    message = f"The file declares {declared}; its data are {found}, and were read so."
    return Flag(FlagCode.LABEL_CONTRADICTS_DATA, message, {"declared": declared, "found": found})


def _modality_name(modality: Rescale | LookupTable) -> str:
    if isinstance(modality, LookupTable):
        return "lookup table"
    return f"rescale {modality.slope:g} {modality.intercept:+g}"


def _voi_name(voi: LookupTable | Window | None) -> str:
    if voi is None:
        return "full range"
    if isinstance(voi, LookupTable):
        return f"lookup table of {voi.entries.size} entries, {voi.bits} bits"
    return f"{voi.function} window, center {voi.center:g}, width {voi.width:g}"
