import subprocess
import sys
from pathlib import Path

import pytest

from cadx.runtime.machine import usable_cores


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
