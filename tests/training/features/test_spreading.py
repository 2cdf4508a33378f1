"""Features computed elsewhere are those computed here; nested folds too."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cadx.classify import PolynomialGrid, PolynomialSvm
from cadx.cnn import load_backbone
from cadx.lesion import DEFAULT_METHOD
from cadx.mammogram import ReadingPolicy
from tests.conftest import SMALL_BACKBONE
from training.cohort.cases import read_manifest
from training.cross_validation import nested_cross_validation
from training.errors import CaseUnusable, TaskFailed, WorkerDiffers
from training.features import spreading
from training.features.cache import FLOAT32, FeatureCache
from training.features.extraction import extract_features
from training.features.spreading import extract_everywhere, task_of
from training.features.store import FeatureStore
from training.scheduling import Died, InProcess

POLICY = ReadingPolicy()


class DiesOf(InProcess):
    """Workers that one image kills."""

    def __init__(self, name: str) -> None:
        self.name = name

    def run(self, function: Callable[[Any], Any], take: Callable[[], Any]) -> Iterator[Any]:
        parts = iter(take, None)
        for part in parts:
            if any(case.image.name == self.name for case in part):
                yield Died(part)
            else:
                yield from super().run(function, iter([part, None]).__next__)


def test_tables_are_the_same_and_come_from_the_shared_cache(tmp_path: Path, phantom_manifest: Path) -> None:
    cases = read_manifest(phantom_manifest)[:6]
    backbone = load_backbone(SMALL_BACKBONE)
    here = extract_features(cases, backbone, POLICY, DEFAULT_METHOD)
    told: list[tuple[int, int]] = []
    store = FeatureStore(FeatureCache(tmp_path / "cache"))
    there = extract_everywhere(
        cases,
        backbone,
        POLICY,
        DEFAULT_METHOD,
        store=store,
        runner=InProcess(),
        progress=lambda *pair: told.append(pair),
    )
    assert there.cases == here.cases
    np.testing.assert_array_equal(there.lesion, here.lesion)
    np.testing.assert_allclose(there.cnn, here.cnn, rtol=1e-5, atol=1e-6)
    assert (there.extracted, told[-1]) == (6, (6, 6))
    again = extract_everywhere(cases, backbone, POLICY, DEFAULT_METHOD, store=store, runner=InProcess())
    assert again.extracted == 0


def test_a_case_that_kills_its_worker_is_unusable(tmp_path: Path, phantom_manifest: Path) -> None:
    cases = read_manifest(phantom_manifest)[:4]
    backbone = load_backbone(SMALL_BACKBONE)
    store = FeatureStore(FeatureCache(tmp_path / "cache"))
    runner = DiesOf(cases[2].image.name)
    with pytest.raises(CaseUnusable, match="process_died"):
        extract_everywhere(cases, backbone, POLICY, DEFAULT_METHOD, store=store, runner=runner)
    tables = extract_everywhere(cases, backbone, POLICY, DEFAULT_METHOD, store=store, runner=runner, skip_unusable=True)
    assert tables.cases == (cases[0], cases[1], cases[3])
    assert [skipped.reason_code for skipped in tables.skipped] == ["process_died"]


def test_other_weights_on_a_worker_are_refused(tmp_path: Path, phantom_manifest: Path) -> None:
    store = FeatureStore(FeatureCache(tmp_path / "cache"))
    task = task_of(load_backbone(SMALL_BACKBONE), POLICY, DEFAULT_METHOD, store)
    changed = replace(task, weights_digest="0" * 64)
    with pytest.raises(WorkerDiffers, match="weights"):
        spreading.extract_part(changed, read_manifest(phantom_manifest)[:1])


def test_folds_fitted_elsewhere_are_those_fitted_here(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(90) % 2
    blocks = {"a": rng.normal(size=(90, 30)) + labels[:, None], "b": rng.normal(size=(90, 5)) + labels[:, None]}
    estimator = PolynomialSvm(PolynomialGrid(a=(1.0,), c=(1.0,), d=(1, 2), C=(1.0,)), inner_folds=3)
    here = nested_cross_validation(blocks, labels, None, estimator, n_folds=3)
    told: list[int] = []
    there = nested_cross_validation(
        blocks,
        labels,
        None,
        estimator,
        n_folds=3,
        runner=InProcess(),
        scratch=tmp_path / "scratch",
        progress=lambda done, _: told.append(done),
    )
    for name in blocks:
        np.testing.assert_allclose(
            there.branches[name].probabilities, here.branches[name].probabilities, rtol=1e-9, atol=1e-12
        )
        assert there.branches[name].best_params == here.branches[name].best_params
    assert told == [1, 2, 3, 4, 5, 6]
    assert list((tmp_path / "scratch").iterdir()) == []


class AlwaysDies(InProcess):
    def run(self, function: Callable[[Any], Any], take: Callable[[], Any]) -> Iterator[Any]:
        yield Died(take())


def test_a_fit_that_kills_its_workers_is_told(tmp_path: Path) -> None:
    labels = np.arange(30) % 2
    X = np.random.default_rng(0).normal(size=(30, 3))
    with pytest.raises(TaskFailed, match="memory"):
        nested_cross_validation(
            {"a": X}, labels, None, PolynomialSvm(), n_folds=3, runner=AlwaysDies(), scratch=tmp_path
        )
    assert list(tmp_path.iterdir()) == []


def hammer(folder: str, writer: int) -> None:
    """Write and read the same few entries, again and again."""
    cache = FeatureCache(Path(folder))
    for round_ in range(60):
        for key in ("aa" * 32, "ab" * 32):
            cache.put(key, np.full(20_000, int(key[1], 16), dtype=np.float32), FLOAT32)
            found = cache.get(key, FLOAT32)
            assert found is not None, (writer, round_)
            assert set(found.tolist()) == {int(key[1], 16)}
    assert cache.corrupt == 0


def test_many_writers_share_a_cache_without_a_lock(tmp_path: Path) -> None:
    children = []
    for writer in range(4):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                hammer(str(tmp_path / "cache"), writer)
                status = 0
            finally:
                os._exit(status)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4
    files = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert sorted(path.name for path in files) == ["aa" * 32, "ab" * 32]


def test_entries_can_be_read_by_those_who_share_the_folder(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path)
    cache.put("aa" * 32, np.zeros(3, dtype=np.float32), FLOAT32)
    probe = tmp_path / "probe"
    probe.touch()
    (entry,) = (tmp_path / "aa").iterdir()
    assert entry.stat().st_mode == probe.stat().st_mode
