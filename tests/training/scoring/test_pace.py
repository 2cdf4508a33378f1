"""So many a second: by a clock of the tests' own."""

from dataclasses import replace
from pathlib import Path

import pytest

from training.scoring.inputs import Input
from training.scoring.reports.pace import Pace
from training.scoring.reports.target import ReportTarget
from training.scoring.results import Results
from training.scoring.run import LESION_SECONDS, PART_SECONDS, ScoringSettings, _part_size, limit_seconds
from training.scoring.task import ScoringTask


class Clock:
    """Time passes when it is slept, or told."""

    def __init__(self) -> None:
        self.now = 100.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def turns(pace: Pace, clock: Clock, per_second: float | None, count: int, work_seconds: float = 0.0) -> list[float]:
    found = []
    for _ in range(count):
        pace.wait(per_second)
        found.append(clock.now)
        clock.now += work_seconds
    return found


def made(clock: Clock, part: float = 0.0) -> Pace:
    return Pace(lambda: clock.now, clock.sleep, lambda: part)


def test_turns_are_an_interval_apart_and_begin_within_the_first() -> None:
    clock = Clock()
    assert turns(made(clock, 0.5), clock, 4.0, 4) == pytest.approx([100.125, 100.375, 100.625, 100.875])


def test_work_counts_as_waiting_and_saves_nothing_up() -> None:
    clock = Clock()
    pace = made(clock)
    assert turns(pace, clock, 2.0, 3, work_seconds=0.3) == pytest.approx([100.0, 100.5, 101.0])
    clock.now = 200.0
    assert turns(pace, clock, 2.0, 3) == pytest.approx([200.0, 200.5, 201.0])


def test_a_share_that_changes_counts_from_the_next_turn_on_and_no_rate_is_no_wait() -> None:
    clock = Clock()
    pace = made(clock)
    assert turns(pace, clock, 2.0, 2) == pytest.approx([100.0, 100.5])
    assert turns(pace, clock, 1.0, 2) == pytest.approx([101.5, 102.5])
    assert turns(made(clock), clock, None, 3) == [102.5] * 3


def test_two_workers_together_keep_the_rate() -> None:
    share = ReportTarget(per_second=5.0).shared(2)
    assert share.per_second == 2.5
    clocks = Clock(), Clock()
    both = sorted(
        turn
        for clock, part in zip(clocks, (0.1, 0.8), strict=True)
        for turn in turns(made(clock, part), clock, share.per_second, 50)
    )
    for first in range(len(both) - 5):
        assert both[first + 5] - both[first] >= 0.8 - 1e-9, "no more than five in a second, the interval's grain apart"
    assert (len(both) - 1) / (both[-1] - both[0]) == pytest.approx(5.0, rel=0.02)
    assert ReportTarget().shared(2).per_second is None


def test_parts_are_small_where_a_worker_waits_long_for_each_report() -> None:
    def size(per_second: float | None, workers: int) -> int:
        return _part_size(ScoringSettings(report=ReportTarget(per_second=per_second)), 10**6, workers)

    assert [size(None, 64), size(5.0, 2), size(5.0, 64), size(0.1, 100)] == [1000, 1000, 46, 1]
    assert _part_size(ScoringSettings(), 10**6, 64) == 1000


def test_a_part_may_take_as_long_as_it_waits_for_its_share(tmp_path: Path) -> None:
    part = (Input("image", 1.0, 1.0),) * 10
    plain = ScoringTask(tmp_path, "", "", tmp_path, Results(tmp_path, ""))
    own = PART_SECONDS + 10 * LESION_SECONDS
    assert limit_seconds(plain, part, 4) == own
    paced = replace(plain, report=ReportTarget(folder=tmp_path, per_second=0.5))
    assert limit_seconds(paced, part, 4) == own + 11 / 0.125
    assert plain.for_one_of(4) is plain
    assert paced.for_one_of(4).report == ReportTarget(folder=tmp_path, per_second=0.125)
