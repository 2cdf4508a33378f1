import importlib
import subprocess
import sys
from types import ModuleType

import pytest

from cadx.cnn.pytorch import torchvision_import
from cadx.cnn.pytorch.torchvision_import import import_torchvision

SYMPTOM = "operator torchvision::nms does not exist"


def test_fresh_interpreter_gets_past_the_trap() -> None:
    code = (
        "try:\n"
        "    import torchvision\n"
        "    print('plain import works')\n"
        "except RuntimeError as error:\n"
        "    print(error)\n"
        "from cadx.cnn.pytorch.torchvision_import import import_torchvision\n"
        "models = import_torchvision('models')\n"
        "print(type(models.get_model('squeezenet1_1', weights=None)).__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    plain, model = done.stdout.splitlines()[-2:] or ("", "")
    assert model == "SqueezeNet", done.stderr
    # Where the first line is 'plain import works' on every machine, torchvision_import.py can go.
    assert plain in {SYMPTOM, "plain import works"}


def test_other_failures_pass_through(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str) -> ModuleType:
        raise RuntimeError("operator torchvision::nms does not exist, or so it seems")

    monkeypatch.setattr(importlib, "import_module", fail)
    declared = len(torchvision_import._declared)
    with pytest.raises(RuntimeError, match="or so it seems"):
        import_torchvision()
    assert len(torchvision_import._declared) == declared


def test_nothing_is_declared_when_the_import_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib, "import_module", lambda name: ModuleType(name))
    declared = len(torchvision_import._declared)
    assert import_torchvision("models").__name__ == "torchvision.models"
    assert len(torchvision_import._declared) == declared


def test_submodule_is_the_one_asked_for() -> None:
    assert import_torchvision("models.feature_extraction").__name__ == "torchvision.models.feature_extraction"
