"""What does work on this machine without Dask, and how a scheduler is named."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from rich.console import Console

from tests.training.scheduling.parts import deadly, doubled, noted
from training.errors import ClusterNotInstalled, SchedulerUnknown
from training.scheduling import Died, Done, InProcess
from training.scheduling.choice import Scheduler, open_runner, parse_scheduler
from training.scheduling.processes import Processes

QUIET = Console(quiet=True)


def taking(count: int) -> Callable[[], int | None]:
    parts = iter(range(count))
    return lambda: next(parts, None)


def test_parts_are_done_here_one_after_the_other() -> None:
    assert list(InProcess().run(doubled, taking(3))) == [Done(0, 0), Done(1, 2), Done(2, 4)]


def test_a_part_that_kills_its_process_is_told_and_the_others_are_done() -> None:
    with Processes(2, "tests.training.scheduling.parts") as runner:
        runner.start()
        outcomes = list(runner.run(deadly, taking(10)))
    assert sorted(outcome.part for outcome in outcomes if isinstance(outcome, Done)) == [0, 1, 2, 3, 4, 5, 6, 8, 9]
    assert [outcome for outcome in outcomes if isinstance(outcome, Died)] == [Died(7)]


def test_no_more_parts_are_asked_for_than_can_be_begun(tmp_path: Path) -> None:
    asked: list[int] = []

    def take() -> int | None:
        asked.append(len(asked))
        return asked[-1] if len(asked) <= 9 else None

    with Processes(2, "tests.training.scheduling.parts") as runner:
        next(iter(runner.run(partial(noted, tmp_path), take)))
        assert len(asked) == 2


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("tcp://scheduler:8786", Scheduler(address="tcp://scheduler:8786")),
        ("tls://10.0.0.1:8786", Scheduler(address="tls://10.0.0.1:8786")),
        ("local:3", Scheduler(local_workers=3)),
        ("slurm", Scheduler(slurm={})),
    ],
)
def test_a_scheduler_is_named(given: str, meant: Scheduler) -> None:
    assert parse_scheduler(given) == meant


def test_local_means_a_worker_a_core_and_slurm_takes_a_file(tmp_path: Path) -> None:
    assert parse_scheduler("local").local_workers >= 1
    (tmp_path / "slurm.toml").write_text('workers = 4\nqueue = "short"\n')
    assert parse_scheduler(f"slurm:{tmp_path}/slurm.toml").slurm == {"workers": 4, "queue": "short"}


@pytest.mark.parametrize("given", ["", "somewhere", "local:0", "local:many", "http://x:1", "slurm:/no/such", "tcp://"])
def test_what_is_no_scheduler_is_refused(given: str) -> None:
    with pytest.raises(SchedulerUnknown):
        parse_scheduler(given)


def test_a_file_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    (tmp_path / "slurm.toml").write_text("workers: 4")
    with pytest.raises(SchedulerUnknown, match="not TOML"):
        parse_scheduler(f"slurm:{tmp_path}/slurm.toml")


def test_without_dask_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dask", None)
    monkeypatch.delitem(sys.modules, "training.scheduling.dask_cluster", raising=False)
    with (
        pytest.raises(ClusterNotInstalled, match=r"mammo-cadx\[training,cluster\]"),
        open_runner("local", QUIET, 1, "os"),
    ):
        pass


def test_only_one_module_imports_dask_and_nothing_else_needs_it() -> None:
    root = Path(__file__).parents[3]
    importing = [
        path.relative_to(root).as_posix()
        for package in ("cadx", "training", "app")
        for path in (root / package).rglob("*.py")
        if any(
            word in path.read_text() for word in ("import dask", "from dask", "from distributed", "import distributed")
        )
    ]
    assert importing == ["training/scheduling/dask_cluster.py"]
    code = (
        "import sys; sys.modules['dask'] = sys.modules['distributed'] = None\n"
        "import training.scoring.run, training.scoring.task, training.commands.score, training.scheduling.choice"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_few_items_are_done_in_this_process_and_many_in_processes() -> None:
    with open_runner(None, QUIET, 3, "os") as runner:
        assert isinstance(runner, InProcess)
    with open_runner(None, QUIET, 10_000, "os") as runner:
        assert isinstance(runner, Processes) or (os.cpu_count() == 1)


def test_ctrl_c_in_the_middle_ends_the_processes(tmp_path: Path) -> None:
    threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt), Processes(1, "tests.training.scheduling.parts") as runner:
        list(runner.run(partial(noted, tmp_path), taking(1000)))
    assert len(list(tmp_path.iterdir())) < 50
