from hashlib import sha256
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import BodyUnreadable, InvalidRequest
from app.upload.body_buffer import ArrivingFile, BodyBuffer
from app.upload.multipart import FormReader

BOUNDARY = b"----a-boundary"
TYPE = "multipart/form-data; boundary=----a-boundary"


def part(name: str, content: bytes, filename: str | None = None) -> bytes:
    disposition = f'Content-Disposition: form-data; name="{name}"' + (f'; filename="{filename}"' if filename else "")
    return b"--" + BOUNDARY + b"\r\n" + disposition.encode() + b"\r\n\r\n" + content + b"\r\n"


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--" + BOUNDARY + b"--\r\n"


def pieces(content: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(content) + 1) for cut in cuts), len(content)]
    return [content[start:stop] for start, stop in pairwise(edges)]


def read(
    content: bytes, expected_bytes: int = 0, cuts: list[int] | None = None
) -> tuple[list[bytes], dict[str, list[str]]]:
    reader = FormReader(TYPE, expected_bytes)
    for piece in pieces(content, cuts or []):
        reader.feed(piece)
    images, fields = reader.finish()
    assert [image.sha256.result(10) for image in images] == [sha256(image.content).hexdigest() for image in images]
    return [bytes(image.content) for image in images], {name: list(values) for name, values in fields.items()}


@given(
    content=st.binary(max_size=5000),
    expected_bytes=st.integers(0, 6000),
    cuts=st.lists(st.integers(0, 5000), max_size=6),
)
def test_a_buffer_gives_back_what_came_in_however_long_it_was_said_to_be(
    content: bytes, expected_bytes: int, cuts: list[int]
) -> None:
    buffer = BodyBuffer(expected_bytes)
    for piece in pieces(content, cuts):
        buffer.append(piece)
    assert bytes(buffer.view()) == content
    assert buffer.view().readonly


def test_a_buffer_grows_beyond_what_was_announced() -> None:
    buffer = BodyBuffer(10)
    content = bytes(range(256)) * 4096 * 5
    for start in range(0, len(content), 70_000):
        buffer.append(content[start : start + 70_000])
    assert bytes(buffer.view()) == content
    assert bytes(buffer.view(len(content) - 3)) == content[-3:]


@given(sizes=st.lists(st.integers(0, 3 * 2**20), max_size=5), before=st.integers(0, 100))
@settings(max_examples=25, deadline=None)
def test_the_digest_of_an_arriving_file_is_that_of_the_whole(sizes: list[int], before: int) -> None:
    buffer = BodyBuffer(0)
    buffer.append(bytes(before))
    file, whole = ArrivingFile(buffer), b""
    for number, size in enumerate(sizes):
        piece = bytes([number + 1]) * size
        whole += piece
        file.append(piece)
    received = file.complete()
    buffer.append(b"what comes behind it")
    assert bytes(received.content) == whole
    assert received.sha256.result(10) == sha256(whole).hexdigest()


@given(
    images=st.lists(st.binary(max_size=300), max_size=3),
    values=st.lists(st.text(max_size=20), max_size=3),
    expected_bytes=st.integers(0, 2000),
    cuts=st.lists(st.integers(0, 3000), max_size=8),
)
def test_a_form_comes_apart_as_it_was_put_together_however_it_is_cut(
    images: list[bytes], values: list[str], expected_bytes: int, cuts: list[int]
) -> None:
    content = form(
        *(part("image", image, "a.dcm") for image in images), *(part("x", value.encode()) for value in values)
    )
    found, fields = read(content, expected_bytes, cuts)
    assert found == images
    assert fields.get("x", []) == values


@pytest.mark.parametrize("file_name", ["", "; filename*=UTF-8''a%20b.dcm", '; filename=""'])
def test_a_file_needs_no_file_name(file_name: str) -> None:
    header = b'Content-Disposition: form-data; name="image"' + file_name.encode()
    large = bytes(range(256)) * 64  # more than a field may have
    image = b"--" + BOUNDARY + b"\r\n" + header + b"\r\nContent-Type: application/dicom\r\n\r\n" + large + b"\r\n"
    assert read(form(image, part("x", b"1"))) == ([large], {"x": ["1"]})


def test_an_image_may_hold_nearly_a_boundary() -> None:
    tricky = b"\r\n--" + BOUNDARY[:-1] + b"\r\n--\r\n\r"
    for cut in range(200):
        assert read(form(part("image", tricky, "a"), part("y", b"1")), cuts=[cut]) == ([tricky], {"y": ["1"]})


def test_text_that_is_not_utf8_is_kept() -> None:
    assert read(form(part("x", b"\xff")))[1] == {"x": ["\xff"]}


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"no form at all", BodyUnreadable),
        (form(part("image", b"abc", "a"))[:-8], BodyUnreadable),
        (b"", BodyUnreadable),
        (form(b"--" + BOUNDARY + b"\r\nContent-Disposition: form-data\r\n\r\n1\r\n"), BodyUnreadable),
        (form(part("x", b"1" * 5000)), BodyUnreadable),
        (form(*[part("x", b"1")] * 1100), BodyUnreadable),
        (form(part("report", b"abc", "a.pdf")), InvalidRequest),
    ],
)
def test_bad_forms_are_refused(content: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        read(content)


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=" + "b" * 1000])
def test_a_boundary_is_needed(kind: str) -> None:
    with pytest.raises(BodyUnreadable):
        FormReader(kind, 0)
