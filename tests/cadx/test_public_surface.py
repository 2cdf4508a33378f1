"""`from cadx import ...`: one list of names, loaded when asked for, known to type checkers, and in the docs."""

import ast
import inspect
import re
import subprocess
import sys
import types
from importlib import import_module
from pathlib import Path

import pytest

import cadx
from cadx.errors import CadxError

ROOT = Path(__file__).parents[2]
SOURCE = ast.parse((ROOT / "cadx" / "__init__.py").read_text(encoding="utf-8"))
PAGE = (ROOT / "docs" / "python-api.md").read_text(encoding="utf-8")
HEAVY = ("numpy", "scipy", "sklearn", "skimage", "onnxruntime", "torch", "pydantic", "joblib", "PIL", "pydicom")


def modules_after(statement: str) -> set[str]:
    """Names of the modules that a fresh interpreter holds after a statement."""
    code = f"{statement}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def type_checkers_imports() -> dict[str, str]:
    """Module of each name in the block that only type checkers read."""
    block = next(node for node in SOURCE.body if isinstance(node, ast.If))
    imports = [node for node in block.body if isinstance(node, ast.ImportFrom)]
    return {alias.name: str(node.module) for node in imports for alias in node.names}


@pytest.mark.parametrize(
    "statement",
    ["import cadx", "from cadx import CadxError, MammogramError, BundleError", "import cadx; dir(cadx)"],
)
def test_the_package_and_its_errors_load_nothing_heavy(statement: str) -> None:
    assert modules_after(statement).isdisjoint(HEAVY)


def test_a_name_loads_what_it_needs_and_no_more() -> None:
    loaded = modules_after("from cadx import ReadingPolicy, read_mammogram")
    assert "numpy" in loaded
    assert loaded.isdisjoint({"sklearn", "onnxruntime", "torch", "pydantic"})


@pytest.mark.parametrize(
    "statement", ["import cadx", "from cadx import load_bundle", "import app.cli", "import training"]
)
def test_telemetry_is_off_before_anything_can_have_begun_it(statement: str) -> None:
    before = "import builtins, os; os.environ['ORT_DISABLE_TELEMETRY'] = '0'; load = builtins.__import__\n"
    guard = (
        "def watched(name, *rest, **named):\n"
        "    if name.split('.')[0] == 'onnxruntime': assert os.environ['ORT_DISABLE_TELEMETRY'] == '1'\n"
        "    return load(name, *rest, **named)\n"
        "builtins.__import__ = watched\n"
    )
    code = f"{before}{guard}{statement}\nimport cadx.cnn.engine\nassert os.environ['ORT_DISABLE_TELEMETRY'] == '1'"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_onnxruntime_that_was_imported_before_is_told_to_be_quiet() -> None:
    code = (
        "import sys, types; told = []\n"
        "sys.modules['onnxruntime'] = types.SimpleNamespace(disable_telemetry_events=lambda: told.append(1))\n"
        "import cadx; assert told == [1]"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_no_name_of_the_surface_needs_torch() -> None:
    assert "torch" not in modules_after("from cadx import *")


def test_the_list_is_sorted_and_names_nothing_twice() -> None:
    constants = sorted(name for name in cadx.__all__ if name.isupper())
    classes = sorted(name for name in cadx.__all__ if name[0].isupper() and not name.isupper())
    functions = sorted(name for name in cadx.__all__ if name.islower())
    assert cadx.__all__ == [*constants, *classes, *functions]
    assert len(set(cadx.__all__)) == len(cadx.__all__)


def test_what_type_checkers_read_is_what_is_loaded() -> None:
    imports = type_checkers_imports()
    assert set(imports) == set(cadx.__all__)
    for name, module in imports.items():
        assert getattr(cadx, name) is getattr(import_module(module), name), name


def test_dir_lists_every_name_and_a_star_import_brings_them_all() -> None:
    assert set(cadx.__all__) <= set(dir(cadx))
    brought: dict[str, object] = {}
    exec("from cadx import *", brought)
    assert set(cadx.__all__) <= set(brought)


def test_no_public_name_is_also_a_module() -> None:
    """Else an import of the module would put it in the name's place."""
    modules = {path.stem for path in (ROOT / "cadx").iterdir()}
    assert modules.isdisjoint(cadx.__all__)
    assert not [name for name in cadx.__all__ if isinstance(getattr(cadx, name), types.ModuleType)]


def test_an_unknown_name_is_an_attribute_error_that_names_it() -> None:
    with pytest.raises(AttributeError, match="module 'cadx' has no attribute 'asess'"):
        cadx.asess  # type: ignore[attr-defined]  # noqa: B018
    assert not hasattr(cadx, "__path_of_nothing__")


def test_every_family_of_errors_is_public() -> None:
    families = {family.__name__ for family in CadxError.__subclasses__() if family.__module__.startswith("cadx.")}
    assert families | {"CadxError"} <= set(cadx.__all__)


@pytest.mark.parametrize("name", cadx.__all__)
def test_every_name_says_what_it_is_and_is_on_its_page(name: str) -> None:
    public = getattr(cadx, name)
    if callable(public):
        assert inspect.getdoc(public), name
    assert re.search(rf"^( +|`){name}(`.*)?$", PAGE, flags=re.MULTILINE), name
