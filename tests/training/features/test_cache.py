import logging
import resource
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from training.errors import FeatureCacheUnusable
from training.features.cache import FLOAT32, FLOAT64, FeatureCache, code_digest, default_folder, key_of

KEY = key_of("test", {"a": 1})
VALUES = np.arange(7, dtype=np.float32) / 3


@pytest.fixture
def cache(tmp_path: Path) -> FeatureCache:
    return FeatureCache(tmp_path / "cache")


def kept(cache: FeatureCache, kind: np.dtype[np.generic]) -> NDArray[np.generic]:
    values = cache.get(KEY, kind)
    assert values is not None
    return values


def entry(cache: FeatureCache) -> Path:
    (path,) = (path for path in cache.folder.rglob("*") if path.is_file())
    return path


def test_what_was_kept_comes_back(cache: FeatureCache) -> None:
    assert cache.get(KEY, FLOAT32) is None
    cache.put(KEY, VALUES, FLOAT32)
    got = cache.get(KEY, FLOAT32)
    assert got is not None
    assert (got.dtype, got.tobytes()) == (np.dtype(np.float32), VALUES.tobytes())
    cache.put(KEY, VALUES.astype(np.float64), FLOAT64)
    np.testing.assert_array_equal(kept(cache, FLOAT64), VALUES.astype(np.float64), strict=True)


def test_key_depends_on_every_fact_and_not_on_their_order() -> None:
    assert key_of("k", {"a": 1, "b": 2}) == key_of("k", {"b": 2, "a": 1})
    assert len({key_of("k", {"a": 1}), key_of("k", {"a": 2}), key_of("k", {"b": 1}), key_of("l", {"a": 1})}) == 4


@pytest.mark.parametrize(
    "damage", [lambda b: b[:-1], lambda b: b[:-1] + bytes([b[-1] ^ 1]), lambda _: b"", lambda b: b"x" + b[1:]]
)
def test_damaged_entry_is_told_and_removed(
    cache: FeatureCache, damage: Callable[[bytes], bytes], caplog: pytest.LogCaptureFixture
) -> None:
    cache.put(KEY, VALUES, FLOAT32)
    path = entry(cache)
    path.write_bytes(damage(path.read_bytes()))
    with caplog.at_level(logging.WARNING):
        assert cache.get(KEY, FLOAT32) is None
    assert "damaged cache entry" in caplog.text
    assert cache.corrupt == 1
    assert not path.exists()
    cache.put(KEY, VALUES, FLOAT32)
    np.testing.assert_array_equal(kept(cache, FLOAT32), VALUES, strict=True)


def test_full_disk_is_a_clear_error_and_leaves_nothing(cache: FeatureCache) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8, before[1]))
    try:
        with pytest.raises(FeatureCacheUnusable, match="File too large"):
            cache.put(KEY, VALUES, FLOAT32)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not [path for path in cache.folder.rglob("*") if path.is_file()]
    assert cache.get(KEY, FLOAT32) is None


def test_folder_that_is_a_file_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    cache = FeatureCache(tmp_path / "file")
    with pytest.raises(FeatureCacheUnusable):
        cache.put(KEY, VALUES, FLOAT32)
    with pytest.raises(FeatureCacheUnusable):
        cache.get(KEY, FLOAT32)


def test_interrupted_write_is_no_entry(cache: FeatureCache, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        cache.put(KEY, VALUES, FLOAT32)
    assert cache.get(KEY, FLOAT32) is None
    assert not [path for path in cache.folder.rglob("*") if path.is_file()]


def test_many_writers_and_readers_of_one_entry(cache: FeatureCache) -> None:
    wrong: list[object] = []

    def work() -> None:
        for _ in range(30):
            cache.put(KEY, VALUES, FLOAT32)
            got = cache.get(KEY, FLOAT32)
            if got is None or not np.array_equal(got, VALUES):
                wrong.append(got)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert cache.corrupt == 0


def test_default_folder_is_the_users_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_folder() == tmp_path / "mammo-cadx" / "features"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert default_folder() == Path.home() / ".cache" / "mammo-cadx" / "features"


def test_code_digest_follows_the_source(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    package = tmp_path / "a_package_of_the_test"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "part.py").write_text("x = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    before = code_digest("a_package_of_the_test", "cadx.roi")
    assert code_digest("a_package_of_the_test", "cadx.roi") == before
    (package / "part.py").write_text("x = 2\n")
    changed = code_digest("a_package_of_the_test", "cadx.roi")
    assert changed != before
    (package / "part.cpython-311-x86_64-linux-gnu.so").write_bytes(b"compiled")
    assert code_digest("a_package_of_the_test", "cadx.roi") not in (before, changed)
