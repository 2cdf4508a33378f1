"""Data sets that are not written as their label says, and elements whose VR no standard knows."""

import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from cadx.errors import MammogramError, TruncatedImage, UnknownImageFormat, UnreadableImage
from cadx.mammogram import read_mammogram
from tests.cadx.mammogram.odd_files import bare, relabeled

Make = Callable[..., Any]
IMPLICIT, EXPLICIT, BIG = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"
DEFLATED = "1.2.840.10008.1.2.1.99"


@pytest.fixture
def written(make_dataset: Make, save: Make, textured: Make) -> Callable[[str], bytes]:
    def make(syntax: str) -> bytes:
        dataset = make_dataset(textured(12), 12)
        dataset.file_meta.TransferSyntaxUID = syntax
        if syntax == BIG:
            dataset.PixelData = textured(12).astype(">u2").tobytes()
        return bytes(save(dataset))

    return make


def check(content: bytes, textured: Make, codes: set[str]) -> None:
    mammogram = read_mammogram(content)
    gray = mammogram.pixels.window(0, 64, 0, 50).gray
    np.testing.assert_allclose(gray, textured(12) / 4095, atol=1e-6)
    assert {flag.code for flag in mammogram.flags} == codes


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG])
@pytest.mark.parametrize("declared", [IMPLICIT, EXPLICIT, BIG, ""])
def test_the_data_set_is_read_as_it_is_written(
    syntax: str, declared: str, written: Callable[[str], bytes], textured: Make
) -> None:
    expected = set() if syntax == declared else {"label_contradicts_data"}
    check(relabeled(written(syntax), declared), textured, expected)


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG])
def test_files_without_preamble_or_meta_information(
    syntax: str, written: Callable[[str], bytes], textured: Make
) -> None:
    content = written(syntax)
    check(bare(content), textured, {"label_contradicts_data"})
    check(bytes(128) + b"DICM" + bare(content), textured, {"label_contradicts_data"})
    check(bytes(128) + bare(content), textured, {"label_contradicts_data"})
    check(content[128:], textured, set())
    check(content[132:], textured, set())
    check(bytes(128) + content[132:], textured, set())


def test_what_only_resembles_a_data_set_is_none() -> None:
    for content in (
        struct.pack("<HHL", 8, 5, 10) + b"ISO_IR 100" + bytes(300),  # one element, then nothing
        struct.pack("<HHL", 8, 5, 10) * 40,  # tags that do not rise
        bytes(range(256)) * 4,
    ):
        with pytest.raises(UnknownImageFormat):
            read_mammogram(content, pixel_spacing_mm=0.1)


def test_a_data_set_that_was_never_deflated_or_has_a_zlib_envelope(
    written: Callable[[str], bytes], textured: Make
) -> None:
    import zlib

    check(relabeled(written(EXPLICIT), DEFLATED), textured, {"label_contradicts_data"})
    deflated = written(DEFLATED)
    start = len(deflated) - len(bare(deflated))
    plain = zlib.decompress(deflated[start:], wbits=-15)
    check(deflated[:start] + zlib.compress(plain), textured, set())
    broken = bytearray(deflated[:start] + zlib.compress(plain))
    broken[-1] ^= 0xFF  # the checksum of the envelope
    with pytest.raises(UnreadableImage):
        read_mammogram(bytes(broken))


def with_private(content: bytes, element: bytes) -> bytes:
    """The file with bytes put before the first element of group 0028."""
    position = content.find(b"\x28\0\x02\0US")
    return content[:position] + element + content[position:]


ODD = {
    "question marks, long": b"\x19\0\x01\x10??\0\0\x06\0\0\0secret",
    "question marks, short": b"\x19\0\x01\x10??\x06\0secret",
    "two spaces": b"\x18\0\x30\x10  \x06\0secret",
    "lower case": b"\x19\0\x01\x10ox\0\0\x06\0\0\0secret",
    "no VR": b"\x19\0\x01\x10\x06\0\0\0secret",
    "NUL": b"\x19\0\x01\x10\0\0\x06\0secret",
    "two in a row": b"\x19\0\x01\x10??\x06\0secret\x19\0\x02\x10\x04\0\0\0more",
    "UN with a short length": b"\x19\0\x01\x10UN\x06\0secret",
    "implicit items": b"\x19\0\x01\x10SQ\0\0\xff\xff\xff\xff\xfe\xff\0\xe0\xff\xff\xff\xff"
    b"\x08\0\0\x01\x04\0\0\0code\x08\0\x02\x01\x02\0\0\0DC\xfe\xff\x0d\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0",
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_element_is_passed_over_where_those_after_it_tell_its_length(
    name: str, written: Callable[[str], bytes], textured: Make
) -> None:
    check(with_private(written(EXPLICIT), ODD[name]), textured, set())


@pytest.mark.parametrize(
    "element",
    [
        b"\x19\0\x01\x10??\x07\0secret",  # leads nowhere in any way
        b"\x19\0\x01\x10??\xff\xff\xff\xff\xff\xffsecret",
        b"\x28\0\xff\xff??\x06\0secret",  # the next tag is lower
    ],
)
def test_an_odd_element_that_leads_nowhere_is_refused(element: bytes, written: Callable[[str], bytes]) -> None:
    with pytest.raises((UnreadableImage, TruncatedImage)) as caught:
        read_mammogram(with_private(written(EXPLICIT), element))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("vr", [b"ox", b"??", b"\0\0"])
def test_pixel_data_of_unknown_vr(vr: bytes, written: Callable[[str], bytes], textured: Make) -> None:
    content = written(EXPLICIT)
    check(content.replace(b"\xe0\x7f\x10\0OW", b"\xe0\x7f\x10\0" + vr), textured, set())
    with pytest.raises(MammogramError):
        read_mammogram(content.replace(b"\xe0\x7f\x10\0OW", b"\xe0\x7f\x10\0" + vr)[:-7])


def test_thousands_of_odd_elements_do_not_take_long(written: Callable[[str], bytes]) -> None:
    import time

    started = time.process_time()
    many = b"".join(struct.pack("<HH", 0x19, 0x1000 + n) + b"??\x02\0xx" for n in range(30000))
    with pytest.raises(MammogramError):
        read_mammogram(with_private(written(EXPLICIT), many))
    assert time.process_time() - started < 2
