import importlib
import subprocess
import sys
from types import ModuleType

import pytest

from cadx.cnn import torchvision_import
from cadx.cnn.torchvision_import import import_torchvision

SYMPTOM = "operator torchvision::nms does not exist"


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)


def test_fresh_interpreter_imports_torchvision_and_builds_a_model() -> None:
    code = (
        "from cadx.cnn.torchvision_import import import_torchvision\n"
        "models = import_torchvision('models')\n"
        "print(type(models.get_model('squeezenet1_1', weights=None)).__name__)"
    )
    done = run_python(code)
    assert (done.returncode, done.stdout.strip()) == (0, "SqueezeNet"), done.stderr


def test_trap_is_still_there() -> None:
    done = run_python("import torchvision")
    if done.returncode == 0:
        pytest.skip("plain `import torchvision` works here: where it does everywhere, torchvision_import.py can go")
    assert SYMPTOM in done.stderr


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
