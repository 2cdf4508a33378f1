import subprocess
import sys
import threading
from pathlib import Path

import pytest

from cadx.runtime.machine import lacks_threads, startable_threads, usable_cores


def test_cores_respect_a_container_quota(tmp_path: Path) -> None:
    quota = tmp_path / "cpu.max"
    all_cores = usable_cores(tmp_path / "none")
    assert all_cores >= 1
    quota.write_text("max 100000\n")
    assert usable_cores(tmp_path) == all_cores
    quota.write_text("50000 100000\n")
    assert usable_cores(tmp_path) == 1
    quota.write_text("garbage\n")
    assert usable_cores(tmp_path) == all_cores


@pytest.mark.parametrize("name", ["cpu", "cpu,cpuacct"])
def test_cores_respect_a_quota_of_the_first_version(tmp_path: Path, name: str) -> None:
    all_cores = usable_cores(tmp_path)
    folder = tmp_path / name
    folder.mkdir()
    (folder / "cpu.cfs_period_us").write_text("100000\n")
    for quota, cores in (("-1", all_cores), ("150000", min(all_cores, 2)), ("50000", 1), ("999900000", all_cores)):
        (folder / "cpu.cfs_quota_us").write_text(f"{quota}\n")
        assert usable_cores(tmp_path) == cores, quota


def test_tuning_sets_what_it_says() -> None:
    # In a process of its own: it is for good.
    code = """
import sys
from threadpoolctl import threadpool_info
import numpy
from cadx.runtime.machine import tune_process
tune_process(1)
assert sys.getswitchinterval() < 0.001
assert {pool["num_threads"] for pool in threadpool_info()} == {1}
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_threads_are_counted_by_starting_them(monkeypatch: pytest.MonkeyPatch) -> None:
    before = threading.active_count()
    assert startable_threads(5) == 5
    start, started = threading.Thread.start, list[threading.Thread]()

    def three_only(thread: threading.Thread) -> None:
        if len(started) == 3:
            raise RuntimeError("can't start new thread")
        start(thread)
        started.append(thread)

    monkeypatch.setattr(threading.Thread, "start", three_only)
    assert startable_threads(5) == 3
    assert threading.active_count() == before


def test_what_a_want_of_threads_looks_like() -> None:
    assert lacks_threads(RuntimeError("can't start new thread"))
    assert lacks_threads(BlockingIOError(11, "Resource temporarily unavailable"))
    assert not lacks_threads(RuntimeError("another"))
    assert not lacks_threads(OSError(28, "No space left on device"))
