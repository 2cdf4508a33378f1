"""Rate limiting: so many requests a minute for each API key."""

import math
import threading
import time
from collections.abc import Callable

from app.errors import RateExceeded


class RateLimiter:
    """A token bucket for each key: `burst` at once, then `per_minute`."""

    def __init__(self, per_minute: int, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_minute = per_minute
        self.burst = burst
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[str, tuple[float, float]] = {}

    def spend(self, name: str) -> None:
        """Count one request of a key.

        Raises
        ------
        RateExceeded
            When the key has used up its rate; says how long to wait.
        """
        if self.per_minute == 0:
            return
        per_second = self.per_minute / 60
        with self._lock:
            now = self._clock()
            tokens, seen = self._buckets.get(name, (float(self.burst), now))
            tokens = min(self.burst, tokens + (now - seen) * per_second)
            allowed = tokens >= 1
            self._buckets[name] = (tokens - 1 if allowed else tokens, now)
        if not allowed:
            raise RateExceeded(self.per_minute, max(1, math.ceil((1 - tokens) / per_second)))
