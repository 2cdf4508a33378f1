"""An image in memory, read once for each way of reading."""

import threading
from collections.abc import Hashable
from dataclasses import dataclass, field

from app.upload.body_buffer import ReceivedFile
from cadx.exchange.dicomweb import InstanceName
from cadx.mammogram import ReadingLimits, ReadingPolicy, VoiPolicy, held_bytes, read_mammogram
from cadx.records import Mammogram

_MOST_READINGS = 4


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an image was fetched from: a PACS, by the operator's name for it, and the three UIDs."""

    pacs: str
    name: InstanceName


@dataclass(slots=True)
class HeldImage:
    """An image whose bytes are in memory.

    Attributes
    ----------
    file
        The bytes and their digest.
    origin
        The PACS it was fetched from; None for one that was sent.
    """

    file: ReceivedFile
    origin: Origin | None = None
    _readings: dict[Hashable, Mammogram] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def size_bytes(self) -> int:
        """Memory that it holds: its bytes, and pixels that had to be decoded."""
        decoded = sum(map(held_bytes, list(self._readings.values())))
        return self.file.content.nbytes + decoded

    def read(
        self,
        policy: ReadingPolicy,
        limits: ReadingLimits,
        pixel_spacing_mm: float | None,
        frame: int | None,
        voi: VoiPolicy | None,
    ) -> Mammogram:
        """Read it, or give what it was read as before. Runs in a worker thread.

        Raises
        ------
        MammogramError
            When it cannot be read so.
        """
        way = (policy, limits, pixel_spacing_mm, frame, voi)
        found = self._readings.get(way)
        if found is None:
            found = read_mammogram(
                self.file.content,
                policy=policy,
                limits=limits,
                pixel_spacing_mm=pixel_spacing_mm,
                frame=frame,
                voi=voi,
            )
            with self._lock:
                while len(self._readings) >= _MOST_READINGS:
                    del self._readings[next(iter(self._readings))]
                self._readings[way] = found
        return found
