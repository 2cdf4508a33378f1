"""Sorting a multipart form (RFC 7578) while it arrives: image bytes go straight to their place, fields are text."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from app.errors import BodyUnreadable, InvalidRequest
from app.upload.body_buffer import ArrivingFile, BodyBuffer, ReceivedFile

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

IMAGE = "image"
_MAX_PARTS = 1024
_MAX_FIELD_BYTES = 4096


class FormReader:
    """Takes a form's bytes in any pieces.

    Parameters
    ----------
    content_type
        The request's header of that name.
    expected_bytes
        The announced length of the body; 0 when there was none.

    Raises
    ------
    BodyUnreadable
        When the header names no usable boundary.
    """

    def __init__(self, content_type: str, expected_bytes: int) -> None:
        _, options = parse_options_header(content_type)
        if b"boundary" not in options:
            raise BodyUnreadable("the Content-Type has no boundary")
        # The parser knows the parts, not the other way round: without a cycle, an image is let go at once.
        self._parts = _Parts(expected_bytes)
        try:
            self._parser = MultipartParser(options[b"boundary"], self._parts.callbacks())
        except FormParserError as error:
            raise BodyUnreadable(str(error)) from None

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes.

        Raises
        ------
        BodyUnreadable
            When they are not a form's.
        InvalidRequest
            When a file comes under another name than `image`.
        """
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise BodyUnreadable(str(error)) from None

    def finish(self) -> tuple[tuple[ReceivedFile, ...], Mapping[str, Sequence[str]]]:
        """The images in their order, and every value of each field.

        Raises
        ------
        BodyUnreadable
            When the form was cut short.
        """
        if not self._parts.complete:
            raise BodyUnreadable("the closing boundary is missing")
        return tuple(self._parts.images), self._parts.fields


class _Parts:
    """What the parser found so far."""

    def __init__(self, expected_bytes: int) -> None:
        self.fields: dict[str, list[str]] = {}
        self.complete = False
        self.images: list[ReceivedFile] = []
        self._content = BodyBuffer(expected_bytes)
        self._image = ArrivingFile(self._content)
        self._count = 0
        self._header_name = self._header_value = self._disposition = b""
        self._field_name = ""
        self._field: bytearray | None = None

    def callbacks(self) -> "MultipartCallbacks":
        """What the parser is to call."""
        return {
            "on_part_begin": self._part_begins,
            "on_header_field": self._header_name_comes,
            "on_header_value": self._header_value_comes,
            "on_header_end": self._header_ends,
            "on_headers_finished": self._content_begins,
            "on_part_data": self._content_comes,
            "on_part_end": self._part_ends,
            "on_end": self._form_ends,
        }

    def _part_begins(self) -> None:
        self._count += 1
        if self._count > _MAX_PARTS:
            raise BodyUnreadable(f"it has more than {_MAX_PARTS} parts")
        self._disposition = b""

    def _header_name_comes(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _header_value_comes(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _header_ends(self) -> None:
        if self._header_name.lower() == b"content-disposition":
            self._disposition = self._header_value
        self._header_name = self._header_value = b""

    def _content_begins(self) -> None:
        _, options = parse_options_header(self._disposition)
        if b"name" not in options:
            raise BodyUnreadable("a part has no name in its Content-Disposition")
        name = _text(options[b"name"])
        if name == IMAGE:  # whether or not a file name is told: RFC 7578 lets it out
            self._field = None
            self._image = ArrivingFile(self._content)
        elif b"filename" not in options:
            self._field_name, self._field = name, bytearray()
        else:
            raise InvalidRequest(({"where": f"body.{name[:64]}", "message": f"only `{IMAGE}` may be a file"},))

    def _content_comes(self, data: bytes, start: int, end: int) -> None:
        piece = memoryview(data)[start:end]
        if self._field is None:
            self._image.append(piece)
        elif len(self._field) + len(piece) > _MAX_FIELD_BYTES:
            raise BodyUnreadable(f"a field is longer than {_MAX_FIELD_BYTES} bytes; send the image as a file part")
        else:
            self._field += piece

    def _part_ends(self) -> None:
        if self._field is None:
            self.images.append(self._image.complete())
        else:
            self.fields.setdefault(self._field_name, []).append(_text(bytes(self._field)))

    def _form_ends(self) -> None:
        self.complete = True


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1")
