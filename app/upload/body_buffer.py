"""Where a request's body is kept while it arrives: one stretch of memory, filled in place, never on a disk."""

import hashlib
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from cadx.runtime.machine import stand_back

_LEAST_BYTES = 2**20
_DIGEST_STEP_BYTES = 2**20
_DIGESTS = ThreadPoolExecutor(4, thread_name_prefix="cadx-digest", initializer=stand_back)


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
    """A file at the end of a buffer, whose digest is taken while it arrives, in the time that others leave.

    SHA-256 of 26 MiB takes 15 ms of a core, as long as the CNN. Receiving leaves the cores some of that; taken later,
    beside the two branches, it would hold them up.
    """

    def __init__(self, buffer: BodyBuffer) -> None:
        self._buffer = buffer
        self._start = self._digested = buffer.size_bytes
        self._end: int | None = None
        self._sha256 = hashlib.sha256()
        self._result: Future[str] = Future()
        self._at_work = False
        self._lock = threading.Lock()

    def append(self, data: bytes | memoryview) -> None:
        """Keep the file's next bytes."""
        self._buffer.append(data)
        if self._buffer.size_bytes - self._digested >= _DIGEST_STEP_BYTES:
            self._go_on()

    def complete(self) -> "ReceivedFile":
        """Say that all of it is there, and give it."""
        self._end = self._buffer.size_bytes
        self._go_on()
        return ReceivedFile(self._buffer.view(self._start), self._result)

    def _go_on(self) -> None:
        with self._lock:
            if self._at_work:
                return
            self._at_work = True
        _DIGESTS.submit(self._catch_up)

    def _catch_up(self) -> None:
        while True:
            with self._lock:
                end = self._buffer.size_bytes if self._end is None else self._end
                if end == self._digested:
                    self._at_work = False
                    if self._end is not None and not self._result.done():
                        self._result.set_result(self._sha256.hexdigest())
                    return
            self._sha256.update(self._buffer.view(self._digested)[: end - self._digested])
            self._digested = end


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
