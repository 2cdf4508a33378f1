"""``python -m app`` is `cadx-serve`."""

import os
import sys


def main() -> int:
    """Run the command, with OpenBLAS told before its import to start no threads of its own.

    It would start one a core, and where the system allows no more, interrupt the process; `tune_process` later gives
    it what CADX_COMPUTE_THREADS says.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from app.cli import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
