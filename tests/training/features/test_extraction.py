from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cadx.cnn import Backbone, BackboneSpec, load_backbone
from cadx.lesion import SegmentationMethod, lesion_features, segment
from cadx.lesion.marks import mean_features
from cadx.mammogram import ReadingPolicy, content_digest, read_mammogram
from cadx.records import LesionCenter
from training.cohort import outlining
from training.cohort.cases import Case, read_manifest
from training.errors import CaseUnusable, FeatureCacheUnusable
from training.features import extraction
from training.features.cache import FeatureCache
from training.features.extraction import FeatureTables, extract_features, read_roi
from training.features.store import FeatureStore

GROWING = SegmentationMethod.REGION_GROWING


@pytest.fixture(scope="module")
def cases(phantom_manifest: Path) -> tuple[Case, ...]:
    return read_manifest(phantom_manifest)[:7]


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    return load_backbone(BackboneSpec("squeezenet1_1", "features.3.cat", "random:0", "mean"), device="cpu")


@pytest.fixture(scope="module")
def plain(cases: Sequence[Case], backbone: Backbone) -> FeatureTables:
    return extract_features(cases, backbone, ReadingPolicy(), GROWING)


def same(one: FeatureTables, two: FeatureTables) -> bool:
    same_cases = (one.cases, one.pictures) == (two.cases, two.pictures)
    return same_cases and np.array_equal(one.cnn, two.cnn) and np.array_equal(one.lesion, two.lesion)


def test_tables_are_what_single_steps_give(cases: Sequence[Case], backbone: Backbone, plain: FeatureTables) -> None:
    for row, case in enumerate(cases):
        roi = read_roi(case, ReadingPolicy())
        assert np.array_equal(plain.cnn[row], backbone.features(roi.gray[None])[0])
        assert np.array_equal(plain.lesion[row], lesion_features(roi, segment(roi, GROWING)))
    assert plain.cases == tuple(cases)
    assert (plain.extracted, plain.skipped) == (7, ())
    contents = [content_digest(read_mammogram(case.image)) for case in cases]
    assert [picture.content for picture in plain.pictures] == contents
    assert len(set(contents)) == 7


def test_features_of_several_marks_are_kept_apart_from_those_of_one(
    cases: Sequence[Case], backbone: Backbone, plain: FeatureTables, tmp_path: Path
) -> None:
    store, two = FeatureStore(FeatureCache(tmp_path)), cases[:2]
    one_mark = extract_features(two, backbone, ReadingPolicy(), GROWING, store=store)
    five = extract_features(two, backbone, ReadingPolicy(), GROWING, marks=5, store=store)
    again = extract_features(two, backbone, ReadingPolicy(), GROWING, marks=5, store=store)
    assert np.array_equal(one_mark.lesion, plain.lesion[:2])
    assert not np.array_equal(five.lesion, one_mark.lesion)
    assert (five.extracted, again.extracted) == (2, 0)
    assert same(five, again)
    mammogram = read_mammogram(two[0].image)
    expected = mean_features(mammogram, two[0].center, one_mark.lesion[0], GROWING, 5)
    assert np.array_equal(five.lesion[0], expected)


def test_batches_change_nothing(
    cases: Sequence[Case], backbone: Backbone, plain: FeatureTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extraction, "CNN_BATCH", 2)
    told: list[tuple[int, int]] = []
    tables = extract_features(
        cases, backbone, ReadingPolicy(), GROWING, progress=lambda done, total: told.append((done, total))
    )
    assert same(tables, plain)
    assert told == [(done, 7) for done in range(1, 8)]


def test_second_run_extracts_nothing(
    cases: Sequence[Case], backbone: Backbone, plain: FeatureTables, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FeatureStore(FeatureCache(tmp_path))
    first = extract_features(cases, backbone, ReadingPolicy(), GROWING, store=store)
    assert same(first, plain)
    assert first.extracted == 7

    def fail(*_: object, **__: object) -> None:
        raise AssertionError("computed again")

    monkeypatch.setattr(outlining, "read_mammogram", fail)
    monkeypatch.setattr(Backbone, "layer_features", fail)
    second = extract_features(cases, backbone, ReadingPolicy(), GROWING, store=store)
    assert same(second, plain)
    assert second.extracted == 0


def test_interrupted_run_is_continued(
    cases: Sequence[Case], backbone: Backbone, plain: FeatureTables, tmp_path: Path
) -> None:
    store = FeatureStore(FeatureCache(tmp_path))
    extract_features(cases[:4], backbone, ReadingPolicy(), GROWING, store=store)
    tables = extract_features(cases, backbone, ReadingPolicy(), GROWING, store=store)
    assert same(tables, plain)
    assert tables.extracted == 3


def test_every_damaged_entry_is_computed_anew(
    cases: Sequence[Case], backbone: Backbone, plain: FeatureTables, tmp_path: Path
) -> None:
    cache = FeatureCache(tmp_path)
    extract_features(cases, backbone, ReadingPolicy(), GROWING, store=FeatureStore(cache))
    entries = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(entries) == 3 * 7
    for path in entries:
        path.write_bytes(path.read_bytes()[:-3])
    tables = extract_features(cases, backbone, ReadingPolicy(), GROWING, store=FeatureStore(cache))
    assert same(tables, plain)
    assert cache.corrupt == 21
    assert extract_features(cases, backbone, ReadingPolicy(), GROWING, store=FeatureStore(cache)).extracted == 0


def test_other_center_weights_policy_or_method_is_another_entry(
    cases: Sequence[Case], backbone: Backbone, tmp_path: Path
) -> None:
    store = FeatureStore(FeatureCache(tmp_path))
    case = cases[0]
    policy = ReadingPolicy()
    extract_features([case], backbone, policy, GROWING, store=store)
    moved = replace(case, center=LesionCenter(case.center.x + 1, case.center.y))
    other = load_backbone(replace(backbone.spec, weights="random:1"), device="cpu")
    rgi = SegmentationMethod.RGI
    assert store.reading(moved, policy) is None
    assert extract_features([moved], backbone, policy, GROWING, store=store).extracted == 1
    assert extract_features([case], other, policy, GROWING, store=store).extracted == 1
    assert extract_features([case], backbone, policy, rgi, store=store).extracted == 1
    assert extract_features([case], backbone, policy, GROWING, store=store).extracted == 0


def test_unusable_case_stops_or_is_left_out(cases: Sequence[Case], backbone: Backbone, tmp_path: Path) -> None:
    broken = tmp_path / "broken.dcm"
    broken.write_bytes(b"not an image")
    bad = [cases[0], replace(cases[1], image=broken), replace(cases[2], center=LesionCenter(-5, 3)), cases[3]]
    with pytest.raises(CaseUnusable, match=r"broken\.dcm"):
        extract_features(bad, backbone, ReadingPolicy(), GROWING)
    store = FeatureStore(FeatureCache(tmp_path / "cache"))
    for _ in range(2):
        tables = extract_features(bad, backbone, ReadingPolicy(), GROWING, skip_unusable=True, store=store)
        assert tables.cases == (cases[0], cases[3])
        assert [case.reason_code for case in tables.skipped][1] == "center_outside_image"
        assert len(tables.cnn) == len(tables.lesion) == 2


def test_no_case_at_all_gives_empty_tables(backbone: Backbone) -> None:
    tables = extract_features([], backbone, ReadingPolicy(), GROWING)
    assert tables.cnn.shape == (0, backbone.feature_count)


def test_full_disk_stops_the_run(
    cases: Sequence[Case], backbone: Backbone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise FeatureCacheUnusable("cache", "No space left on device")

    monkeypatch.setattr(FeatureCache, "put", full)
    with pytest.raises(FeatureCacheUnusable, match="--cache"):
        extract_features(
            cases,
            backbone,
            ReadingPolicy(),
            GROWING,
            skip_unusable=True,
            store=FeatureStore(FeatureCache(tmp_path)),
        )
