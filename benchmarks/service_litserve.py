"""The peer of benchmarks/service.py: the same function behind LitServe. `service.py --peer` starts it.

python benchmarks/service_litserve.py BUNDLE PORT
"""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import litserve
from fastapi import File

if TYPE_CHECKING:
    from benchmarks.service import bare_function
else:
    from service import bare_function


class Predictions(litserve.LitAPI):  # type: ignore[misc]
    """The bare file in, a probability out."""

    def __init__(self, bundle: Path) -> None:
        super().__init__()
        self.bundle = bundle

    def setup(self, device: str) -> None:
        """Load the bundle in the worker."""
        self.function = bare_function(self.bundle)

    def decode_request(self, request: Annotated[bytes, File()]) -> bytes:
        """Take the file part of the form; LitServe knows no bare bodies but JSON."""
        return request

    def predict(self, x: bytes) -> float:
        """Assess the lesion."""
        return self.function(x)

    def encode_response(self, output: float) -> dict[str, float]:
        """Answer."""
        return {"probability": output}


if __name__ == "__main__":
    workers = len(os.sched_getaffinity(0))
    server = litserve.LitServer(
        Predictions(Path(sys.argv[1])), accelerator="cpu", workers_per_device=workers, timeout=60
    )
    server.run(port=int(sys.argv[2]), host="127.0.0.1", generate_client_file=False, log_level="error")
