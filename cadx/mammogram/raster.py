"""Gray PNG, TIFF and binary PGM. None of them tells a believable pixel spacing: the caller must."""

import io
import re
import threading
import warnings
from collections.abc import Callable
from typing import TypeVar

import numpy as np
from PIL import Image, PngImagePlugin, TiffImagePlugin

from cadx.errors import (
    FrameNeeded,
    FrameNotInFile,
    TruncatedImage,
    UnreadableImage,
    UnsupportedPixels,
)
from cadx.mammogram.byte_source import ByteSource
from cadx.mammogram.gray.pixels import GrayPixels, PixelArray, PixelRows, StoredImage, StoredPixels
from cadx.mammogram.gray.transformations import StoredRange, gray_table
from cadx.mammogram.policy import ReadingLimits, check_size
from cadx.records import Mammogram, Spacing

T = TypeVar("T")
_PGM_HEADER = re.compile(rb"P5(?:\s|#[^\n]*\n)+(\d{1,9})(?:\s|#[^\n]*\n)+(\d{1,9})(?:\s|#[^\n]*\n)+(\d{1,9})\s")
_PGM_HEADER_BYTES = 4096
_TIFF_WHITE_IS_ZERO = 0
_TIFF_PHOTOMETRIC = 262
_pillow_warnings = threading.Lock()


def read_pgm(source: ByteSource, limits: ReadingLimits, spacing: Spacing) -> Mammogram:
    """Read a binary PGM (P5); its rows stay in the file until they are asked for."""
    header = _PGM_HEADER.match(source.read(0, _PGM_HEADER_BYTES))
    if header is None:
        raise UnreadableImage("pgm", "its header has no width, height and maximum")
    columns, rows, maxval = (int(number) for number in header.groups())
    check_size(rows, columns, limits)
    if not 1 <= maxval <= 65535:
        raise UnsupportedPixels("the PGM's maximum is not between 1 and 65535")
    dtype = np.dtype(np.uint8 if maxval <= 255 else ">u2")
    expected_bytes = header.end() + rows * columns * dtype.itemsize
    if source.size_bytes < expected_bytes:
        raise TruncatedImage("pgm", expected_bytes, source.size_bytes)
    stored_range = StoredRange(maxval.bit_length(), largest_unsigned=maxval)
    return _mammogram(
        "pgm", rows, columns, PixelRows(source, header.end(), columns, dtype, "pgm"), stored_range, spacing
    )


def read_png(source: ByteSource, limits: ReadingLimits, spacing: Spacing) -> Mammogram:
    """Read a PNG of 8 or 16 bits; a color PNG whose three channels agree counts as gray."""
    picture = _opened(PngImagePlugin.PngImageFile, source, "png")
    return _pillow_mammogram(picture, "png", limits, spacing)


def read_tiff(source: ByteSource, limits: ReadingLimits, spacing: Spacing, frame: int | None) -> Mammogram:
    """Read one page of a TIFF of 8 or 16 bits."""
    picture = _opened(TiffImagePlugin.TiffImageFile, source, "tiff")
    _select_page(picture, frame)
    return _pillow_mammogram(picture, "tiff", limits, spacing)


def _select_page(picture: Image.Image, frame: int | None) -> None:
    frames: int = _guarded("tiff", lambda: getattr(picture, "n_frames", 1))
    if frame is None and frames > 1:
        raise FrameNeeded(frames)
    if frame is not None and not 1 <= frame <= frames:
        raise FrameNotInFile(frame, frames)
    _guarded("tiff", lambda: picture.seek((frame or 1) - 1))


def _opened(kind: Callable[[io.BytesIO], Image.Image], source: ByteSource, file_format: str) -> Image.Image:
    content = io.BytesIO(source.read(0, source.size_bytes))
    return _guarded(file_format, lambda: kind(content))


def _pillow_mammogram(picture: Image.Image, file_format: str, limits: ReadingLimits, spacing: Spacing) -> Mammogram:
    columns, rows = picture.size
    check_size(rows, columns, limits)
    inverted = file_format == "tiff" and _white_is_zero(picture)
    values: StoredImage = _guarded(file_format, lambda: np.asarray(picture))
    values = _one_channel(values, picture.mode)
    stored_range = StoredRange(8 * values.dtype.itemsize)
    return _mammogram(file_format, rows, columns, PixelArray(values), stored_range, spacing, inverted=inverted)


def _white_is_zero(picture: Image.Image) -> bool:
    # Pillow turns 8-bit WhiteIsZero round while decoding, and leaves 16-bit as it is.
    tags = getattr(picture, "tag_v2", {})
    return picture.mode.startswith("I;16") and tags.get(_TIFF_PHOTOMETRIC) == _TIFF_WHITE_IS_ZERO


def _one_channel(values: StoredImage, mode: str) -> StoredImage:
    if (
        mode == "RGB"
        and np.array_equal(values[..., 0], values[..., 1])
        and np.array_equal(values[..., 0], values[..., 2])
    ):
        return np.ascontiguousarray(values[..., 0])
    if mode != "L" and not mode.startswith("I;16"):
        raise UnsupportedPixels("they are not one gray channel of 8 or 16 bits")
    return values


def _mammogram(
    file_format: str,
    rows: int,
    columns: int,
    stored: StoredPixels,
    stored_range: StoredRange,
    spacing: Spacing,
    *,
    inverted: bool = False,
) -> Mammogram:
    facts: dict[str, float | int | str] = {
        "bits_stored": stored_range.bits,
        "voi": "full range",
        "polarity": "white is zero" if inverted else "black is zero",
    }
    return Mammogram(
        rows=rows,
        columns=columns,
        spacing=spacing,
        pixels=GrayPixels(stored, stored_range, gray_table(stored_range, inverted=inverted)),
        file_format=file_format,
        facts=facts,
    )


def _guarded(file_format: str, action: Callable[[], T]) -> T:
    """Run a decoder on untrusted bytes: whatever it raises becomes a typed refusal, whatever it warns is dropped.

    Warnings are process-wide in Python 3.11; the lock keeps two readers from restoring each other's filters.
    """
    with _pillow_warnings, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return action()
        except Exception as problem:  # noqa: BLE001 - decoders raise anything on hostile bytes
            reason = type(problem).__name__
    raise UnreadableImage(file_format, f"the decoder stopped with {reason}")
