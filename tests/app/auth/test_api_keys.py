import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.auth import api_keys
from app.auth.api_keys import KeyRing, Right, new_key, parse_entries
from app.auth.rate_limit import RateLimiter
from app.errors import KeyFileInvalid, KeyMissing, KeyUnknown, NotAnAdministrator, RateExceeded
from app.settings import Settings


def ring(*entries: str, file: Path | None = None) -> KeyRing:
    return KeyRing(Settings(api_keys=entries, api_keys_file=file))


def test_an_open_service_lets_everybody_in_and_nobody_administer() -> None:
    keys = ring()
    assert not keys.required
    assert keys.find(None) is None
    with pytest.raises(NotAnAdministrator):
        keys.find_administrator(None)


def test_keys_are_told_apart() -> None:
    reader, reader_entry = new_key("reader")
    boss, boss_entry = new_key("boss", [Right.ADMIN])
    keys = ring(reader_entry, boss_entry)
    found = keys.find(reader)
    assert found is not None
    assert found.name == "reader"
    assert keys.find_administrator(boss).name == "boss"
    with pytest.raises(NotAnAdministrator):
        keys.find_administrator(reader)
    with pytest.raises(KeyMissing):
        keys.find(None)
    with pytest.raises(KeyMissing):
        keys.find("")
    for wrong in (reader[:-1], reader + "A", reader_entry, hashlib.sha256(reader.encode()).hexdigest()):
        with pytest.raises(KeyUnknown):
            keys.find(wrong)


@given(st.text(min_size=1))
def test_no_text_gets_in_by_chance_or_breaks_anything(text: str) -> None:
    with pytest.raises(KeyUnknown):
        ring(new_key("reader")[1]).find(text)


def test_new_keys_are_long_and_all_different() -> None:
    keys = {new_key("reader")[0] for _ in range(100)}
    assert len(keys) == 100
    assert min(map(len, keys)) >= 43  # 256 bits in base64


def test_a_key_is_revoked_by_removing_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_keys, "_FILE_CHECK_SECONDS", -1.0)
    (first, first_entry), (second, second_entry) = new_key("a"), new_key("b")
    file = tmp_path / "keys"
    file.write_text(f"# readers\n\n{first_entry}\n{second_entry}\n")
    keys = ring(file=file)
    assert keys.find(first)
    file.write_text(f"{second_entry}\n")
    os.utime(file, ns=(1, 1))
    assert keys.find(second)
    with pytest.raises(KeyUnknown):
        keys.find(first)


def test_an_empty_file_lets_nobody_in(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("")
    keys = ring(file=file)
    assert keys.required
    with pytest.raises(KeyUnknown):
        keys.find("anything")


def test_a_file_gone_bad_leaves_the_last_good_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(api_keys, "_FILE_CHECK_SECONDS", -1.0)
    key, entry = new_key("a")
    file = tmp_path / "keys"
    file.write_text(entry)
    keys = ring(file=file)
    file.write_text("nonsense with secret")
    assert keys.find(key)
    assert "key_file_invalid" in caplog.text
    assert "secret" not in caplog.text
    file.unlink()
    assert keys.find(key)


@pytest.mark.parametrize(
    "line", ["reader", "reader:abc", "reader:" + "G" * 64, "a b:" + "0" * 64, "r:" + "0" * 64 + ":x"]
)
def test_bad_entries_are_refused_by_number_only(line: str) -> None:
    with pytest.raises(KeyFileInvalid) as caught:
        parse_entries(["", line], "keys")
    assert "entry 2" in str(caught.value)
    assert line not in str(caught.value)


def test_a_missing_file_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(KeyFileInvalid):
        ring(file=tmp_path / "none")


def test_rate_is_a_burst_then_a_trickle_for_each_key() -> None:
    now = [0.0]
    rate = RateLimiter(per_minute=60, burst=3, clock=lambda: now[0])
    for _ in range(3):
        rate.spend("a")
    with pytest.raises(RateExceeded) as caught:
        rate.spend("a")
    assert caught.value.retry_after_seconds == 1
    rate.spend("b")
    now[0] = 1.0
    rate.spend("a")
    with pytest.raises(RateExceeded):
        rate.spend("a")
    now[0] = 1000.0
    for _ in range(3):
        rate.spend("a")
    with pytest.raises(RateExceeded):
        rate.spend("a")


@given(
    per_minute=st.integers(1, 600),
    burst=st.integers(1, 20),
    steps=st.lists(st.floats(0, 5), max_size=200),
)
def test_no_key_ever_gets_more_than_its_rate(per_minute: int, burst: int, steps: list[float]) -> None:
    now = [0.0]
    rate = RateLimiter(per_minute, burst, clock=lambda: now[0])
    allowed = 0
    for step in steps:
        now[0] += step
        try:
            rate.spend("a")
        except RateExceeded:
            continue
        allowed += 1
        assert allowed <= burst + now[0] * per_minute / 60 + 1e-6


def test_no_rate_no_limit() -> None:
    rate = RateLimiter(0, 1)
    for _ in range(100):
        rate.spend("a")
