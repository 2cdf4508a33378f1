"""A service opens no pickle, and has neither scikit-learn nor joblib nor torch."""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from tests.app.conftest import LiveServer, Sample

# Python runs this first in the server.
GUARD = """
import pickle, sys

def never(*_, **__):
    raise AssertionError("unpickled bytes")

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"joblib", "sklearn", "torch"}:
            raise ImportError(f"{name} is not to be had")

pickle.load = pickle.loads = pickle.Unpickler = pickle._Unpickler = never
sys.meta_path.insert(0, Absent())
sys.stderr.write("guarded\\n")
"""


def test_a_server_that_cannot_unpickle_files_answers(
    tmp_path: Path,
    bundle_folder: Path,
    start_server: "Callable[..., AbstractContextManager[LiveServer]]",
    sample: "Sample",
) -> None:
    (tmp_path / "sitecustomize.py").write_text(GUARD)
    search_path = os.pathsep.join([str(tmp_path), str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
    with start_server(CADX_MODELS_DIR=str(bundle_folder.parent), PYTHONPATH=search_path) as server:
        answer = httpx.post(f"{server.url}/v1/predictions", files=sample.files, data=sample.data, timeout=30)
        assert answer.status_code == 200, answer.text
        assert "guarded" in server.log_text()
