"""Transfer syntax against codestream, sign, length and fragments: the data speak where they are unmistakable."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from cadx.errors import MammogramError, PixelDataMismatch, UnreadableImage
from cadx.mammogram import READABLE_TRANSFER_SYNTAXES, read_mammogram
from tests.cadx.mammogram.odd_files import color_jpeg, jp2, jpeg2000, palette_attributes, progressive, relabeled, rgb

imagecodecs = pytest.importorskip("imagecodecs")
Make = Callable[..., Any]
TS = "1.2.840.10008.1.2"
ENCAPSULATED = [syntax for syntax in READABLE_TRANSFER_SYNTAXES if syntax.startswith((TS + ".4.", TS + ".5"))]
NATIVE = [TS, TS + ".1"]
KINDS = {
    "JPEG baseline": TS + ".4.50",
    "JPEG progressive": TS + ".4.50",
    "JPEG lossless": TS + ".4.57",
    "JPEG-LS": TS + ".4.80",
    "JPEG 2000": TS + ".4.90",
    "RLE": TS + ".5",
}
ALLOWED = {
    "JPEG baseline": {TS + ".4.50", TS + ".4.51"},
    "JPEG progressive": set(),
    "JPEG lossless": {TS + ".4.57", TS + ".4.70"},
    "JPEG-LS": {TS + ".4.80", TS + ".4.81"},
    "JPEG 2000": {syntax for syntax in ENCAPSULATED if ".4.9" in syntax or ".4.20" in syntax},
    "RLE": {TS + ".5"},
}


@pytest.fixture
def stored() -> Any:
    return (np.add.outer(np.arange(64), np.arange(50)) * 2).astype(np.uint8)


@pytest.fixture
def labeled(stored: Any, make_dataset: Make, save: Make, encapsulate_frames: Make) -> Callable[[str, str], bytes]:
    """`labeled(kind, declared)`: the picture in one way, under the label of another."""
    streams = {
        "JPEG baseline": lambda: bytes(imagecodecs.jpeg8_encode(stored, level=95)),
        "JPEG progressive": lambda: progressive(stored),
        "JPEG lossless": lambda: bytes(imagecodecs.jpeg_encode(stored, lossless=True, predictor=1)),
        "JPEG-LS": lambda: bytes(imagecodecs.jpegls_encode(stored)),
        "JPEG 2000": lambda: jpeg2000(stored, 8),
    }

    def make(kind: str, declared: str) -> bytes:
        dataset = make_dataset(stored, 8)
        if kind == "RLE":
            dataset.compress(TS + ".5")
        else:
            dataset = encapsulate_frames(dataset, KINDS[kind], [streams[kind]()])
        return relabeled(bytes(save(dataset)), declared)

    return make


def read(content: bytes, **options: Any) -> tuple[Any, dict[str, Any]]:
    mammogram = read_mammogram(content, **options)
    window = mammogram.pixels.window(0, mammogram.rows, 0, mammogram.columns)
    return window.gray, {flag.code: dict(flag.facts) for flag in mammogram.flags}


@pytest.mark.parametrize("declared", [*ENCAPSULATED, *NATIVE, ""])
@pytest.mark.parametrize("kind", KINDS)
def test_every_codestream_is_decoded_under_every_label(
    kind: str, declared: str, stored: Any, labeled: Callable[[str, str], bytes]
) -> None:
    content = labeled(kind, declared)
    if declared == TS:  # an implicit data set is something else again
        content = labeled(kind, TS + ".1")
    gray, flags = read(content)
    np.testing.assert_allclose(gray, stored / 255, atol=0.03 if "baseline" in kind or "progressive" in kind else 1e-6)
    right = declared in ALLOWED[kind]
    assert ("label_contradicts_data" in flags) != right
    if not right and declared:
        assert flags["label_contradicts_data"]["found"] == kind
    if kind in {"JPEG baseline", "JPEG progressive"}:
        assert "lossy_compression" in flags, "whatever the label says"


@pytest.mark.parametrize("declared", ENCAPSULATED)
def test_uncompressed_pixels_under_a_compressed_label(
    declared: str, stored: Any, make_dataset: Make, save: Make
) -> None:
    content = relabeled(bytes(save(make_dataset(stored, 8))), declared)
    gray, flags = read(content)
    np.testing.assert_allclose(gray, stored / 255, atol=1e-6)
    assert flags["label_contradicts_data"]["found"] == "uncompressed pixels"
    short = save(make_dataset(stored[:-1], 8, Rows=64))
    with pytest.raises(PixelDataMismatch) as caught:
        read_mammogram(relabeled(bytes(short), declared))
    assert declared in caught.value.declared


def test_fragments_of_no_known_kind_are_refused_by_both_names(
    stored: Any, make_dataset: Make, save: Make, encapsulate_frames: Make
) -> None:
    content = save(encapsulate_frames(make_dataset(stored, 8), TS + ".4.90", [b"nobody knows this " * 20]))
    with pytest.raises(UnreadableImage, match="JPEG 2000"):
        read_mammogram(content)
    with pytest.raises(PixelDataMismatch) as caught:
        read_mammogram(relabeled(bytes(content), TS + ".1"))
    assert TS + ".1" in caught.value.declared


@pytest.mark.parametrize("pad", [b"", b"\0", b"\xff", b"\0\0\0", b"\xff\xff", b"\xff\0\xff"])
@pytest.mark.parametrize("kind", ["JPEG 2000", "JPEG lossless", "JP2"])
def test_padding_after_the_end_marker(
    kind: str, pad: bytes, stored: Any, make_dataset: Make, save: Make, encapsulate_frames: Make
) -> None:
    lossless = bytes(imagecodecs.jpeg_encode(stored, lossless=True, predictor=1))
    stream = {"JPEG 2000": jpeg2000(stored, 8), "JP2": jp2(jpeg2000(stored, 8)), "JPEG lossless": lossless}[kind]
    syntax = TS + (".4.70" if kind == "JPEG lossless" else ".4.90")
    gray, flags = read(save(encapsulate_frames(make_dataset(stored, 8), syntax, [stream + pad])))
    np.testing.assert_allclose(gray, stored / 255, atol=1e-6)
    assert set(flags) == ({"label_contradicts_data"} if kind == "JP2" else set())


def test_a_missing_end_is_called_missing_and_a_cut_one_cut(
    stored: Any, make_dataset: Make, save: Make, encapsulate_frames: Make
) -> None:
    def refusal(syntax: str, stream: bytes) -> str:
        content = save(encapsulate_frames(make_dataset(stored, 8), syntax, [stream]))
        with pytest.raises(UnreadableImage) as caught:
            read_mammogram(content)
        return caught.value.reason

    whole = jpeg2000(stored, 8)
    assert "EOC) is missing" in refusal(TS + ".4.90", whole[:-2])
    assert "cut short" in refusal(TS + ".4.90", whole[:-40])
    lossless = bytes(imagecodecs.jpeg_encode(stored, lossless=True, predictor=1))
    assert "EOI) is missing" in refusal(TS + ".4.70", lossless[:-2])
    content = bytes(save(encapsulate_frames(make_dataset(stored, 8), TS + ".4.90", [whole])))
    with pytest.raises(UnreadableImage, match="delimitation item") as caught:
        read_mammogram(content[:-8])
    assert "cut short" not in str(caught.value)


def test_signs_of_jpeg_2000_and_of_the_header(
    make_dataset: Make, save: Make, textured: Make, encapsulate_frames: Make
) -> None:
    signed = textured(12, signed=True)
    bare = signed.view(np.uint16) & 0x0FFF
    gray, flags = read(save(encapsulate_frames(make_dataset(signed, 12), TS + ".4.90", [jpeg2000(bare, 12)])))
    np.testing.assert_allclose(gray, (signed.astype(int) + 2048) / 4095, atol=1e-6)
    assert set(flags) == {"label_contradicts_data"}
    positive = (textured(12) // 2).astype(np.int16)
    dataset = make_dataset(positive.view(np.uint16), 12)
    gray, flags = read(save(encapsulate_frames(dataset, TS + ".4.90", [jpeg2000(positive, 12)])))
    np.testing.assert_allclose(gray, positive / 4095, atol=1e-6)
    assert set(flags) == {"label_contradicts_data"}
    unsigned = make_dataset(signed.view(np.uint16), 12)
    content = save(encapsulate_frames(unsigned, TS + ".4.90", [jpeg2000(signed, 12)]))
    with pytest.raises(PixelDataMismatch, match="below zero"):
        read_mammogram(content)


@pytest.mark.parametrize("fragments", [1, 2, 3, 5])
@pytest.mark.parametrize("empty", [False, True])
def test_frames_in_many_fragments_without_a_table(
    fragments: int, empty: bool, make_dataset: Make, save: Make, textured: Make, encapsulate_frames: Make
) -> None:
    frames = [textured(12) // number for number in (1, 2, 3)]
    streams = [jpeg2000(frame, 12) for frame in frames]
    dataset = make_dataset(np.stack(frames), 12)
    packed = encapsulate_frames(dataset, TS + ".4.90", streams, fragments_per_frame=fragments, has_bot=False)
    content = bytes(save(packed))
    if empty:  # a fragment of no bytes before the end
        content = content[:-8] + b"\xfe\xff\0\xe0\0\0\0\0" + content[-8:]
    for number, frame in enumerate(frames, start=1):
        gray, _ = read(content, frame=number)
        np.testing.assert_allclose(gray, frame / 4095, atol=1e-6)


def test_fragments_that_tell_no_frames_apart_are_refused(
    make_dataset: Make, save: Make, textured: Make, encapsulate_frames: Make
) -> None:
    dataset = make_dataset(np.stack([textured(12)] * 3), 12)
    streams = [jpeg2000(textured(12), 12)] * 2
    content = save(encapsulate_frames(dataset, TS + ".4.90", streams, fragments_per_frame=2, has_bot=False))
    with pytest.raises(PixelDataMismatch):
        read_mammogram(content, frame=3)


@pytest.mark.parametrize("padding", [b"\0\0", b"\0" * 90, b"\xff" * 6, b"\0" * 512, b"any text"])
def test_padding_after_uncompressed_pixels(padding: bytes, make_dataset: Make, save: Make, textured: Make) -> None:
    dataset = make_dataset(textured(12), 12)
    dataset.PixelData = dataset.PixelData + padding
    gray, flags = read(save(dataset))
    np.testing.assert_allclose(gray, textured(12) / 4095, atol=1e-6)
    assert set(flags) == {"label_contradicts_data"}


def test_surplus_that_may_be_picture_is_refused(make_dataset: Make, save: Make, textured: Make) -> None:
    smooth = textured(12)
    for wrong in ({"Rows": 60}, {"Columns": 49}, {"Columns": 25}, {"Rows": 32}):
        with pytest.raises(PixelDataMismatch):
            read_mammogram(save(make_dataset(smooth, 12, **wrong)))
    smooth[-2:] = 0  # air below the breast: the last bytes look like padding, and the rows do not line up
    with pytest.raises(PixelDataMismatch):
        read_mammogram(save(make_dataset(smooth, 12, Columns=49)))


@pytest.mark.parametrize("vr", ["OW", "OB", "UN"])
@pytest.mark.parametrize("shape", [(64, 50), (63, 49)])
def test_bytes_in_big_endian_words(vr: str, shape: Any, make_dataset: Make, save: Make, textured: Make) -> None:
    stored = textured(8, shape=shape)
    dataset = make_dataset(stored, 8)
    dataset.file_meta.TransferSyntaxUID = TS + ".2"
    content = stored.tobytes() + b"\0" * (stored.size % 2)
    if vr == "OW":
        content = np.frombuffer(content, "u1").reshape(-1, 2)[:, ::-1].tobytes()
    dataset.PixelData = content
    dataset["PixelData"].VR = vr
    gray, flags = read(save(dataset))
    np.testing.assert_allclose(gray, stored / 255, atol=1e-6)
    assert flags == {}


@pytest.mark.parametrize("interpretation", ["RGB", "YBR_FULL"])
@pytest.mark.parametrize("planar", [0, 1])
@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("packed", [False, True])
def test_gray_in_three_channels(
    interpretation: str, planar: int, bits: int, packed: bool, make_dataset: Make, save: Make, textured: Make
) -> None:
    if packed and (planar or (bits == 16 and interpretation != "RGB")):
        pytest.skip("pydicom does not write it")
    stored = textured(bits)
    neutral = stored if interpretation == "RGB" else np.full_like(stored, 1 << (bits - 1))

    def written(last: Any) -> bytes:
        dataset = rgb(make_dataset(stored, bits), [stored, neutral, last], interpretation, planar)
        if packed:
            dataset.compress(TS + ".5")
        return bytes(save(dataset))

    gray, flags = read(written(neutral))
    np.testing.assert_allclose(gray, stored / (2**bits - 1), atol=1e-6)
    assert flags == {}
    tinted = neutral.copy()
    tinted[20, 30] ^= 1
    with pytest.raises(MammogramError, match="color"):
        read_mammogram(written(tinted))


def test_gray_in_color_codestreams(stored: Any, make_dataset: Make, save: Make, encapsulate_frames: Make) -> None:
    for stream, syntax, interpretation in (
        (color_jpeg(stored), ".4.50", "YBR_FULL_422"),
        (jpeg2000(np.stack([stored] * 3, -1), 8), ".4.90", "YBR_RCT"),
    ):
        dataset = rgb(make_dataset(stored, 8), [stored] * 3, interpretation)
        gray, _ = read(save(encapsulate_frames(dataset, TS + syntax, [stream])))
        np.testing.assert_allclose(gray, stored / 255, atol=0.03)
    red = np.stack([stored, stored // 2, stored // 3], -1)
    dataset = rgb(make_dataset(stored, 8), [stored] * 3, "YBR_RCT")
    with pytest.raises(MammogramError, match="color"):
        read_mammogram(save(encapsulate_frames(dataset, TS + ".4.90", [jpeg2000(red, 8)])))


def test_a_gray_palette(make_dataset: Make, save: Make, textured: Make) -> None:
    stored = textured(8)
    attributes = palette_attributes(65535 - np.arange(256) * 200)
    gray, _ = read(save(make_dataset(stored, 8, **attributes)))
    np.testing.assert_allclose(gray, (65535 - stored.astype(int) * 200) / 65535, atol=1e-6)
    attributes["BluePaletteColorLookupTableData"] = (np.arange(256) * 200).astype("<u2").tobytes()
    with pytest.raises(MammogramError, match="color"):
        read_mammogram(save(make_dataset(stored, 8, **attributes)))
