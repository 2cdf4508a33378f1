"""Files that lie, are cut short, or ask for too much: always a typed refusal, before memory or time is spent."""

import io
import math
import struct
import time
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cadx.errors import (
    FileTooLarge,
    ImageFileNotFound,
    ImageTooLarge,
    MissingSpacing,
    PixelDataMismatch,
    TruncatedImage,
    UnknownImageFormat,
    UnreadableImage,
    UnsupportedPixels,
    UnsupportedTransferSyntax,
)
from cadx.mammogram import ReadingLimits, read_mammogram

Make = Callable[..., Any]
JPEG_LS = "1.2.840.10008.1.2.4.80"
DEFLATED = "1.2.840.10008.1.2.1.99"


@pytest.mark.parametrize(
    "content", [b"", b"\0", b"DICM", bytes(200), b"GIF89a", b"\xff\xd8\xff\xe0JFIF", b"P2\n1 1\n1\n0"]
)
def test_what_is_no_image_is_said_so(content: bytes) -> None:
    with pytest.raises(UnknownImageFormat):
        read_mammogram(content, pixel_spacing_mm=0.1)


def test_a_missing_file_is_said_so_without_its_name(tmp_path: Path) -> None:
    with pytest.raises(ImageFileNotFound) as caught:
        read_mammogram(tmp_path / "Smith^Jane.dcm")
    assert "Smith" not in str(caught.value)


@pytest.mark.parametrize("rows_columns", [(65535, 65535), (1, 65535), (0, 50), (64, 0), (64, 51), (63, 50)])
def test_lying_dimensions_are_refused_at_once(
    rows_columns: tuple[int, int], make_dataset: Make, save: Make, textured: Make, encapsulate_frames: Make
) -> None:
    import jpeg_ls

    rows, columns = rows_columns
    plain = make_dataset(textured(12), 12, Rows=rows, Columns=columns)
    packed = encapsulate_frames(
        make_dataset(textured(12), 12, Rows=rows, Columns=columns), JPEG_LS, [bytes(jpeg_ls.encode_array(textured(12)))]
    )
    for dataset in (plain, packed):
        content = save(dataset)
        tracemalloc.start()
        with pytest.raises((ImageTooLarge, PixelDataMismatch, UnsupportedPixels)):
            read_mammogram(content)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
        tracemalloc.stop()


def test_a_codestream_that_declares_a_huge_picture_is_not_decoded(
    make_dataset: Make, save: Make, textured: Make, encapsulate_frames: Make
) -> None:
    import jpeg_ls

    codestream = bytearray(jpeg_ls.encode_array(textured(12)))
    size = codestream.find(b"\xff\xf7") + 5
    codestream[size : size + 4] = struct.pack(">HH", 65535, 65535)
    with pytest.raises(PixelDataMismatch) as caught:
        read_mammogram(save(encapsulate_frames(make_dataset(textured(12), 12), JPEG_LS, [bytes(codestream)])))
    assert "65535" in caught.value.found


def test_a_deflate_bomb_stops_at_the_limit(make_dicom: Make, textured: Make) -> None:
    content = make_dicom(textured(12), 12, DEFLATED)
    start = 132 + 12 + struct.unpack("<L", content[140:144])[0]
    deflater = zlib.compressobj(wbits=-15)
    bomb = content[:start] + b"".join(deflater.compress(bytes(2**20)) for _ in range(200)) + deflater.flush()
    assert len(bomb) < 300_000
    tracemalloc.start()
    with pytest.raises(FileTooLarge):
        read_mammogram(bomb, limits=ReadingLimits(max_file_bytes=4 * 2**20))
    assert tracemalloc.get_traced_memory()[1] < 16 * 2**20
    tracemalloc.stop()


def test_limits_hold_for_every_kind_of_source(tmp_path: Path, make_dicom: Make, textured: Make) -> None:
    content = make_dicom(textured(12), 12)
    path = tmp_path / "image.dcm"
    path.write_bytes(content)

    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    sources: list[Any] = [content, path, io.BytesIO(content), Pipe(content)]
    for source in sources:
        with pytest.raises(FileTooLarge):
            read_mammogram(source, limits=ReadingLimits(max_file_bytes=1000))
    for source in (content, path, io.BytesIO(content), Pipe(content)):
        gray = read_mammogram(source).pixels.window(10, 20, 5, 45).gray
        np.testing.assert_allclose(gray, textured(12)[10:20, 5:45] / 4095, atol=1e-6)
    with pytest.raises(ImageTooLarge):
        read_mammogram(content, limits=ReadingLimits(max_pixels=3199))


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "pgm"])
def test_declared_100000_x_100000(kind: str, textured: Make) -> None:
    if kind == "pgm":
        content = b"P5\n100000 100000\n65535\n" + bytes(100)
    else:
        content = raster(textured(16), kind)
        if kind == "PNG":
            header = struct.pack(">4sLLBBBBB", b"IHDR", 100000, 100000, 16, 0, 0, 0, 0)
            content = content[:12] + header + struct.pack(">L", zlib.crc32(header)) + content[33:]
        else:
            content = huge_tiff(content)
    started = time.perf_counter()
    with pytest.raises(ImageTooLarge):
        read_mammogram(content, pixel_spacing_mm=0.1)
    assert time.perf_counter() - started < 2


def raster(stored: Any, kind: str) -> bytes:
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(stored).save(stream, kind)
    return stream.getvalue()


def huge_tiff(content: bytes) -> bytes:
    """Overwrite ImageWidth (256) and ImageLength (257) in the first directory."""
    changed = bytearray(content)
    (directory,) = struct.unpack("<L", content[4:8])
    (entries,) = struct.unpack("<H", content[directory : directory + 2])
    for entry in range(entries):
        offset = directory + 2 + 12 * entry
        if struct.unpack("<H", content[offset : offset + 2])[0] in {256, 257}:
            changed[offset + 2 : offset + 12] = struct.pack("<HLL", 4, 1, 100000)
    return bytes(changed)


def test_one_pixel_is_read(make_dicom: Make) -> None:
    mammogram = read_mammogram(make_dicom(np.array([[4095]], dtype=np.uint16), 12))
    assert mammogram.pixels.window(0, 1, 0, 1).gray.tolist() == [[1.0]]


@pytest.mark.parametrize("kept", [0.3, 0.9, 0.999])
def test_truncated_files_are_refused(kept: float, make_dicom: Make, textured: Make) -> None:
    content = make_dicom(textured(12), 12)
    with pytest.raises(TruncatedImage):
        read_mammogram(content[: math.floor(len(content) * kept)])


def test_a_file_that_shrinks_after_reading_is_refused(tmp_path: Path, make_dicom: Make, textured: Make) -> None:
    content = make_dicom(textured(12), 12)
    path = tmp_path / "image.dcm"
    path.write_bytes(content)
    mammogram = read_mammogram(path)
    path.write_bytes(content[:-2000])
    with pytest.raises(TruncatedImage):
        mammogram.pixels.window(0, 64, 0, 50)


def test_unreadable_transfer_syntaxes_are_named(make_dicom: Make, textured: Make) -> None:
    content = make_dicom(textured(12), 12)
    video = content.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.9\0")
    with pytest.raises(UnsupportedTransferSyntax) as caught:
        read_mammogram(video)
    assert caught.value.transfer_syntax == "1.2.840.10008.1.2.9"
    planted = content.replace(b"1.2.840.10008.1.2.1\0", b"Smith^Jane^1956.....")
    with pytest.raises(UnsupportedTransferSyntax) as caught:
        read_mammogram(planted)
    assert "SMITH" not in str(caught.value).upper()


def test_compressed_pixels_that_nothing_identifies_are_refused_under_an_uncompressed_syntax(
    make_dataset: Make, save: Make, textured: Make, encapsulate_frames: Make
) -> None:
    packed = save(encapsulate_frames(make_dataset(textured(12), 12), JPEG_LS, [b"no codestream " * 8]))
    short = save(make_dataset(textured(12)[:-1], 12, Rows=64))
    for wrong in (
        packed.replace(b"1.2.840.10008.1.2.4.80", b"1.2.840.10008.1.2.1\0\0\0"),
        short.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.5\0"),
    ):
        with pytest.raises(PixelDataMismatch) as caught:
            read_mammogram(wrong)
        assert "1.2.840.10008.1.2" in caught.value.declared


@pytest.mark.parametrize(
    "broken",
    [
        lambda stream: stream[:-40],
        lambda stream: stream[:40] + b"\xff\xd9",
        lambda stream: b"\xff\xd8" + stream,
        lambda stream: stream[:2],
        lambda stream: stream.replace(b"\xff\xda", b"\xff\xdb"),
    ],
)
@pytest.mark.parametrize("syntax", [JPEG_LS, "1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.4.50"])
def test_broken_codestreams_are_refused(
    broken: Callable[[bytes], bytes],
    syntax: str,
    make_dataset: Make,
    save: Make,
    textured: Make,
    encapsulate_frames: Make,
) -> None:
    imagecodecs = pytest.importorskip("imagecodecs")
    stored = textured(8)
    encode = {
        JPEG_LS: imagecodecs.jpegls_encode,
        "1.2.840.10008.1.2.4.70": lambda picture: imagecodecs.jpeg_encode(picture, lossless=True, predictor=1),
        "1.2.840.10008.1.2.4.50": imagecodecs.jpeg_encode,
    }[syntax]
    stream = bytes(encode(stored))
    good = save(encapsulate_frames(make_dataset(stored, 8), syntax, [stream]))
    assert read_mammogram(good).rows == 64
    damaged = broken(stream)
    bad = save(encapsulate_frames(make_dataset(stored, 8), syntax, [damaged + b"\0" * (len(damaged) % 2)]))
    with pytest.raises(UnreadableImage):
        read_mammogram(bad)


def test_rasters_need_a_spacing(textured: Make) -> None:
    for kind in ("PNG", "TIFF"):
        with pytest.raises(MissingSpacing):
            read_mammogram(raster(textured(16), kind))


def test_an_icon_with_compressed_pixels_is_skipped(make_dataset: Make, save: Make, textured: Make) -> None:
    from pydicom.dataset import Dataset
    from pydicom.encaps import encapsulate

    icon = Dataset()
    icon.Rows = icon.Columns = 8
    icon.PixelData = encapsulate([b"\xff\xd8 no stream \xff\xd9"])
    icon["PixelData"].VR = "OB"
    icon["PixelData"].is_undefined_length = True
    for undefined in (True, False):
        dataset = make_dataset(textured(12), 12, IconImageSequence=[icon])
        dataset["IconImageSequence"].is_undefined_length = undefined
        mammogram = read_mammogram(save(dataset))
        assert (mammogram.rows, mammogram.columns) == (64, 50)


def test_signed_pixels_under_too_few_bits_are_refused(
    make_dataset: Make, save: Make, textured: Make, encapsulate_frames: Make
) -> None:
    import jpeg_ls

    packed = encapsulate_frames(
        make_dataset(textured(12, signed=True), 12), JPEG_LS, [bytes(jpeg_ls.encode_array(textured(8)))]
    )
    with pytest.raises(PixelDataMismatch):
        read_mammogram(save(packed))
