"""The same parts on real Dask clusters, of which parts are killed."""

import io
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from cadx.branches import CNN, LESION
from cadx.classify import LinearGrid, PolynomialGrid, PolynomialSvm
from tests.training.scheduling.conftest import Deployment
from tests.training.scheduling.parts import ShortPart, deadly, doubled, faulty, hanging, noted, refusing, slow
from training.cross_validation import nested_cross_validation
from training.errors import ResultsNotWritable, SchedulerUnknown, SchedulerUnreachable, TaskFailed
from training.scheduling import Died, Done, dask_cluster
from training.scheduling.choice import Scheduler, open_runner
from training.scheduling.dask_cluster import DaskRunner, open_cluster

QUIET = Console(quiet=True)


def taking(count: int) -> Callable[[], int | None]:
    parts = iter(range(count))
    return lambda: next(parts, None)


def soon(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def local() -> Iterator[DaskRunner]:
    """A LocalCluster of two workers with one thread each, for tests that leave it whole."""
    with open_cluster(Scheduler(local_workers=2), QUIET) as runner:
        yield runner


def test_parts_are_done_by_workers_on_loopback(local: DaskRunner) -> None:
    assert local.address.startswith("tcp://127.0.0.1:")
    assert local.dashboard.startswith("http://127.0.0.1:")
    assert sorted(outcome.result for outcome in local.run(doubled, taking(40)) if isinstance(outcome, Done)) == [
        2 * part for part in range(40)
    ]


def test_the_nested_search_of_600_rois_is_the_same_on_workers(local: DaskRunner, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(600) % 2
    groups = np.arange(600) // 2 % 150
    blocks = {CNN: rng.normal(size=(600, 200)) + 0.2 * labels[:, None], LESION: rng.normal(size=(600, 39))}
    for grid in (PolynomialGrid(a=(0.1, 1.0), c=(1.0,), d=(2,), C=(0.1, 1.0)), LinearGrid()):
        estimator = PolynomialSvm(grid, inner_folds=3)
        here = nested_cross_validation(blocks, labels, groups, estimator, n_folds=3)
        there = nested_cross_validation(
            blocks, labels, groups, estimator, n_folds=3, runner=local, scratch=tmp_path / "scratch"
        )
        for name in blocks:
            found, wanted = there.branches[name], here.branches[name]
            np.testing.assert_allclose(found.probabilities, wanted.probabilities, rtol=1e-9, atol=1e-12)
            assert found.best_params == wanted.best_params
    assert here.branches[CNN].mean_auc > 0.7
    assert abs(here.branches[LESION].mean_auc - 0.5) < 0.1


def test_a_refusal_ends_the_run_and_a_fault_is_told_without_what_it_saw(local: DaskRunner) -> None:
    with pytest.raises(ResultsNotWritable, match="No space left"):
        list(local.run(refusing, taking(4)))
    with pytest.raises(TaskFailed, match="ZeroDivisionError") as caught:
        list(local.run(faulty, taking(4)))
    assert "secret" not in str(caught.value)


def test_a_part_that_kills_workers_is_told_and_the_others_are_done(local: DaskRunner) -> None:
    outcomes = list(local.run(deadly, taking(12)))
    died = {outcome.part for outcome in outcomes if isinstance(outcome, Died)}
    done = {outcome.part for outcome in outcomes if isinstance(outcome, Done)}
    assert 7 in died
    assert done | died == set(range(12))
    assert len(outcomes) == 12


def test_a_part_that_hangs_is_told_as_one_that_kills_and_one_without_a_limit_is_waited_for(
    local: DaskRunner,
) -> None:
    parts = iter([ShortPart(number) for number in range(6)])
    outcomes = list(local.run(hanging, lambda: next(parts, None)))
    assert ShortPart(3) in {outcome.part for outcome in outcomes if isinstance(outcome, Died)}
    assert sorted(outcome.part.number for outcome in outcomes) == list(range(6))
    assert [outcome.result for outcome in local.run(slow, taking(1)) if isinstance(outcome, Done)] == [0]


def test_ctrl_c_leaves_the_cluster_usable(local: DaskRunner, tmp_path: Path) -> None:
    threading.Timer(1.0, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        list(local.run(partial(noted, tmp_path), taking(1000)))
    assert 0 < len(list(tmp_path.iterdir())) < 100
    assert [outcome.result for outcome in local.run(doubled, taking(1)) if isinstance(outcome, Done)] == [0]


def test_a_scheduler_that_is_killed_and_started_again_goes_on(
    deployment: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask_cluster, "CONNECT_SECONDS", 40.0)  # the machine may be busy with other tests
    (tmp_path / "notes").mkdir()
    scheduler, worker = deployment.start_scheduler(), deployment.start_worker()
    told = Console(record=True, file=io.StringIO())

    def again() -> None:
        soon(lambda: len(list((tmp_path / "notes").iterdir())) > 4)
        os.killpg(scheduler.pid, signal.SIGKILL)
        os.killpg(worker.pid, signal.SIGKILL)
        deployment.start_scheduler()
        deployment.start_worker()

    operator = threading.Thread(target=again)
    with open_runner(deployment.address, told, 30, "os") as runner:
        operator.start()
        outcomes = list(runner.run(partial(noted, tmp_path / "notes"), taking(30)))
    operator.join()
    assert sorted(outcome.part for outcome in outcomes if isinstance(outcome, Done)) == list(range(30))
    assert len(outcomes) == 30
    assert "scheduler was lost" in told.export_text()


def test_no_scheduler_and_no_worker_are_told(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_cluster, "CONNECT_SECONDS", 1.0)
    monkeypatch.setattr(dask_cluster, "FIRST_WORKER_SECONDS", 0.5)
    with pytest.raises(SchedulerUnreachable, match="does not answer"), open_runner(deployment.address, QUIET, 1, "os"):
        pass
    monkeypatch.setattr(dask_cluster, "CONNECT_SECONDS", 30.0)
    deployment.start_scheduler()
    with pytest.raises(SchedulerUnreachable, match="no worker"), open_runner(deployment.address, QUIET, 1, "os"):
        pass


def test_a_scheduler_that_stays_away_ends_the_run(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_cluster, "LOST_SECONDS", 1.0)
    scheduler = deployment.start_scheduler()
    deployment.start_worker()
    with open_runner(deployment.address, QUIET, 1, "os") as runner:
        monkeypatch.setattr(dask_cluster, "CONNECT_SECONDS", 1.0)
        os.killpg(scheduler.pid, signal.SIGKILL)
        with pytest.raises(SchedulerUnreachable, match="lost"):
            list(runner.run(doubled, taking(3)))


def test_settings_that_slurm_does_not_take_are_refused_and_ctrl_c_stays_what_it_was() -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(SchedulerUnknown, match="not known: cpus"), open_cluster(Scheduler(slurm={"cpus": 4}), QUIET):
        pass
    assert signal.getsignal(signal.SIGINT) is before


def test_its_own_log_stays_out_of_the_terminal() -> None:
    assert logging.getLogger("distributed").getEffectiveLevel() == logging.CRITICAL
