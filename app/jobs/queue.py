"""Where requests are computed: a fixed number of threads, a bounded queue, a deadline.

The event loop never computes: it hands a job to a worker and goes on answering health checks. A job that nobody waits
for any more (client gone, deadline passed) is taken off the queue, or stops at its next step.
"""

import asyncio
import contextvars
import math
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect

from app.errors import DeadlinePassed, QueueFull

Result = TypeVar("Result")

ARRIVAL_SECONDS = 2.0


class Cancelled(Exception):
    """Raised inside a job that was cancelled."""


class Ticket:
    """A job's link to the request that waits for it."""

    __slots__ = ("_cancelled", "queued_at", "started_at")

    def __init__(self) -> None:
        self._cancelled = False
        self.queued_at = time.perf_counter()
        self.started_at = self.queued_at

    def cancel(self) -> None:
        """Tell the job that nobody waits for it."""
        self._cancelled = True

    def check(self) -> None:
        """Stop the job here if nobody waits for it; called between its steps."""
        if self._cancelled:
            raise Cancelled


class Reservation:
    """A request's slot among the workers and in the queue, reserved while its body arrives.

    Only for so long: a client that trickles its body would otherwise keep others out for nothing.
    """

    __slots__ = ("_kept_until",)

    def __init__(self) -> None:
        self._kept_until = time.monotonic() + ARRIVAL_SECONDS

    @property
    def late(self) -> bool:
        """Whether the body took too long to be waited for."""
        return time.monotonic() >= self._kept_until


class JobQueue:
    """Runs jobs in threads.

    Parameters
    ----------
    workers
        Jobs computed at the same time.
    queue_capacity
        Jobs that may wait.
    deadline_seconds
        Longest wait of a request for its answer.
    """

    def __init__(self, workers: int, queue_capacity: int, deadline_seconds: float) -> None:
        self.workers = workers
        self.queue_capacity = queue_capacity
        self.deadline_seconds = deadline_seconds
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="cadx-worker")
        self._lock = threading.Lock()
        self._arriving: set[Reservation] = set()
        self._jobs = 0
        self._running = 0
        self._mean_seconds = 0.1

    @property
    def running(self) -> int:
        """Jobs being computed."""
        return self._running

    @property
    def waiting(self) -> int:
        """Jobs in the queue."""
        return max(0, self._jobs - self._running)

    @contextmanager
    def reserve(self) -> Iterator[Reservation]:
        """Reserve a slot for a request while its body arrives: who would be refused is refused before sending it.

        Raises
        ------
        QueueFull
            When every worker is busy and the queue is full.
        """
        reservation = Reservation()
        with self._lock:
            self._check_room()
            self._arriving.add(reservation)
        try:
            yield reservation
        finally:
            with self._lock:
                self._arriving.discard(reservation)

    async def run(
        self,
        reservation: Reservation,
        job: Callable[[Ticket], Result],
        client_gone: Callable[[], Coroutine[Any, Any, None]],
    ) -> Result:
        """Compute a job in a worker.

        Parameters
        ----------
        reservation
            Of the request; a late one counts as none.
        job
            Called in a worker thread; calls `Ticket.check` between its steps.
        client_gone
            Called once; returns when the client has hung up.

        Raises
        ------
        QueueFull
            When there is no room.
        DeadlinePassed
            When the answer is late.
        ClientDisconnect
            When the client hung up.
        """
        with self._lock:
            self._arriving.discard(reservation)
            if reservation.late:
                self._check_room()
            self._jobs += 1
        ticket = Ticket()
        future = self._pool.submit(contextvars.copy_context().run, self._work, job, ticket)
        future.add_done_callback(self._left)
        answer = asyncio.wrap_future(future)
        watch = asyncio.create_task(client_gone())
        try:
            waited: set[asyncio.Future[Any]] = {answer, watch}
            await asyncio.wait(waited, timeout=self.deadline_seconds, return_when=asyncio.FIRST_COMPLETED)
            if answer.done():
                return answer.result()
            if watch.done():
                raise ClientDisconnect
            raise DeadlinePassed(self.deadline_seconds, retry_after_seconds=self._wait_seconds(1))
        finally:
            ticket.cancel()
            future.cancel()
            answer.cancel()
            watch.cancel()

    def in_every_worker(self, work: Callable[[], object]) -> None:
        """Start every worker thread, and let each do some work; before the first job."""
        everyone = threading.Barrier(self.workers)

        def one() -> None:
            everyone.wait()  # so that no thread does the work of two
            work()

        with ExitStack() as stack:
            stack.callback(everyone.abort)  # where a thread cannot be started, the others must not wait for it
            done = [self._pool.submit(one) for _ in range(self.workers)]
            for future in done:
                future.result()

    def close(self) -> None:
        """Wait for the jobs in flight and end the threads."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _work(self, job: Callable[[Ticket], Result], ticket: Ticket) -> Result:
        ticket.check()
        ticket.started_at = time.perf_counter()
        with self._lock:
            self._running += 1
        try:
            return job(ticket)
        finally:
            seconds = time.perf_counter() - ticket.started_at
            with self._lock:
                self._running -= 1
                self._mean_seconds += 0.1 * (seconds - self._mean_seconds)

    def _check_room(self) -> None:
        held = self._jobs + sum(not reservation.late for reservation in self._arriving)
        if held >= self.workers + self.queue_capacity:
            raise QueueFull(self.queue_capacity, retry_after_seconds=self._wait_seconds(held))

    def _wait_seconds(self, jobs: int) -> int:
        """Estimate, for Retry-After, when so many jobs are done; whole seconds, at least one."""
        return max(1, math.ceil(jobs * self._mean_seconds / self.workers))

    def _left(self, _: Future[Result]) -> None:
        with self._lock:
            self._jobs -= 1
