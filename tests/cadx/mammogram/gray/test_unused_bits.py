"""Bits above BitsStored are evidence of nothing in words of the file, and clipped where a codestream overshoots."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from cadx.errors import PixelsOutOfRange
from cadx.mammogram import read_mammogram
from tests.cadx.mammogram.odd_files import jpeg2000

Make = Callable[..., Any]
RLE, J2K, JPEG_LL, JPEG_LS = (f"1.2.840.10008.1.2.{end}" for end in ("5", "4.90", "4.70", "4.80"))
NOISE = np.random.default_rng(1).integers(0, 65536, (64, 50)).astype(np.uint16)


def read(content: bytes) -> tuple[Any, dict[str, Any], Any]:
    mammogram = read_mammogram(content)
    window = mammogram.pixels.window(0, 64, 0, 50)
    return window.gray, {flag.code: dict(flag.facts) for flag in mammogram.flags}, window.valid


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("bits", [9, 10, 12, 14, 15])
@pytest.mark.parametrize("junk", ["ones", "noise", "sign", "empty"])
@pytest.mark.parametrize("packed", [False, True])
def test_words_of_every_depth_are_masked_and_sign_extended(
    bits: int, signed: bool, junk: str, packed: bool, make_dataset: Make, save: Make, textured: Make
) -> None:
    clean = textured(bits, signed)
    low = clean.view(np.uint16) & (2**bits - 1)
    high = np.uint16(65536 - 2**bits)
    sign_bit = low >> (bits - 1) & 1
    dirt = {"ones": high, "noise": NOISE & high, "sign": high * sign_bit.astype(np.uint16), "empty": np.uint16(0)}[junk]
    dataset = make_dataset((low | dirt).view(clean.dtype), bits)
    if packed:
        dataset.compress(RLE)
    gray, flags, _ = read(save(dataset))
    smallest = -(2 ** (bits - 1)) if signed else 0
    np.testing.assert_allclose(gray, (clean.astype(int) - smallest) / (2**bits - 1), atol=1e-6)
    harmless = junk == "empty" or (junk == "sign" and signed)
    assert set(flags) == (set() if harmless else {"unused_bits_set"})


@pytest.mark.parametrize("groups", [(0x6000,), (0x6000, 0x6002), (0x6002, 0x601E), (0x601E,)])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("signed", [False, True])
def test_overlay_planes_of_every_group_are_dropped(
    groups: tuple[int, ...],
    packed: bool,
    signed: bool,
    make_dataset: Make,
    save: Make,
    textured: Make,
    encapsulate_frames: Make,
) -> None:
    clean = textured(12, signed)
    words = clean.view(np.uint16) & 0x0FFF
    for number, _ in enumerate(groups):
        words = words | (NOISE & (1 << (12 + number)))
    dataset = make_dataset(words.view(clean.dtype), 12)
    # A plane of its own in a later group (bit position 0) says nothing of the pixels' words.
    for number, group in enumerate((*groups, 0x6010)):
        dataset.add_new((group << 16) | 0x0102, "US", 12 + number if group in groups else 0)
    if packed:
        import jpeg_ls

        dataset = encapsulate_frames(dataset, JPEG_LS, [bytes(jpeg_ls.encode_array(words))])
    gray, flags, _ = read(save(dataset))
    np.testing.assert_allclose(gray, (clean.astype(int) + (2048 if signed else 0)) / 4095, atol=1e-6)
    assert flags == {}


def test_an_overshoot_of_a_codestream_is_clipped(
    make_dataset: Make, save: Make, textured: Make, encapsulate_frames: Make
) -> None:
    stored = textured(12).astype(np.uint16)
    stored[:3] = 4096 + 40
    dataset = encapsulate_frames(make_dataset(stored, 12), J2K, [jpeg2000(stored, 16)])
    gray, flags, _ = read(save(dataset))
    np.testing.assert_allclose(gray, stored.clip(0, 4095) / 4095, atol=1e-6)
    assert gray[:3].min() == 1.0, "a mask would have turned white into black"
    assert flags["values_clipped"]["largest"] == 4136


def test_signed_overshoots_are_clipped_on_both_sides(
    make_dataset: Make, save: Make, textured: Make, encapsulate_frames: Make
) -> None:
    stored = textured(12, signed=True).astype(np.int16)
    stored[0], stored[1] = 2100, -2100
    dataset = encapsulate_frames(make_dataset(stored, 12), J2K, [jpeg2000(stored, 16)])
    gray, flags, _ = read(save(dataset))
    np.testing.assert_allclose(gray, (stored.clip(-2048, 2047).astype(int) + 2048) / 4095, atol=1e-6)
    assert "values_clipped" in flags


def test_bits_stored_that_most_values_exceed_is_no_overshoot(
    make_dataset: Make, save: Make, textured: Make, encapsulate_frames: Make
) -> None:
    stored = textured(16)
    with pytest.raises(PixelsOutOfRange):
        read_mammogram(save(encapsulate_frames(make_dataset(stored, 12), J2K, [jpeg2000(stored, 16)])))


@pytest.mark.parametrize("packed", [False, True])
def test_padding_is_looked_for_before_the_range(
    packed: bool, make_dataset: Make, save: Make, textured: Make, encapsulate_frames: Make
) -> None:
    stored = textured(12).astype(np.uint16)
    stored[:40] = 65535
    dataset = make_dataset(stored, 12)
    dataset.add_new("PixelPaddingValue", "US", 65535)
    if packed:
        dataset = encapsulate_frames(dataset, J2K, [jpeg2000(stored, 16)])
    gray, flags, valid = read(save(dataset))
    assert not valid[:40].any()
    assert not gray[:40].any()
    np.testing.assert_allclose(gray[40:], stored[40:] / 4095, atol=1e-6)
    assert flags == {}
    clipped = stored.copy()
    clipped[40:44] = 4096 + 0  # masked, it would be the padding value 0
    dataset = encapsulate_frames(make_dataset(clipped[30:], 12, PixelPaddingValue=0), J2K, [jpeg2000(clipped[30:], 16)])
    with pytest.raises(PixelsOutOfRange):
        read_mammogram(save(dataset))
