import operator
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import psutil
import pytest

from cadx.errors import UnknownImageFormat
from cadx.lesion import SegmentationMethod, describe_lesion
from cadx.mammogram import read_mammogram
from cadx.roi import extract_roi
from cadx.runtime.processes import CallTimedOut, WorkerProcesses
from cadx.runtime.worker import ProcessFailed
from training.cohort.cases import Case


@pytest.fixture
def processes() -> Iterator[WorkerProcesses]:
    made = WorkerProcesses("cadx.lesion")
    yield made
    made.close()


def children() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if "cadx.runtime.worker" in " ".join(child.cmdline())]


def test_a_lesion_is_described_the_same_there_as_here(processes: WorkerProcesses, unseen_phantom: Case) -> None:
    roi = extract_roi(read_mammogram(unseen_phantom.image), unseen_phantom.center)
    here = describe_lesion(roi, SegmentationMethod.DUAL_STAGE)
    there = processes.call(describe_lesion, roi, SegmentationMethod.DUAL_STAGE)
    assert here.features.tobytes() == there.features.tobytes()
    assert here.contour.tobytes() == there.contour.tobytes()
    assert np.array_equal(here.segmentation.mask, there.segmentation.mask)
    assert here.segmentation.flags == there.segmentation.flags


def test_refusals_come_back_as_they_are(processes: WorkerProcesses) -> None:
    with pytest.raises(UnknownImageFormat):
        processes.call(read_mammogram, b"no image at all")


def test_other_errors_come_back_without_their_message(processes: WorkerProcesses) -> None:
    with pytest.raises(ProcessFailed, match="ValueError") as caught:
        processes.call(int, "patient name")
    assert "patient" not in str(caught.value)
    assert processes.call(operator.add, 1, 2) == 3


def test_what_is_printed_there_does_not_disturb(processes: WorkerProcesses) -> None:
    processes.call(print, "to standard error")
    assert processes.call(operator.add, 1, 2) == 3


def test_an_idle_process_serves_the_next_call_and_several_run_at_once(processes: WorkerProcesses) -> None:
    before = len(children())
    first = processes.call(os.getpid)
    assert processes.call(os.getpid) == first != os.getpid()
    together = threading.Barrier(3)

    def pid(_: int) -> int:
        together.wait(10)
        processes.call(time.sleep, 0.3)
        return processes.call(os.getpid)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(pid, range(3)))
    assert len(children()) == before + 3


def test_a_process_that_died_is_replaced(processes: WorkerProcesses, caplog: pytest.LogCaptureFixture) -> None:
    processes.start(1)
    processes.wait()
    os.kill(processes.call(os.getpid), signal.SIGKILL)
    assert processes.call(operator.add, 1, 2) == 3
    assert "worker_process_died" in caplog.text


def test_what_kills_every_process_is_a_failure(processes: WorkerProcesses) -> None:
    with pytest.raises(ProcessFailed, match="died twice"):
        processes.call(os._exit, 3)
    assert processes.call(operator.add, 1, 2) == 3


def test_signals_for_the_group_are_left_to_the_parent(processes: WorkerProcesses) -> None:
    pid = processes.call(os.getpid)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(pid, number)
    assert processes.call(os.getpid) == pid


def test_closing_ends_the_processes() -> None:
    before = children()
    with WorkerProcesses("cadx.lesion") as made:
        made.start(2)
        made.wait()
        started = [child for child in children() if child not in before]
        assert len(started) == 2
    assert not any(child.is_running() for child in started)


def test_they_end_when_their_parent_is_killed() -> None:
    program = """
import time
from cadx.runtime.processes import WorkerProcesses
processes = WorkerProcesses("cadx.errors")
processes.start(2)
processes.wait()
print("started", flush=True)
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"started\n"
        orphans = psutil.Process(parent.pid).children()
        assert len(orphans) == 2
        parent.kill()
    _, alive = psutil.wait_procs(orphans, timeout=10)
    assert not alive


def test_a_call_that_hangs_is_ended_at_its_limit_and_others_go_on() -> None:
    before = children()
    with WorkerProcesses("cadx.lesion", call_seconds=1.0) as processes:
        processes.start(1)
        processes.wait()
        started = time.monotonic()
        with ThreadPoolExecutor(1) as pool:
            hanging = pool.submit(processes.call, time.sleep, 3600)
            assert processes.call(operator.add, 1, 2) == 3
            with pytest.raises(CallTimedOut, match="longer than 1 s"):
                hanging.result()
        assert time.monotonic() - started < 60
        assert processes.call(operator.add, 3, 4) == 7
    assert children() == before


def test_a_process_starts_no_thread_of_blas_but_those_it_was_given() -> None:
    with WorkerProcesses("cadx.lesion", compute_threads=1) as processes:
        processes.start(1)
        assert processes.call(os.getenv, "OPENBLAS_NUM_THREADS") == "1"
        pid = processes.call(os.getpid)
        assert psutil.Process(pid).num_threads() == 1


def test_closing_does_not_wait_for_a_call_that_hangs() -> None:
    before = children()
    processes = WorkerProcesses("cadx.lesion")
    processes.start(1)
    processes.wait()
    with ThreadPoolExecutor(1) as pool:
        hanging = pool.submit(processes.call, time.sleep, 3600)
        while not processes._busy:
            time.sleep(0.01)
        processes.close()
        with pytest.raises(ProcessFailed, match="closed"):
            hanging.result(timeout=60)
    assert children() == before
