"""Runs inside the image: say what is in it, and fail on what must not be. Standard library only."""

import os
import sys
from pathlib import Path

ENVIRONMENT = Path("/opt/venv")
SHOWN = 14


def megabytes(path: Path) -> float:
    """Size of a file, or of all files below a folder; links count nothing."""
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file() and not file.is_symlink()]
    return sum(file.stat().st_size for file in files) / 1e6


def main() -> int:
    """Print sizes, then check rights and leftovers."""
    packages = next(ENVIRONMENT.glob("lib/python3*/site-packages"))
    sizes = sorted(((megabytes(path), path.name) for path in packages.iterdir()), reverse=True)
    sys.stdout.write(f"{ENVIRONMENT} {megabytes(ENVIRONMENT):.0f} MB, of it:\n")
    for size, name in sizes[:SHOWN]:
        sys.stdout.write(f"  {name:44s}{size:7.1f} MB\n")
    byte_code = sum(map(megabytes, packages.rglob("__pycache__/*.pyc")))
    sys.stdout.write(f"  byte code of what a request imports: {byte_code:.1f} MB in all\n")
    wrong = [path for path in (ENVIRONMENT, Path("/models"), Path("/usr/share/doc")) if os.access(path, os.W_OK)]
    if wrong:
        sys.exit(f"the service could write {wrong}")
    if (os.getuid(), os.getgid()) != (10001, 10001):
        sys.exit(f"it runs as {os.getuid()}:{os.getgid()}")
    if Path("/src").exists():
        sys.exit("the build's own folder is in the image")
    # The build's read-only mount leaves an empty file where it was.
    configuration = Path("/etc/pip.conf")
    if configuration.exists() and configuration.read_text():
        sys.exit("the pip configuration of the machine that built it is in the image")
    sys.stdout.write(
        "user 10001:10001; nothing of its own is writable; nothing of the build or of this machine is left\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
