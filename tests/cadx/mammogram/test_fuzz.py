"""Damaged files of every syntax: a typed refusal or a reading, never a crash, a hang or a warning.

``CADX_FUZZ_CASES=8000 CADX_FUZZ_SEED=1 pytest tests/cadx/mammogram/test_fuzz.py`` runs many more than CI does.
"""

import io
import os
import struct
import time
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from cadx.errors import CadxError
from cadx.mammogram import READABLE_TRANSFER_SYNTAXES, read_mammogram
from cadx.records import LesionCenter
from cadx.roi import extract_roi
from tests.cadx.mammogram.odd_files import (
    bare,
    chunk,
    color_jpeg,
    jp2,
    jpeg2000,
    packed_tiff,
    palette_attributes,
    planar_ramp,
    png,
    progressive,
    relabeled,
    rgb,
    tiff,
)

CASES = int(os.environ.get("CADX_FUZZ_CASES", "100"))
SEED = int(os.environ.get("CADX_FUZZ_SEED", "0"))
LONGEST_S = 2.0
TS = "1.2.840.10008.1.2"
RASTERS = ("png", "tiff", "tiff_lzw", "pgm")
GRAY_PALETTE = np.repeat(np.arange(256, dtype=np.uint8), 3).tobytes()
ODD_RASTERS: dict[str, Callable[[Any], bytes]] = {
    "png rgb 16": lambda stored: png([stored] * 3, 16),
    "png rgba 16 interlaced": lambda stored: png([stored] * 3 + [stored * 0 + 65535], 16, interlaced=True),
    "png 4 bits": lambda stored: png([stored >> 12], 4),
    "png palette": lambda stored: png([stored >> 8], 8, palette=GRAY_PALETTE),
    "tiff 12": lambda stored: packed_tiff(stored >> 4, 12, photometric=0),
    "tiff tiles": lambda stored: tiff(stored, tile=(32, 32), compression="deflate", predictor=True),
    "tiff rgb planes": lambda stored: tiff(
        planar_ramp(stored), photometric="rgb", planarconfig="separate", compression="packbits"
    ),
    "tiff jpeg": lambda stored: tiff((stored >> 8).astype(np.uint8), compression="jpeg", photometric="minisblack"),
    "tiff zstd": lambda stored: tiff(stored, compression="zstd"),
    "bigtiff": lambda stored: tiff(stored, bigtiff=True, byteorder=">"),
}
ODD_FILES = (
    "bare implicit",
    "bare explicit",
    "no syntax",
    "wrong syntax",
    "progressive",
    "ybr jpeg",
    "jp2",
    "rgb",
    "palette",
    "fragments",
    "odd elements",
)


@pytest.fixture(scope="module")
def sample(make_dataset: Any, save: Any, encapsulate_frames: Any, textured: Any) -> Callable[[str], bytes]:
    """A good file of a kind: a transfer syntax, or one of the rasters."""

    def make(kind: str) -> bytes:
        if kind in RASTERS:
            return raster(kind, textured(16))
        if kind in ODD_RASTERS:
            return ODD_RASTERS[kind](textured(16))
        if kind in ODD_FILES:
            return odd_file(kind, textured, make_dataset, save, encapsulate_frames)
        bits = 8 if kind == TS + ".4.50" else 12
        window = {"WindowCenter": 2**bits // 2, "WindowWidth": 2**bits, "PixelPaddingValue": 0}
        dataset = make_dataset(textured(bits), bits, **window)
        codestream = encoded(kind, textured(bits), bits)
        if codestream is not None:
            return bytes(save(encapsulate_frames(dataset, kind, [codestream])))
        dataset.file_meta.TransferSyntaxUID = kind
        if kind == TS + ".5":
            dataset.file_meta.TransferSyntaxUID = TS + ".1"
            dataset.compress(TS + ".5")
        if kind == TS + ".2":
            dataset.PixelData = textured(bits).astype(">u2").tobytes()
        return bytes(save(dataset))

    return make


def odd_file(kind: str, textured: Any, make_dataset: Any, save: Any, encapsulate_frames: Any) -> bytes:
    """A DICOM file whose label is wrong, or whose pixels are gray in an unusual way."""
    eight, twelve = textured(8), textured(12)
    plain = make_dataset(twelve, 12, WindowCenter=2048, WindowWidth=4096)
    if kind.startswith("bare"):
        plain.file_meta.TransferSyntaxUID = TS if "implicit" in kind else TS + ".1"
        return bare(save(plain))
    if kind == "no syntax":
        return relabeled(save(plain), "")
    if kind == "wrong syntax":
        packed = encapsulate_frames(plain, TS + ".4.90", [jpeg2000(twelve, 12)])
        return relabeled(save(packed), TS + ".4.70")
    if kind == "rgb":
        return bytes(save(rgb(make_dataset(eight, 8), [eight] * 3)))
    if kind == "palette":
        return bytes(save(make_dataset(eight, 8, **palette_attributes(np.arange(256) * 257))))
    if kind == "fragments":
        frames = [jpeg2000(twelve, 12)] * 3
        dataset = make_dataset(np.stack([twelve] * 3), 12)
        packed = encapsulate_frames(dataset, TS + ".4.90", frames, fragments_per_frame=2, has_bot=False)
        return bytes(save(packed))
    if kind == "odd elements":
        plain.add_new(0x0019_0010, "LO", "MAKER")
        plain.add_new(0x0019_1001, "UT", "a private text")
        return bytes(save(plain)).replace(b"\x19\0\x01\x10UT", b"\x19\0\x01\x10??")
    streams = {"progressive": progressive(eight), "ybr jpeg": color_jpeg(eight), "jp2": jp2(jpeg2000(eight, 8))}
    syntax = TS + (".4.90" if kind == "jp2" else ".4.50")
    dataset = make_dataset(eight, 8)
    if kind == "ybr jpeg":
        dataset = rgb(dataset, [eight] * 3, "YBR_FULL_422")
    return bytes(save(encapsulate_frames(dataset, syntax, [streams[kind]])))


def raster(kind: str, stored: Any) -> bytes:
    if kind == "pgm":
        return b"P5\n50 64\n65535\n" + bytes(stored.astype(">u2").tobytes())
    stream = io.BytesIO()
    options = {"compression": "tiff_lzw"} if kind == "tiff_lzw" else {}
    Image.fromarray(stored).save(stream, kind.split("_")[0], **options)
    return stream.getvalue()


def encoded(syntax: str, stored: Any, bits: int) -> bytes | None:
    if not syntax.startswith(TS + ".4."):
        return None
    imagecodecs = pytest.importorskip("imagecodecs")
    kind = syntax.removeprefix(TS + ".4.")
    if kind in {"80", "81"}:
        import jpeg_ls

        return bytes(jpeg_ls.encode_array(stored, lossy_error=2 if kind == "81" else 0))
    encoders = {
        "50": lambda: imagecodecs.jpeg_encode(stored),
        "51": lambda: imagecodecs.jpeg_encode(stored, bitspersample=bits),
        "57": lambda: imagecodecs.jpeg_encode(stored, lossless=True, bitspersample=bits, predictor=6),
        "70": lambda: imagecodecs.jpeg_encode(stored, lossless=True, bitspersample=bits, predictor=1),
        "90": lambda: imagecodecs.jpeg2k_encode(stored, codecformat="j2k", reversible=True, bitspersample=bits),
        "91": lambda: imagecodecs.jpeg2k_encode(stored, codecformat="j2k", level=40, bitspersample=bits),
        "203": lambda: imagecodecs.htj2k_encode(stored, reversible=False),
    }
    return bytes(encoders.get(kind, lambda: imagecodecs.htj2k_encode(stored, reversible=True))())


def outcome(content: bytes, crop: bool = False, frame: int | None = None) -> str:
    """Read, and show or crop; the code of the refusal, or 'read'. Anything else fails the test."""
    started = time.process_time()
    spacing_mm = None if content[128:132] == b"DICM" else 0.1
    try:
        mammogram = read_mammogram(content, pixel_spacing_mm=spacing_mm, frame=frame)
        if crop:
            gray = extract_roi(mammogram, LesionCenter(mammogram.columns / 2, mammogram.rows / 2)).gray
        else:
            gray = mammogram.pixels.window(0, min(mammogram.rows, 512), 0, min(mammogram.columns, 512)).gray
    except CadxError as error:
        result = error.code if error.detail else "an error without words"
    else:
        assert np.isfinite(gray).all()
        assert gray.min() >= 0
        assert gray.max() <= 1
        result = "read"
    assert time.process_time() - started < LONGEST_S
    return result


def damaged(content: bytes, rng: np.random.Generator) -> bytes:
    """Cut, or overwrite up to five bytes, or take some out: anywhere, or in the dense part of header and codestream."""
    changed = bytearray(content)
    pixels = max(content.find(b"\xe0\x7f\x10\x00"), 0)
    kind = rng.integers(6)
    if kind == 0:
        return content[: rng.integers(1, len(content))]
    low, high = {
        1: (0, len(changed)),
        2: (pixels, min(len(changed), pixels + 220)),
        3: (132 if pixels else 0, pixels or 200),
        4: (pixels, len(changed)),
        5: (0, len(changed)),
    }[int(kind)]
    for _ in range(rng.integers(1, 6)):
        changed[rng.integers(low, high)] = rng.choice([0, 255, int(rng.integers(256))])
    if kind == 5:
        start = rng.integers(len(changed))
        del changed[start : start + rng.integers(1, 9)]
    return bytes(changed)


@pytest.mark.timeout(3600 if CASES > 1000 else 120)
@pytest.mark.parametrize("kind", [*READABLE_TRANSFER_SYNTAXES, *RASTERS, *ODD_RASTERS, *ODD_FILES])
def test_damaged_files_are_read_or_refused(kind: str, sample: Callable[[str], bytes]) -> None:
    content, frame = sample(kind), 2 if kind == "fragments" else None
    assert outcome(content, frame=frame) == "read"
    rng = np.random.default_rng(SEED)
    outcomes = [outcome(damaged(content, rng), case % 4 == 0, frame) for case in range(CASES)]
    assert set(outcomes) != {"read"}, "no damage was ever noticed: the damage is not damaging"
    assert "an error without words" not in outcomes


HEADER_VALUES = {
    "ImagerPixelSpacing": b"0.1000\\0.1000 ",
    "WindowCenter": b"2048.123",
    "WindowWidth": b"4096.123",
    "RescaleSlope": b"1.000001",
    "RescaleIntercept": b"0.000001",
    "EstimatedRadiographicMagnificationFactor": b"1.012345",
    "NumberOfFrames": b"00000001",
    "PixelPaddingValue": None,
}
NUMBER_LIKE = st.one_of(
    st.text(alphabet="0123456789+-.eE\\ naif", max_size=14),
    st.floats(width=32).map(str),
    st.integers(-(10**12), 10**12).map(str),
)


@given(values=st.fixed_dictionaries({}, optional={name: NUMBER_LIKE for name, text in HEADER_VALUES.items() if text}))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_header_number_is_read_or_refused(
    values: dict[str, str], make_dataset: Any, save: Any, textured: Any
) -> None:
    content = _template(make_dataset, save, textured)
    for name, text in values.items():
        placed = HEADER_VALUES[name]
        assert placed is not None
        content = content.replace(placed, text.encode()[: len(placed)].ljust(len(placed)))
    outcome(content)


@given(
    layout=st.fixed_dictionaries(
        {},
        optional={
            name: st.integers(0, 65535)
            for name in (
                "Rows",
                "Columns",
                "BitsAllocated",
                "BitsStored",
                "HighBit",
                "PixelRepresentation",
                "SamplesPerPixel",
                "PixelPaddingValue",
                "PixelPaddingRangeLimit",
            )
        },
    )
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_pixel_layout_is_read_or_refused(
    layout: dict[str, int], make_dataset: Any, save: Any, textured: Any
) -> None:
    dataset = make_dataset(textured(12), 12)
    for name, value in layout.items():
        dataset.add_new(name, "US", value)
    outcome(bytes(save(dataset)))


def _template(make_dataset: Any, save: Any, textured: Any) -> bytes:
    numbers = {name: text.decode() for name, text in HEADER_VALUES.items() if text}
    numbers["ImagerPixelSpacing"] = "0.1000\\0.1000"
    return bytes(save(make_dataset(textured(12), 12, **numbers)))


@given(
    columns=st.integers(0, 300),
    rows=st.integers(0, 300),
    bits=st.sampled_from([1, 2, 4, 8, 16, 3]),
    kind=st.integers(0, 7),
    interlaced=st.integers(0, 2),
    body=st.binary(max_size=3000),
    palette=st.binary(max_size=780),
)
@settings(max_examples=400, deadline=None)
def test_any_png_with_sound_checksums_is_read_or_refused(
    columns: int, rows: int, bits: int, kind: int, interlaced: int, body: bytes, palette: bytes
) -> None:
    header = struct.pack(">LLBBBBB", columns, rows, bits, kind, 0, 0, interlaced)
    pixels = zlib.compress((body or b"\0") * 40)
    chunks = [(b"IHDR", header), (b"PLTE", palette), (b"tRNS", palette[:9]), (b"IDAT", pixels), (b"IEND", b"")]
    outcome(b"\x89PNG\r\n\x1a\n" + b"".join(chunk(name, content) for name, content in chunks))


@given(
    changes=st.dictionaries(
        st.sampled_from(
            [256, 257, 258, 259, 262, 266, 273, 274, 277, 278, 279, 284, 317, 320, 322, 323, 324, 325, 338]
        ),
        st.one_of(
            st.integers(0, 9), st.sampled_from([16, 64, 50, 255, 32773, 65535, 2**32 - 1]), st.integers(0, 2**32 - 1)
        ),
        max_size=4,
    ),
    options=st.sampled_from(
        [
            {},
            {"compression": "lzw", "predictor": True},
            {"tile": (16, 16), "compression": "zlib"},
            {"compression": "packbits"},
        ]
    ),
)
@settings(max_examples=400, deadline=None)
def test_any_tiff_tag_is_read_or_refused(changes: dict[int, int], options: dict[str, Any]) -> None:
    content = bytearray(tiff(np.arange(3200, dtype=np.uint16).reshape(64, 50), **options))
    (directory,) = struct.unpack("<L", content[4:8])
    (entries,) = struct.unpack("<H", content[directory : directory + 2])
    for entry, (tag, value) in zip(range(entries - 1, -1, -1), changes.items(), strict=False):
        offset = directory + 2 + 12 * entry
        content[offset : offset + 12] = struct.pack("<HHLL", tag, 4, 1, value)
    for entry in range(entries):
        offset = directory + 2 + 12 * entry
        (tag,) = struct.unpack("<H", content[offset : offset + 2])
        if tag in changes:
            content[offset : offset + 12] = struct.pack("<HHLL", tag, 4, 1, changes[tag])
    outcome(bytes(content))


@given(head=st.binary(max_size=60), tail=st.binary(max_size=200), offset=st.sampled_from([0, 128, 132]))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_before_a_data_set_are_read_or_refused(
    head: bytes, tail: bytes, offset: int, make_dataset: Any, save: Any, textured: Any
) -> None:
    whole = bare(bytes(save(make_dataset(textured(12), 12))))
    for content in (whole[:40] + head + whole[40:], bytes(offset) + head + whole, whole[: 40 + len(tail)] + tail):
        outcome(content)
