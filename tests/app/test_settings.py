from pathlib import Path

import pytest

from app.errors import SettingsInvalid
from app.settings import Settings, read_settings


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"CADX_{name.upper()}", raising=False)


def test_environment_is_read_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CADX_MODELS_DIR", "elsewhere")
    monkeypatch.setenv("CADX_MODEL", "paper, demo,")
    monkeypatch.setenv("CADX_PORT", "0")
    monkeypatch.setenv("CADX_API_KEYS_FILE", "")
    settings = read_settings()
    assert settings.models_dir == Path("elsewhere")
    assert settings.model == ("paper", "demo")
    assert settings.port == 0
    assert settings.api_keys_file is None


def test_settings_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings().port = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CADX_PORT", "secret"),
        ("CADX_WORKERS", "-1"),
        ("CADX_DEADLINE_SECONDS", "0"),
        ("CADX_LOG_LEVEL", "secret"),
        ("CADX_MODEL_DIGESTS", "demo=secret"),
    ],
)
def test_a_bad_value_names_its_variable_and_not_itself(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsInvalid) as caught:
        read_settings()
    assert variable in str(caught.value)
    assert "secret" not in str(caught.value)


def test_keys_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = "reader:" + "ab" * 32
    monkeypatch.setenv("CADX_API_KEYS", entry)
    settings = read_settings()
    assert settings.api_keys[0].get_secret_value() == entry
    assert "abab" not in repr(settings)


def test_pins_by_name() -> None:
    assert Settings(model_digests=("demo=" + "0" * 64,)).pinned_digests == {"demo": "0" * 64}


def test_every_setting_has_a_meaning() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.description.endswith((".", "`.")), name
