"""Receiving a request's body: counted while it streams, kept in memory, never on a disk."""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass

from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from app.errors import (
    BodyTooLarge,
    BodyTypeUnsupported,
    BodyUnreadable,
    InvalidRequest,
    UploadMemoryFull,
    UploadTooSlow,
)

MULTIPART = "multipart/form-data"
BARE_FILE_TYPES = (
    "application/dicom",
    "image/png",
    "image/tiff",
    "image/x-portable-graymap",
    "application/octet-stream",
)
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

    images: tuple[bytes, ...]
    fields: Mapping[str, Sequence[str]] | None


class UploadMemory:
    """The memory set aside for the bodies of all requests in hand."""

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
            raise UploadMemoryFull(1, self._memory.limit_mb)
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
    BodyTypeUnsupported, BodyTooLarge, UploadMemoryFull, UploadTooSlow, BodyUnreadable, InvalidRequest
        The last when the image is missing, or sent as text.
    """
    kind = _content_type(request)
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


def _content_type(request: Request) -> str:
    kind, _ = parse_options_header(request.headers.get("content-type"))
    return kind.decode("latin-1").lower()


async def _counted(request: Request, limits: UploadLimits, share: MemoryShare) -> AsyncGenerator[bytes, None]:
    """The body's chunks; stops as soon as a limit is passed, or announced to be."""
    limit_bytes = limits.max_body_mb * _MIB
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit_bytes:
        raise BodyTooLarge(limits.max_body_mb)
    async with aclosing(request.stream()) as stream:
        async for chunk in stream:
            share.take(len(chunk))
            if share.used_bytes > limit_bytes:
                raise BodyTooLarge(limits.max_body_mb)
            yield chunk


async def _receive_file(request: Request, limits: UploadLimits, share: MemoryShare) -> Upload:
    async with aclosing(_counted(request, limits, share)) as stream:
        content = b"".join([chunk async for chunk in stream])
    if not content:
        raise InvalidRequest(({"where": "body", "message": "the body is empty"},))
    return Upload((content,), None)


class _MemoryParser(MultiPartParser):
    """Starlette's parser; a spool of size 0 is never rolled over to a file."""

    spool_max_size = 0


async def _receive_form(request: Request, limits: UploadLimits, share: MemoryShare) -> Upload:
    async with aclosing(_counted(request, limits, share)) as stream:
        parser = _MemoryParser(request.headers, stream, max_files=256, max_fields=1024, max_part_size=4096)
        try:
            form = await parser.parse()
        except MultiPartException as error:
            raise BodyUnreadable(error.message) from None
    try:
        return _sorted_parts(form, limits.max_images)
    finally:
        await form.close()


def _sorted_parts(form: FormData, max_images: int) -> Upload:
    """The image files and the fields of a form."""
    images: list[bytes] = []
    fields: dict[str, list[str]] = {}
    for name, value in form.multi_items():
        if isinstance(value, str):
            fields.setdefault(name, []).append(value)
        elif name == "image":
            images.append(value.file.read())
        else:
            raise InvalidRequest(({"where": f"body.{name[:64]}", "message": "only `image` may be a file"},))
    if "image" in fields:
        raise InvalidRequest(({"where": "body.image", "message": "sent as text; send it as a file part"},))
    if not images or not all(images):
        raise InvalidRequest(({"where": "body.image", "message": "missing or empty; send it as a file part"},))
    if len(images) > max_images:
        raise InvalidRequest(({"where": "body.image", "message": f"at most {max_images} wanted, {len(images)} sent"},))
    return Upload(tuple(images), fields)
