"""PNG, TIFF and PGM: depth, polarity, channels, pages."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from cadx.errors import (
    FrameNeeded,
    FrameNotInFile,
    PixelsOutOfRange,
    TruncatedImage,
    UnreadableImage,
    UnsupportedPixels,
)
from cadx.mammogram import read_mammogram

RAMP8 = np.arange(64 * 50, dtype=np.uint16).reshape(64, 50).astype(np.uint8)
RAMP16 = (np.arange(64 * 50, dtype=np.uint16) * 20).reshape(64, 50)


def pillow(stored: Any, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    (stored if isinstance(stored, Image.Image) else Image.fromarray(stored)).save(stream, kind, **options)
    return stream.getvalue()


def tiff(stored: Any, **options: Any) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, stored, **options)
    return stream.getvalue()


def pgm(stored: Any, maxval: int, comment: str = "") -> bytes:
    rows, columns = stored.shape
    kind = "u1" if maxval < 256 else ">u2"
    return f"P5\n{comment}{columns} {rows}\n{maxval}\n".encode() + bytes(stored.astype(kind).tobytes())


def grays(content: Any, **options: Any) -> Any:
    mammogram = read_mammogram(content, **{"pixel_spacing_mm": 0.1, **options})
    assert (mammogram.rows, mammogram.columns) == (64, 50)
    return mammogram.pixels.window(0, 64, 0, 50).gray


@pytest.mark.parametrize(
    ("content", "stored", "largest"),
    [
        (pillow(RAMP8, "PNG"), RAMP8, 255),
        (pillow(RAMP16, "PNG"), RAMP16, 65535),
        (pillow(RAMP8, "TIFF"), RAMP8, 255),
        (pillow(RAMP16, "TIFF"), RAMP16, 65535),
        (pillow(RAMP16, "TIFF", compression="tiff_lzw"), RAMP16, 65535),
        (pillow(RAMP16, "TIFF", compression="tiff_deflate"), RAMP16, 65535),
        (tiff(RAMP16, byteorder=">"), RAMP16, 65535),
        (tiff(RAMP8, photometric="minisblack"), RAMP8, 255),
        (tiff(255 - RAMP8, photometric="miniswhite"), RAMP8, 255),
        (tiff(65535 - RAMP16, photometric="miniswhite"), RAMP16, 65535),
        (tiff(RAMP16, tile=(32, 32)), RAMP16, 65535),
        (pgm(RAMP8, 255), RAMP8, 255),
        (pgm(RAMP16, 65535), RAMP16, 65535),
        (pgm(RAMP16 // 16, 4095, "# film 12\n"), RAMP16 // 16, 4095),
        (pillow(Image.fromarray(RAMP8).convert("RGB"), "PNG"), RAMP8, 255),
    ],
)
def test_grays_are_the_stored_values_over_their_range(content: bytes, stored: Any, largest: int) -> None:
    np.testing.assert_allclose(grays(content), stored / largest, atol=1e-6)


def test_the_kind_is_told_by_the_bytes_and_not_by_the_name(tmp_path: Path) -> None:
    path = tmp_path / "image.dcm"
    path.write_bytes(pillow(RAMP16, "PNG"))
    np.testing.assert_allclose(grays(path), RAMP16 / 65535, atol=1e-6)


def test_resolution_tags_are_not_believed() -> None:
    content = pillow(RAMP8, "PNG", dpi=(254, 254))
    assert read_mammogram(content, pixel_spacing_mm=0.05).spacing.row_mm == 0.05


@pytest.mark.parametrize(
    "picture",
    [
        Image.fromarray(np.stack([RAMP8, RAMP8, RAMP8 // 2], axis=-1)),
        Image.fromarray(RAMP8).convert("1"),
        Image.fromarray(np.stack([RAMP8, RAMP8], axis=-1), "LA"),
    ],
)
def test_what_is_not_one_gray_channel_is_refused(picture: Image.Image) -> None:
    with pytest.raises(UnsupportedPixels):
        read_mammogram(pillow(picture, "PNG"), pixel_spacing_mm=0.1)


@pytest.mark.parametrize("kind", [np.float32, np.int16, np.uint32])
def test_other_numbers_are_refused(kind: Any) -> None:
    with pytest.raises((UnsupportedPixels, UnreadableImage)):
        read_mammogram(tiff(RAMP8.astype(kind)), pixel_spacing_mm=0.1)


def test_pages_of_a_tiff() -> None:
    content = tiff(np.stack([RAMP16, RAMP16 // 2]), photometric="minisblack")
    with pytest.raises(FrameNeeded):
        read_mammogram(content, pixel_spacing_mm=0.1)
    with pytest.raises(FrameNotInFile):
        read_mammogram(content, pixel_spacing_mm=0.1, frame=3)
    np.testing.assert_allclose(grays(content, frame=2), (RAMP16 // 2) / 65535, atol=1e-6)


def test_frames_of_what_has_only_one() -> None:
    assert read_mammogram(pgm(RAMP8, 255), pixel_spacing_mm=0.1, frame=1).rows == 64
    with pytest.raises(FrameNotInFile):
        read_mammogram(pgm(RAMP8, 255), pixel_spacing_mm=0.1, frame=2)


def test_pgm_values_beyond_its_maximum_are_refused() -> None:
    with pytest.raises(PixelsOutOfRange):
        grays(pgm(RAMP8, 200))


@pytest.mark.parametrize(
    "header", [b"P5\n50\n", b"P5\n50 x\n255\n", b"P5 50 64 70000 ", b"P5 50 64 0 ", b"P5 0 64 255 "]
)
def test_broken_pgm_headers_are_refused(header: bytes) -> None:
    with pytest.raises((UnreadableImage, UnsupportedPixels)):
        read_mammogram(header, pixel_spacing_mm=0.1)


def test_truncated_rasters_are_refused() -> None:
    for content in (pillow(RAMP16, "PNG"), pillow(RAMP16, "TIFF"), pillow(RAMP16, "TIFF", compression="tiff_lzw")):
        with pytest.raises((UnreadableImage, TruncatedImage)):
            read_mammogram(content[: len(content) * 2 // 3], pixel_spacing_mm=0.1)
    with pytest.raises(TruncatedImage):
        read_mammogram(pgm(RAMP16, 65535)[:-1], pixel_spacing_mm=0.1)
