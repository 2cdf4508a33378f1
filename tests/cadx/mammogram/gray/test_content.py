"""One picture, whatever its file: the digest of what an image shows."""

import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from cadx.mammogram import content_digest, read_mammogram
from cadx.mammogram.gray.pixels import GrayPixels, PixelArray
from cadx.records import PixelWindow

Make = Callable[..., Any]
SHAPE = (70, 50)
VALUES = np.random.default_rng(12).integers(0, 4000, SHAPE).astype(np.uint16)


def digest(content: bytes | Path, **options: Any) -> str:
    return content_digest(read_mammogram(content, **options))


def png(folder: Path, values: np.ndarray) -> str:
    path = folder / "image.png"
    Image.fromarray(values).save(path)
    return digest(path, pixel_spacing_mm=0.1)


def pgm(values: np.ndarray, largest: int) -> str:
    rows, columns = values.shape
    content = b"P5 %d %d %d\n" % (columns, rows, largest) + values.astype(">u2").tobytes()
    return digest(content, pixel_spacing_mm=0.1)


def test_file_format_and_a_linear_rescale_change_nothing(make_dicom: Make, tmp_path: Path) -> None:
    expected = digest(make_dicom(VALUES, 12))
    assert png(tmp_path, VALUES) == expected
    assert png(tmp_path, VALUES * 16) == expected
    assert pgm(VALUES, 4095) == expected
    signed = (VALUES.astype(np.int32) - 2048).astype(np.int16)
    assert digest(make_dicom(signed, 12, RescaleIntercept=2048, RescaleSlope=1)) == expected


def test_a_reexport_with_another_header_is_the_same_picture(
    make_dicom: Make, make_dataset: Make, save: Make, encapsulate_frames: Make
) -> None:
    expected = digest(make_dicom(VALUES, 12))
    changed = {
        "SOPInstanceUID": "2.25.77",
        "PatientID": "SOMEONE-ELSE",
        "WindowCenter": 1200,
        "WindowWidth": 900,
        "PixelPaddingValue": int(VALUES[0, 0]),
        "ImagerPixelSpacing": [0.07, 0.07],
    }
    assert digest(make_dicom(VALUES, 12, **changed)) == expected
    assert digest(make_dicom(VALUES, 16)) == expected
    turned = (4095 - VALUES).astype(np.uint16)
    assert digest(make_dicom(turned, 12, PhotometricInterpretation="MONOCHROME1")) == expected
    lossless = imagecodecs.jpegls_encode(VALUES)
    jpeg_ls = encapsulate_frames(make_dataset(VALUES, 12), "1.2.840.10008.1.2.4.80", [lossless])
    assert digest(save(jpeg_ls)) == expected


def test_another_picture_shape_or_polarity_is_another(make_dicom: Make) -> None:
    other = VALUES.copy()
    other[33, 21] ^= 1
    pictures = [VALUES, other, VALUES[:-1], VALUES.T.copy(), VALUES.reshape(50, 70), VALUES[::-1].copy()]
    found = [digest(make_dicom(values, 12)) for values in pictures]
    found.append(digest(make_dicom(VALUES, 12, PhotometricInterpretation="MONOCHROME1")))
    assert len(set(found)) == len(found)


def test_bits_above_bits_stored_are_dropped_not_judged(make_dicom: Make) -> None:
    dirty = VALUES.copy()
    dirty[64] |= 0xF000  # a row that the reader does not sample
    assert digest(make_dicom(dirty, 12)) == digest(make_dicom(VALUES, 12))


def test_blocks_change_nothing_and_no_copy_of_the_image_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    large = np.random.default_rng(3).integers(0, 65535, (3000, 2000)).astype(np.uint16)
    rows, columns = large.shape
    content = b"P5 %d %d 65535\n" % (columns, rows) + large.astype(">u2").tobytes()
    mammogram = read_mammogram(content, pixel_spacing_mm=0.1)
    tracemalloc.start()
    found = content_digest(mammogram)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < large.nbytes
    monkeypatch.setattr("cadx.mammogram.gray.content._BLOCK_PIXELS", 1 << 30)
    assert content_digest(mammogram) == found
    assert isinstance(mammogram.pixels, GrayPixels)
    decoded = replace(mammogram, pixels=replace(mammogram.pixels, stored=PixelArray(large)))
    assert content_digest(decoded) == found


def test_pixels_that_are_not_stored_values_are_refused(make_dicom: Make) -> None:
    class Painted:
        def window(self, *_: int) -> PixelWindow:
            raise AssertionError("not asked for")

    with pytest.raises(TypeError, match="Painted"):
        content_digest(replace(read_mammogram(make_dicom(VALUES, 12)), pixels=Painted()))
