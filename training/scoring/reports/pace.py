"""So many things a second and no more."""

import random
import threading
import time
from collections.abc import Callable


class Pace:
    """Lets things happen no more often than so many times a second, one after the other.

    Processes that begin together do not fall in step: each begins at a random time of its first interval.

    Parameters
    ----------
    clock, sleep, random_part
        In the place of time and chance, for tests.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        random_part: Callable[[], float] = random.random,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._random_part = random_part
        self._last: float | None = None
        self._lock = threading.Lock()

    def wait(self, per_second: float | None) -> None:
        """Wait for one's turn.

        Parameters
        ----------
        per_second
            None: no limit.
        """
        if per_second is None:
            return
        with self._lock:
            now = self._clock()
            if self._last is None:
                turn = now + self._random_part() / per_second
            else:
                turn = max(now, self._last + 1 / per_second)
            self._last = turn
        if turn > now:
            self._sleep(turn - now)
