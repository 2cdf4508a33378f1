"""Where a request's body is kept while it arrives: one stretch of memory, filled in place, never on a disk."""

import hashlib
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

_LEAST_BYTES = 2**20
_DIGESTS = ThreadPoolExecutor(4, thread_name_prefix="cadx-digest")


class BodyBuffer:
    """The bytes of a body, in the order they arrived.

    Fetching 26 MiB from the system costs about as much time as their transfer; memory of an earlier body is used
    again (see `cadx.runtime.machine`), and large pages are asked for where there is none (numpy does both for arrays).

    Parameters
    ----------
    expected_bytes
        The announced length; 0 when there was none. More may come: then the buffer grows.
    """

    def __init__(self, expected_bytes: int) -> None:
        self.size_bytes = 0
        self._memory = np.empty(max(expected_bytes, _LEAST_BYTES), dtype=np.uint8)

    def append(self, data: bytes | memoryview) -> None:
        """Keep the next bytes."""
        end = self.size_bytes + len(data)
        if end > len(self._memory):
            grown = np.empty(max(end, 2 * len(self._memory)), dtype=np.uint8)
            grown[: self.size_bytes] = self._memory[: self.size_bytes]
            self._memory = grown
        self._memory.data[self.size_bytes : end] = data
        self.size_bytes = end

    def view(self, start: int = 0) -> memoryview:
        """What arrived from `start` on, read-only and without a copy; keeps the memory alive."""
        return self._memory.data.toreadonly()[start : self.size_bytes]


class ArrivingFile:
    """A file at the end of a buffer."""

    def __init__(self, buffer: BodyBuffer) -> None:
        self._buffer = buffer
        self._start = buffer.size_bytes

    def append(self, data: bytes | memoryview) -> None:
        """Keep the file's next bytes."""
        self._buffer.append(data)

    def complete(self) -> "ReceivedFile":
        """Say that all of it is there, and give it; its digest is taken beside what is done with it next."""
        content = self._buffer.view(self._start)
        return ReceivedFile(content, _DIGESTS.submit(_digest, content))


def _digest(content: memoryview) -> str:
    return hashlib.sha256(content).hexdigest()


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """A file that was sent.

    Attributes
    ----------
    content
        A view of the buffer that its body arrived in.
    sha256
        Its digest, soon.
    """

    content: memoryview
    sha256: Future[str]
