"""The command line: what it prints, and how it refuses to start."""

import json
from pathlib import Path

import pytest

from app.cli import EXIT_CANNOT_START, main
from app.settings import Settings


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"CADX_{name.upper()}", raising=False)


def test_settings_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["settings"]) == 0
    assert "| `CADX_MODELS_DIR` | `models` |" in capsys.readouterr().out


def test_openapi_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["openapi"]) == 0
    assert json.loads(capsys.readouterr().out)["info"]["title"] == "mammo-cadx"


def test_new_key(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new-key", "reader", "--admin"]) == 0
    assert "reader:" in capsys.readouterr().out


def test_without_a_model_it_says_what_to_do(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CADX_MODELS_DIR", str(tmp_path))
    assert main([]) == EXIT_CANNOT_START
    said = capsys.readouterr().err
    assert "no_model_bundle" in said
    assert "make demo" in said
    assert "Traceback" not in said


def test_with_a_bad_setting_it_says_which(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CADX_WORKERS", "many")
    assert main(["serve"]) == EXIT_CANNOT_START
    assert "CADX_WORKERS" in capsys.readouterr().err
