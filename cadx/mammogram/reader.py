"""One way in for every kind of image file."""

from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from cadx.errors import FrameNotInFile, OneGrayImage, UnknownImageFormat
from cadx.flags import Flag, FlagCode
from cadx.mammogram.byte_source import ByteSource, open_source
from cadx.mammogram.dicom.file import dicom_offset
from cadx.mammogram.dicom.reading import read_dicom
from cadx.mammogram.formats import FileFormat
from cadx.mammogram.gray.pixels import GrayPixels
from cadx.mammogram.gray.sampled_rows import is_one_gray, polarity_flags, sampled_rows, unused_bits_flags
from cadx.mammogram.parser.encoding import MAGIC, MAGIC_OFFSET
from cadx.mammogram.policy import ReadingLimits, ReadingPolicy, VoiPolicy
from cadx.mammogram.raster.pgm import PGM_MAGIC, read_pgm
from cadx.mammogram.raster.png import PNG_MAGIC, read_png
from cadx.mammogram.raster.tiff import TIFF_MAGICS, read_tiff
from cadx.mammogram.spacing import caller_spacing, spacing_flags
from cadx.records import Mammogram

_DEFAULT_POLICY = ReadingPolicy()
_DEFAULT_LIMITS = ReadingLimits()


def read_mammogram(
    source: bytes | memoryview | Path | BinaryIO,
    *,
    policy: ReadingPolicy = _DEFAULT_POLICY,
    limits: ReadingLimits = _DEFAULT_LIMITS,
    pixel_spacing_mm: float | None = None,
    frame: int | None = None,
    voi: VoiPolicy | None = None,
) -> Mammogram:
    """Read a DICOM mammogram, or a gray PNG, TIFF or binary PGM.

    The kind is told by the file's first bytes, never by its name. An uncompressed image is not loaded: its rows are
    fetched when a region is asked for, so a stream must stay open until then.

    Parameters
    ----------
    source
        The file's bytes (not copied: leave them as they are while the image is used), its path, or a binary stream.
    policy
        How gray levels and spacing are to be understood; part of a model bundle.
    limits
        What a file may ask of the machine.
    pixel_spacing_mm
        Pixel spacing in millimeters (between columns), for files that do not tell theirs or tell what cannot be. One
        that contradicts a possible one is refused.
    frame
        Number of the frame (from 1) in a multi-frame file.
    voi
        Another choice of gray levels than the policy's, for this image, where the policy allows it.

    Returns
    -------
    Mammogram
        Grays 0 to 1, bright = dense, by rectangle; spacing; flags.

    Raises
    ------
    MammogramError
        One of its leaves, when the file cannot be read or is not a mammogram that may be used.
    """
    chosen = policy.with_voi(voi)
    mammogram = _read(open_source(source, limits.max_file_bytes), chosen, limits, pixel_spacing_mm, frame)
    flags = (
        *mammogram.flags,
        *_voi_flags(policy, chosen, mammogram),
        *spacing_flags(mammogram.spacing),
        *_pixel_flags(mammogram),
    )
    return replace(mammogram, flags=flags)


def _voi_flags(policy: ReadingPolicy, chosen: ReadingPolicy, mammogram: Mammogram) -> tuple[Flag, ...]:
    """Tell that a DICOM image was read with another VOI policy than the model's; other files have no VOI."""
    if chosen.voi is policy.voi or mammogram.file_format != FileFormat.DICOM:
        return ()
    message = f"Gray levels were read by the policy {chosen.voi}, not {policy.voi} as the model was fitted with."
    return (Flag(FlagCode.VOI_OVERRIDDEN, message, {"policy_voi": policy.voi.value, "asked_voi": chosen.voi.value}),)


def _pixel_flags(mammogram: Mammogram) -> tuple[Flag, ...]:
    """What a few rows of the pixels make doubtful.

    Raises
    ------
    OneGrayImage
        When the window, or whatever else gives the grays, shows different pixels as one gray.
    """
    pixels = mammogram.pixels
    if not isinstance(pixels, GrayPixels):
        return ()
    sampled = sampled_rows(pixels, mammogram.rows, mammogram.columns)
    if is_one_gray(pixels, sampled, mammogram.rows, mammogram.columns):
        raise OneGrayImage(str(mammogram.facts["voi"]))
    return (*unused_bits_flags(pixels, sampled), *polarity_flags(sampled))


def _read(
    opened: ByteSource,
    policy: ReadingPolicy,
    limits: ReadingLimits,
    pixel_spacing_mm: float | None,
    frame: int | None,
) -> Mammogram:
    head = opened.read(0, MAGIC_OFFSET + len(MAGIC))
    if head[MAGIC_OFFSET:] == MAGIC or not head.startswith((*TIFF_MAGICS, PNG_MAGIC, PGM_MAGIC)):
        offset = dicom_offset(opened)
        if offset is None:
            raise UnknownImageFormat
        return read_dicom(opened, offset, policy, limits, pixel_spacing_mm, frame)
    spacing = caller_spacing(pixel_spacing_mm, policy.spacing_plane)
    if head.startswith(TIFF_MAGICS):
        return read_tiff(opened, limits, spacing, frame)
    if frame not in {None, 1}:
        raise FrameNotInFile(int(frame or 0), 1)
    read = read_png if head.startswith(PNG_MAGIC) else read_pgm
    return read(opened, limits, spacing)
