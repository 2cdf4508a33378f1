import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from starlette.requests import ClientDisconnect

from app.errors import DeadlinePassed, QueueFull
from app.jobs.queue import Cancelled, JobQueue, Reservation, Ticket


async def never() -> None:
    await asyncio.Event().wait()


async def soon() -> None:
    await asyncio.sleep(0.05)


async def run(jobs: JobQueue, job: Callable[[Ticket], object], gone: Callable[[], Coroutine[Any, Any, None]]) -> object:
    with jobs.reserve() as reservation:
        return await jobs.run(reservation, job, gone)


def waiting_job(release: threading.Event, seen: list[str]) -> Callable[[Ticket], str]:
    def job(ticket: Ticket) -> str:
        seen.append("started")
        release.wait(10)
        try:
            ticket.check()
        except Cancelled:
            seen.append("canceled")
            raise
        return "done"

    return job


def test_jobs_run_in_workers_and_give_their_result_or_error() -> None:
    jobs = JobQueue(2, 2, 5.0)

    def fails(_: Ticket) -> None:
        raise KeyError("x")

    async def scenario() -> None:
        name = await run(jobs, lambda _: threading.current_thread().name, never)
        assert str(name).startswith("cadx-worker")
        with pytest.raises(KeyError):
            await run(jobs, fails, never)

    asyncio.run(scenario())
    jobs.close()
    assert (jobs.running, jobs.waiting) == (0, 0)


def test_queue_is_bounded_and_says_when_to_come_back() -> None:
    jobs, release, seen = JobQueue(1, 2, 5.0), threading.Event(), list[str]()

    async def scenario() -> None:
        tasks = [asyncio.create_task(run(jobs, waiting_job(release, seen), never)) for _ in range(3)]
        await asyncio.sleep(0.05)
        assert (jobs.running, jobs.waiting) == (1, 2)
        with pytest.raises(QueueFull) as caught, jobs.reserve():
            pass
        assert caught.value.retry_after_seconds >= 1
        with pytest.raises(QueueFull):
            await run(jobs, lambda _: None, never)
        release.set()
        assert await asyncio.gather(*tasks) == ["done"] * 3
        with jobs.reserve():
            pass

    asyncio.run(scenario())
    jobs.close()


def test_event_loop_stays_free_while_a_job_runs() -> None:
    jobs = JobQueue(1, 1, 5.0)

    async def scenario() -> float:
        task = asyncio.create_task(run(jobs, lambda _: time.sleep(0.3), never))
        worst = 0.0
        while not task.done():
            started = time.perf_counter()
            await asyncio.sleep(0.005)
            worst = max(worst, time.perf_counter() - started)
        return worst

    assert asyncio.run(scenario()) < 0.1
    jobs.close()


@pytest.mark.parametrize("why", ["deadline", "client"])
def test_a_job_nobody_waits_for_stops_at_its_next_step(why: str) -> None:
    jobs = JobQueue(1, 2, 0.05 if why == "deadline" else 5.0)
    release, seen = threading.Event(), list[str]()

    async def scenario() -> None:
        gone = soon if why == "client" else never
        with pytest.raises(ClientDisconnect if why == "client" else DeadlinePassed):
            await run(jobs, waiting_job(release, seen), gone)

    asyncio.run(scenario())
    assert jobs.running == 1
    release.set()
    jobs.close()
    assert seen == ["started", "canceled"]


def test_a_queued_job_nobody_waits_for_is_never_started() -> None:
    jobs, release, seen = JobQueue(1, 2, 5.0), threading.Event(), list[str]()

    async def scenario() -> None:
        first = asyncio.create_task(run(jobs, waiting_job(release, seen), never))
        await asyncio.sleep(0.02)
        with pytest.raises(ClientDisconnect):
            await run(jobs, waiting_job(release, seen), soon)
        assert jobs.waiting == 0
        release.set()
        await first

    asyncio.run(scenario())
    jobs.close()
    assert seen == ["started"]


def test_a_place_is_kept_while_a_body_arrives_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    jobs, release, seen = JobQueue(1, 1, 5.0), threading.Event(), list[str]()

    async def scenario() -> None:
        with jobs.reserve() as first, jobs.reserve():
            with pytest.raises(QueueFull), jobs.reserve():
                pass
            monkeypatch.setattr(Reservation, "late", True)
            with jobs.reserve():
                pass
            running = [asyncio.create_task(run(jobs, waiting_job(release, seen), never)) for _ in range(2)]
            await asyncio.sleep(0.02)
            # Its body came late, and others have taken the places meanwhile.
            with pytest.raises(QueueFull):
                await jobs.run(first, lambda _: None, never)
            release.set()
            assert await asyncio.gather(*running) == ["done", "done"]
            assert await jobs.run(first, lambda _: "late, and there is room", never) == "late, and there is room"

    asyncio.run(scenario())
    jobs.close()


def test_a_place_in_time_is_good_even_when_the_queue_has_filled() -> None:
    jobs, release, seen = JobQueue(1, 1, 5.0), threading.Event(), list[str]()

    async def scenario() -> None:
        with jobs.reserve() as reservation:
            running = asyncio.create_task(run(jobs, waiting_job(release, seen), never))
            await asyncio.sleep(0.02)
            with pytest.raises(QueueFull), jobs.reserve():
                pass
            kept = asyncio.create_task(jobs.run(reservation, waiting_job(release, seen), never))
            await asyncio.sleep(0.02)
            release.set()
            assert [await running, await kept] == ["done", "done"]

    asyncio.run(scenario())
    jobs.close()


def test_work_in_every_worker_is_done_once_by_each() -> None:
    jobs, seen = JobQueue(3, 1, 5.0), list[int]()
    jobs.in_every_worker(lambda: seen.append(threading.get_ident()))
    assert len(set(seen)) == len(seen) == 3
    jobs.close()


def test_a_worker_that_cannot_be_started_leaves_no_other_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    jobs, start = JobQueue(2, 1, 5.0), threading.Thread.start

    def one_only(thread: threading.Thread) -> None:
        if thread.name.endswith("_1"):
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", one_only)
    with pytest.raises(RuntimeError, match="can't start new thread"):
        jobs.in_every_worker(lambda: None)
    jobs.close()
