"""Receiving a request's body: counted while it streams, kept in memory, never on a disk."""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass

from python_multipart.multipart import parse_options_header
from starlette.requests import Request

from app.errors import (
    BodyEncodingUnsupported,
    BodyTooLarge,
    BodyTypeUnsupported,
    InvalidRequest,
    UploadMemoryFull,
    UploadTooSlow,
)
from app.upload.body_buffer import ArrivingFile, BodyBuffer, ReceivedFile
from app.upload.multipart import FormReader
from cadx.mammogram import FileFormat

MULTIPART = "multipart/form-data"
BARE_FILE_TYPES = (*(kind.media_type for kind in FileFormat), "application/octet-stream")
JSON = "application/json"
MAX_JSON_BYTES = 2**20
_MIB = 2**20


@dataclass(frozen=True, slots=True)
class Upload:
    """A received body.

    Attributes
    ----------
    images
        The files, in the order they were sent.
    fields
        Form fields: every value that came under a name. None when the body was a bare file.
    """

    images: tuple[ReceivedFile, ...]
    fields: Mapping[str, Sequence[str]] | None


class UploadMemory:
    """The memory set aside for the bodies of all requests in flight."""

    def __init__(self, limit_mb: int) -> None:
        self.limit_mb = limit_mb
        self.used_bytes = 0

    @contextmanager
    def share(self) -> Iterator["MemoryShare"]:
        """Give a request its share, returned when the request ends."""
        share = MemoryShare(self)
        try:
            yield share
        finally:
            self.used_bytes -= share.used_bytes


class MemoryShare:
    """What one request holds of the upload memory."""

    def __init__(self, memory: UploadMemory) -> None:
        self._memory = memory
        self.used_bytes = 0

    def take(self, size_bytes: int) -> None:
        """Count received bytes.

        Raises
        ------
        UploadMemoryFull
            When all requests together hold too much.
        """
        if self._memory.used_bytes + size_bytes > self._memory.limit_mb * _MIB:
            raise UploadMemoryFull(self._memory.limit_mb)
        self._memory.used_bytes += size_bytes
        self.used_bytes += size_bytes


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """What a body may be.

    Attributes
    ----------
    max_body_mb
        Largest body in MiB.
    seconds
        Longest time to arrive.
    max_images
        Files in one body.
    bare_file
        Whether the body may be a file without a form about it.
    """

    max_body_mb: int
    seconds: float
    max_images: int = 1
    bare_file: bool = False


async def receive_upload(request: Request, limits: UploadLimits, share: MemoryShare) -> Upload:
    """Read the body of a request.

    Raises
    ------
    BodyTypeUnsupported, BodyEncodingUnsupported, BodyTooLarge, UploadMemoryFull, UploadTooSlow, BodyUnreadable
        When the body is not one that can be read here and now.
    InvalidRequest
        When the image is missing.
    """
    _check_encoding(request)
    kind = content_type(request)
    accepted = (MULTIPART, *BARE_FILE_TYPES) if limits.bare_file else (MULTIPART,)
    if kind not in accepted:
        raise BodyTypeUnsupported(kind, accepted)
    try:
        async with asyncio.timeout(limits.seconds):
            if kind == MULTIPART:
                return await _receive_form(request, limits, share)
            return await _receive_file(request, limits, share)
    except TimeoutError:
        raise UploadTooSlow(limits.seconds) from None


async def receive_json(request: Request, seconds: float) -> bytes:
    """Read a body of JSON, which names images instead of holding them.

    Raises
    ------
    BodyEncodingUnsupported, BodyTooLarge, UploadTooSlow
        When the body is not one that can be read here.
    """
    _check_encoding(request)
    content = bytearray()
    try:
        async with asyncio.timeout(seconds), aclosing(request.stream()) as stream:
            async for chunk in stream:
                content += chunk
                if len(content) > MAX_JSON_BYTES:
                    raise BodyTooLarge(1)
    except TimeoutError:
        raise UploadTooSlow(seconds) from None
    return bytes(content)


def _check_encoding(request: Request) -> None:
    encoding = ", ".join(request.headers.getlist("content-encoding"))
    if encoding.strip().lower() not in {"", "identity"}:
        raise BodyEncodingUnsupported(encoding[:64])


def content_type(request: Request) -> str:
    """Media type of a request's body, in lower case, without parameters."""
    kind, _ = parse_options_header(request.headers.get("content-type"))
    return kind.decode("latin-1").lower()


def _announced_bytes(request: Request, max_body_mb: int) -> int:
    """Length of the body as its headers tell it, 0 when it does not."""
    announced = request.headers.get("content-length", "")
    if not (announced.isascii() and announced.isdigit()):
        return 0
    if int(announced) > max_body_mb * _MIB:
        raise BodyTooLarge(max_body_mb)
    return int(announced)


async def _counted(request: Request, limits: UploadLimits, share: MemoryShare) -> AsyncGenerator[bytes, None]:
    """The body's chunks; stops as soon as a limit is passed."""
    async with aclosing(request.stream()) as stream:
        async for chunk in stream:
            share.take(len(chunk))
            if share.used_bytes > limits.max_body_mb * _MIB:
                raise BodyTooLarge(limits.max_body_mb)
            yield chunk


async def _receive_file(request: Request, limits: UploadLimits, share: MemoryShare) -> Upload:
    file = ArrivingFile(BodyBuffer(_announced_bytes(request, limits.max_body_mb)))
    async with aclosing(_counted(request, limits, share)) as stream:
        async for chunk in stream:
            file.append(chunk)
    received = file.complete()
    if not received.content:
        raise InvalidRequest(({"where": "body", "message": "the body is empty"},))
    return Upload((received,), None)


async def _receive_form(request: Request, limits: UploadLimits, share: MemoryShare) -> Upload:
    form = FormReader(request.headers["content-type"], _announced_bytes(request, limits.max_body_mb))
    async with aclosing(_counted(request, limits, share)) as stream:
        async for chunk in stream:
            form.feed(chunk)
    images, fields = form.finish()
    if not images or not all(image.content for image in images):
        raise InvalidRequest(({"where": "body.image", "message": "missing or empty; send it as a file part"},))
    if len(images) > limits.max_images:
        message = f"at most {limits.max_images} expected, {len(images)} sent"
        raise InvalidRequest(({"where": "body.image", "message": message},))
    return Upload(images, fields)
