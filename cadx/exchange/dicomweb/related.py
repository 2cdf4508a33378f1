"""multipart/related (RFC 2387) as DICOMweb uses it: read while it arrives, and written."""

import uuid
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

DICOM = "application/dicom"
_MAX_HEADER_BYTES = 8192


class NotAsAsked(Exception):
    """What came is not one DICOM object; says why."""


class OnePart:
    """Takes the bytes of a multipart/related body that should have exactly one part, a DICOM object.

    Parameters
    ----------
    boundary
        From the Content-Type.
    append
        Called with each piece of the part.

    Raises
    ------
    NotAsAsked
        From here and from `feed` and `finish`: not multipart, more parts or none, another type, cut short.
    """

    def __init__(self, boundary: bytes, append: Callable[[memoryview], None]) -> None:
        self._append = append
        self._parts = 0
        self._complete = False
        self._name, self._value = bytearray(), bytearray()
        self._type = DICOM
        if not boundary:
            raise NotAsAsked("its Content-Type has no boundary")
        try:
            self._parser = MultipartParser(boundary, self._callbacks())
        except FormParserError:
            raise NotAsAsked("the boundary of its parts cannot be used") from None

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes."""
        try:
            self._parser.write(chunk)
        except FormParserError:
            raise NotAsAsked("its parts are not well-formed") from None

    def finish(self) -> None:
        """Check that the closing boundary came."""
        if not self._complete:
            raise NotAsAsked("it was cut short: the closing boundary is missing")
        if self._parts != 1:
            raise NotAsAsked(f"one part was expected, {self._parts} came")

    def _callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self._part_begins,
            "on_header_field": lambda data, start, end: self._header_comes(self._name, data[start:end]),
            "on_header_value": lambda data, start, end: self._header_comes(self._value, data[start:end]),
            "on_header_end": self._header_ends,
            "on_headers_finished": self._content_begins,
            "on_part_data": lambda data, start, end: self._append(memoryview(data)[start:end]),
            "on_end": self._ends,
        }

    def _part_begins(self) -> None:
        self._parts += 1
        self._type = DICOM
        if self._parts > 1:
            raise NotAsAsked("more than one part came")

    def _header_comes(self, into: bytearray, piece: bytes) -> None:
        into += piece
        if len(into) > _MAX_HEADER_BYTES:
            raise NotAsAsked("the header of a part is too long")

    def _header_ends(self) -> None:
        if bytes(self._name).lower() == b"content-type":
            self._type = self._value.split(b";")[0].strip().decode("latin-1").lower()
        self._name.clear()
        self._value.clear()

    def _content_begins(self) -> None:
        if self._type != DICOM:
            raise NotAsAsked("its part is not of type application/dicom")

    def _ends(self) -> None:
        self._complete = True


def related_body(objects: Sequence[bytes]) -> tuple[bytes, str]:
    """Write DICOM objects as one body; gives it and its Content-Type.

    The boundary is drawn anew until no object holds it.
    """
    boundary = uuid.uuid4().hex.encode()
    while any(boundary in content for content in objects):
        boundary = uuid.uuid4().hex.encode()
    head = b"--" + boundary + b"\r\nContent-Type: " + DICOM.encode() + b"\r\n\r\n"
    body = b"".join(head + content + b"\r\n" for content in objects) + b"--" + boundary + b"--\r\n"
    return body, f'multipart/related; type="{DICOM}"; boundary={boundary.decode()}'
