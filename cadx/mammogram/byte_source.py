"""Random access to a file's bytes, wherever they are, so that only what is needed is read."""

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol, TypeVar

from cadx.errors import FileTooLarge, ImageFileNotFound

T = TypeVar("T")


class ByteSource(Protocol):
    """Bytes that can be read from any offset."""

    @property
    def size_bytes(self) -> int:
        """Number of bytes in all."""
        ...

    def read(self, offset: int, count: int) -> bytes:
        """Return up to `count` bytes from `offset`; fewer only at the end."""
        ...


@dataclass(frozen=True, slots=True)
class MemoryBytes:
    """A file held in memory."""

    content: bytes | memoryview = field(repr=False)

    @property
    def size_bytes(self) -> int:
        """Number of bytes in all."""
        return len(self.content)

    def read(self, offset: int, count: int) -> bytes:
        """Return up to `count` bytes from `offset`."""
        return bytes(self.content[offset : offset + count])


@dataclass(frozen=True, slots=True)
class FileBytes:
    """A file on disk, opened anew for each read: nothing stays open and nothing is mapped."""

    path: Path = field(repr=False)  # may bear a patient's name
    size_bytes: int

    def read(self, offset: int, count: int) -> bytes:
        """Return up to `count` bytes from `offset`."""
        return _read_file(self.path, lambda stream: _read_at(stream, offset, count, self.size_bytes))


@dataclass(frozen=True, slots=True)
class StreamBytes:
    """A seekable stream that the caller keeps open while it reads the image."""

    stream: BinaryIO = field(repr=False)
    size_bytes: int

    def read(self, offset: int, count: int) -> bytes:
        """Return up to `count` bytes from `offset`."""
        return _read_at(self.stream, offset, count, self.size_bytes)


def open_source(source: bytes | memoryview | Path | BinaryIO, max_file_bytes: int) -> ByteSource:
    """Wrap what the caller gave.

    Raises
    ------
    ImageFileNotFound
        When a path cannot be opened.
    FileTooLarge
        When there are more than `max_file_bytes`.
    """
    opened = _open(source, max_file_bytes)
    if opened.size_bytes > max_file_bytes:
        raise FileTooLarge(max_file_bytes)
    return opened


def _open(source: bytes | memoryview | Path | BinaryIO, max_file_bytes: int) -> ByteSource:
    if isinstance(source, bytes | memoryview):
        return MemoryBytes(source)
    if isinstance(source, bytearray):
        return MemoryBytes(bytes(source))
    if isinstance(source, Path):
        return FileBytes(source, _read_file(source, lambda stream: stream.seek(0, io.SEEK_END)))
    if source.seekable():
        return StreamBytes(source, source.seek(0, io.SEEK_END))
    return MemoryBytes(source.read(max_file_bytes + 1))


def _read_file(path: Path, read: Callable[[BinaryIO], T]) -> T:
    try:
        with path.open("rb") as stream:
            return read(stream)
    except OSError:
        problem = ImageFileNotFound()
    raise problem


def _read_at(stream: BinaryIO, offset: int, count: int, size_bytes: int) -> bytes:
    # A count beyond the end would make the buffered reader allocate what a lying header declares.
    stream.seek(offset)
    return stream.read(max(0, min(count, size_bytes - offset)))
