"""Requests made from the OpenAPI document, valid and invalid, against a live server with keys.

CADX_SCHEMATHESIS_EXAMPLES sets how many an operation and phase, and takes in the paths that share body and answer with
another one; the default keeps the suite quick.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from app.auth.api_keys import Right, new_key

if TYPE_CHECKING:
    from tests.app.conftest import LiveServer

HERE = Path(__file__).parent
EXAMPLES = os.environ.get("CADX_SCHEMATHESIS_EXAMPLES")
LIKE_OTHERS = () if EXAMPLES else ("--exclude-path-regex", "/(lesions|views)/|/(seg|gsps)$")


def test_every_check_holds(
    start_server: "Callable[..., AbstractContextManager[LiveServer]]", bundle_folder: Path, tmp_path: Path
) -> None:
    key, entry = new_key("boss", list(Right))
    with start_server(CADX_MODELS_DIR=str(bundle_folder.parent), CADX_API_KEYS=entry) as server:
        command = [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(HERE / "schemathesis.toml")),
            *("run", f"{server.url}/openapi.json", "--checks", "all", "-H", f"X-API-Key: {key}"),
            *("--max-examples", EXAMPLES or "4", "--continue-on-failure", "--seed", "2016", "--no-color", *LIKE_OTHERS),
        ]
        hooks = {"SCHEMATHESIS_HOOKS": "schemathesis_hooks", "PYTHONPATH": str(HERE)}
        done = subprocess.run(
            command, env=os.environ | hooks, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
        assert "unexpected_error" not in server.log_text()
        assert '"status": 200' in server.log_text()
