"""Images kept for the next click: bounded in bytes and minutes, each seen by the caller's key alone.

In the memory of this process only: another replica, or this one after the time is up, answers `image_expired`.
"""

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from app.errors import ImageExpired
from app.images.held import HeldImage, Origin

_MIB = 2**20


@dataclass(slots=True)
class _Kept:
    image: HeldImage
    until: float


class ImageCache:
    """What was fetched or sent, for a while.

    Parameters
    ----------
    limit_mb
        Most MiB that are kept; 0 keeps nothing.
    minutes
        How long an image is kept after it was last asked for.
    """

    def __init__(self, limit_mb: int, minutes: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit_mb = limit_mb
        self.minutes = minutes
        self._clock = clock
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def used_bytes(self) -> int:
        """Memory of all images that are kept."""
        with self._lock:
            return self._used()

    def keep_sent(self, owner: str, image: HeldImage) -> str:
        """Keep an image that was sent, or fetched, and give the unguessable name that its sender may use for it."""
        image_id = secrets.token_urlsafe(24)
        self._keep((owner, image_id), image)
        return image_id

    def sent(self, owner: str, image_id: str) -> HeldImage:
        """Give back an image that was sent.

        Raises
        ------
        ImageExpired
            When it is not here: gone, forgotten, sent by another caller or to another replica.
        """
        image = self._find((owner, image_id))
        if image is None:
            raise ImageExpired
        return image

    def forget(self, owner: str, image_id: str) -> None:
        """Forget an image that was sent.

        Raises
        ------
        ImageExpired
            When it is not here.
        """
        with self._lock:
            if self._kept.pop((owner, image_id), None) is None:
                raise ImageExpired

    def keep_fetched(self, owner: str, image: HeldImage) -> None:
        """Keep an image that was fetched from a PACS."""
        if image.origin is not None:
            self._keep((owner, image.origin), image)

    def fetched(self, owner: str, origin: Origin) -> HeldImage | None:
        """Give back what was fetched for this caller before, if it is still here."""
        return self._find((owner, origin))

    def sweep(self) -> None:
        """Let go what is too old, and the oldest of what is too much: decoded pixels come after an image was kept."""
        with self._lock:
            now = self._clock()
            for key in [key for key, kept in self._kept.items() if kept.until <= now]:
                del self._kept[key]
            while self._used() > self.limit_mb * _MIB:
                self._kept.popitem(last=False)

    def _used(self) -> int:
        """Bytes of all images, each counted once: one of a PACS may have a name that was given to it besides."""
        images = {id(kept.image): kept.image for kept in self._kept.values()}
        return sum(image.size_bytes for image in images.values())

    def _keep(self, key: Hashable, image: HeldImage) -> None:
        with self._lock:
            self._kept[key] = _Kept(image, self._clock() + 60 * self.minutes)
            self._kept.move_to_end(key)
        self.sweep()

    def _find(self, key: Hashable) -> HeldImage | None:
        self.sweep()
        with self._lock:
            kept = self._kept.get(key)
            if kept is None:
                return None
            kept.until = self._clock() + 60 * self.minutes
            self._kept.move_to_end(key)
            return kept.image
