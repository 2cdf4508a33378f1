"""Helpers of the deployment tests: the repository's files, and the scripts of the image build as modules."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY


@pytest.fixture(scope="session")
def tool() -> Callable[[str], str]:
    """Path of a command that stands beside this interpreter."""
    return lambda name: str(Path(sys.executable).parent / name)


@pytest.fixture(scope="session")
def image_script() -> Callable[[str], ModuleType]:
    """Load a script of the image build, which is in no package, as a module."""

    def load(name: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(f"image_{name}", REPOSITORY / "deploy" / "image" / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
        return module

    return load
