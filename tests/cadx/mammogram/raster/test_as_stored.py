"""PNG and TIFF as they are stored: every depth, unturned, gray where all channels agree in every bit."""

import struct
from typing import Any

import numpy as np
import pytest

from cadx.errors import UnreadableImage, UnsupportedPixels
from cadx.mammogram import read_mammogram
from tests.cadx.mammogram.odd_files import chunk, packed_tiff, planar_ramp, png, tiff

rng = np.random.default_rng(5)
GRAY16 = np.clip(rng.normal(30000, 9000, (61, 47)), 0, 65535).astype(np.uint16)
GRAY8 = (GRAY16 >> 8).astype(np.uint8)
OPAQUE16, OPAQUE8 = np.full_like(GRAY16, 65535), np.full_like(GRAY8, 255)
IDENTITY = np.repeat(np.arange(256, dtype=np.uint8), 3).tobytes()
COLORMAP = np.tile(np.arange(256, dtype=np.uint16) * 257, 3)


def other(stored: Any, by: int = 1) -> Any:
    """The same with one pixel changed in its lowest bits."""
    changed = stored.copy()
    changed[33, 21] ^= by
    return changed


def grays(content: bytes) -> Any:
    mammogram = read_mammogram(content, pixel_spacing_mm=0.1)
    return mammogram.pixels.window(0, mammogram.rows, 0, mammogram.columns).gray


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize(
    ("planes", "bits", "options", "shown"),
    [
        ([GRAY16], 16, {}, GRAY16 / 65535),
        ([GRAY8], 8, {}, GRAY8 / 255),
        ([GRAY16 >> 12], 4, {}, (GRAY16 >> 12) / 15),
        ([GRAY16 >> 14], 2, {}, (GRAY16 >> 14) / 3),
        ([GRAY16] * 3, 16, {}, GRAY16 / 65535),
        ([GRAY8] * 3, 8, {}, GRAY8 / 255),
        ([GRAY16, OPAQUE16], 16, {}, GRAY16 / 65535),
        ([GRAY8, OPAQUE8], 8, {}, GRAY8 / 255),
        ([GRAY16] * 3 + [OPAQUE16], 16, {}, GRAY16 / 65535),
        ([GRAY8] * 3 + [OPAQUE8], 8, {}, GRAY8 / 255),
        ([GRAY8], 8, {"palette": IDENTITY}, GRAY8 / 255),
        ([GRAY8], 8, {"palette": IDENTITY[::-1], "alpha": b"\xff" * 9}, 1 - GRAY8 / 255),
        ([GRAY16 >> 12], 4, {"palette": IDENTITY[: 3 * 16]}, (GRAY16 >> 12) / 255),
    ],
)
def test_a_png_keeps_every_bit(planes: Any, bits: int, options: Any, shown: Any, interlaced: bool) -> None:
    np.testing.assert_allclose(grays(png(planes, bits, interlaced=interlaced, **options)), shown, atol=1e-6)


@pytest.mark.parametrize(
    "content",
    [
        png([GRAY16, GRAY16, other(GRAY16)], 16),  # they differ in the lowest bit of one pixel only
        png([GRAY8, other(GRAY8), GRAY8], 8),
        png([GRAY16, other(OPAQUE16)], 16),
        png([GRAY8] * 3 + [other(OPAQUE8)], 8),
        png([GRAY8], 8, palette=IDENTITY, alpha=bytes(255)),
        png([GRAY8], 8, palette=bytes(3) + IDENTITY[1:-2]),
        png([GRAY8], 8, palette=IDENTITY[: 3 * 16]),  # pixels beyond the palette
        tiff(np.stack([GRAY16, GRAY16, other(GRAY16)], -1), photometric="rgb"),
        tiff(np.stack([GRAY8, other(OPAQUE8)], -1), photometric="minisblack", extrasamples=["unassalpha"]),
        tiff(
            GRAY8, photometric="palette", colormap=(COLORMAP.reshape(3, 256) * np.array([[1], [1], [0]])).astype("u2")
        ),
    ],
)
def test_color_and_transparency_stay_refused(content: bytes) -> None:
    with pytest.raises(UnsupportedPixels):
        grays(content)


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        (tiff(np.stack([GRAY16] * 3, -1), photometric="rgb"), GRAY16 / 65535),
        (tiff(planar_ramp(GRAY16), photometric="rgb", planarconfig="separate"), GRAY16 / 65535),
        (tiff(np.stack([GRAY8, OPAQUE8], -1), photometric="minisblack", extrasamples=["unassalpha"]), GRAY8 / 255),
        (tiff(np.stack([GRAY16] * 3 + [OPAQUE16], -1), photometric="rgb", extrasamples=["assocalpha"]), GRAY16 / 65535),
        (tiff(GRAY8, photometric="palette", colormap=COLORMAP.reshape(3, 256)), GRAY8 / 255),
        (tiff(GRAY16, bigtiff=True), GRAY16 / 65535),
        (tiff(GRAY16, byteorder=">", bigtiff=True, compression="zlib", predictor=True), GRAY16 / 65535),
        (tiff(GRAY16, tile=(16, 32), compression="lzw", predictor=True, byteorder=">"), GRAY16 / 65535),
        (tiff(GRAY16, rowsperstrip=7, compression="packbits"), GRAY16 / 65535),
        (tiff(GRAY16, rowsperstrip=7, compression="zstd"), GRAY16 / 65535),
        (tiff(GRAY16, rowsperstrip=7, compression="lzma"), GRAY16 / 65535),
        (tiff(GRAY16, photometric="miniswhite", byteorder=">"), 1 - GRAY16 / 65535),
        *((packed_tiff(GRAY16 >> (16 - bits), bits), (GRAY16 >> (16 - bits)) / (2**bits - 1)) for bits in range(2, 17)),
        *(
            (packed_tiff(GRAY16 >> (16 - bits), bits, photometric=0), 1 - (GRAY16 >> (16 - bits)) / (2**bits - 1))
            for bits in (2, 4, 8, 12, 16)
        ),
    ],
)
def test_a_tiff_keeps_every_bit(content: bytes, shown: Any) -> None:
    np.testing.assert_allclose(grays(content), shown, atol=1e-6)


@pytest.mark.parametrize("tiled", [False, True])
def test_jpeg_in_tiff_is_decoded(tiled: bool) -> None:
    imagecodecs = pytest.importorskip("imagecodecs")
    smooth = (np.add.outer(np.arange(64), np.arange(48)) * 2).astype(np.uint8)
    options: dict[str, Any] = {"tile": (16, 16)} if tiled else {"rowsperstrip": 64}
    content = tiff(smooth, compression="jpeg", photometric="minisblack", **options)
    if not tiled:
        decoded = imagecodecs.jpeg8_decode(imagecodecs.jpeg8_encode(smooth, level=95))
        np.testing.assert_allclose(grays(content), decoded / 255, atol=0.02)
    np.testing.assert_allclose(grays(content), smooth / 255, atol=0.05)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_no_orientation_turns_the_raster(orientation: int) -> None:
    exif = packed_tiff(np.zeros((1, 1), np.uint16), 16, orientation=orientation)
    in_png = png([GRAY16], 16)
    in_png = in_png[:33] + chunk(b"eXIf", exif) + in_png[33:]
    for content in (packed_tiff(GRAY16, 16, orientation=orientation), in_png):
        mammogram = read_mammogram(content, pixel_spacing_mm=0.1)
        np.testing.assert_allclose(grays(content), GRAY16 / 65535, atol=1e-6)
        told = [dict(flag.facts) for flag in mammogram.flags if flag.code == "orientation_not_applied"]
        assert told == ([] if orientation == 1 else [{"orientation": orientation}])


def test_a_damaged_exif_block_does_not_matter() -> None:
    content = png([GRAY16], 16)
    for damaged in (b"", b"MM\0*", b"II*\0\xff\xff\xff\xff", bytes(40)):
        np.testing.assert_allclose(
            grays(content[:33] + chunk(b"eXIf", damaged) + content[33:]), GRAY16 / 65535, atol=1e-6
        )


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-30],
        lambda content: content[:45] + b"\0" + content[46:],  # a checksum
        lambda content: content[:33] + chunk(b"IEND", b""),  # no pixels
        lambda content: content[:33] + chunk(b"ABCD", b"what is it?") + content[33:],
    ],
)
def test_a_broken_png_is_refused(damage: Any) -> None:
    with pytest.raises(UnreadableImage):
        grays(damage(png([GRAY16], 16)))


def test_a_tiff_that_declares_far_more_than_it_shows_is_refused_at_once() -> None:
    content = tiff(GRAY16, tile=(64, 48))
    for tag in (322, 323):
        position = content.find(struct.pack("<HHL", tag, 4, 1))
        if position < 0:
            position = content.find(struct.pack("<HHL", tag, 3, 1))
        assert position > 0
        content = content[:position] + struct.pack("<HHLL", tag, 4, 1, 0xFFF0) + content[position + 12 :]
    with pytest.raises(UnsupportedPixels):
        grays(content)


def test_directories_in_a_circle_end() -> None:
    content = bytearray(packed_tiff(GRAY16, 16))
    content[8 + 2 + 120 : 8 + 2 + 124] = struct.pack(">L", 8)
    with pytest.raises(UnreadableImage):
        grays(bytes(content))


def test_a_pgm_whose_header_ends_with_two_bytes() -> None:
    head, pixels = b"P5\r\n47 61\r\n65535\r\n", GRAY16.astype(">u2").tobytes()
    np.testing.assert_allclose(grays(head + pixels), GRAY16 / 65535, atol=1e-6)
    # Another byte more, and it is not certain which of them is the pixels': the header ends where the standard says.
    np.testing.assert_allclose(grays(head[:-1] + pixels), GRAY16 / 65535, atol=1e-6)
