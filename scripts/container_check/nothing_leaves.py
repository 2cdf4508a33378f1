"""Read what strace saw of a program, and fail on every file written, name looked up and connection tried.

    strace -f -qq -e trace="$(python scripts/container_check/nothing_leaves.py)" -o LOG PROGRAM...
    python scripts/container_check/nothing_leaves.py LOG [FOLDER ...]

The program may write below the folders named, to devices, and to files of its own in /proc. Standard library only.
"""

import re
import sys
from pathlib import Path

CALLS = (
    *("connect", "sendto", "sendmsg", "sendmmsg"),
    *("open", "openat", "openat2", "creat", "truncate", "mkdir", "mkdirat", "mknod", "mknodat"),
    *("rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat"),
)
ALWAYS = ("/dev/", "/proc/self/", "/proc/thread-self/")
LOOK_UPS = ("/etc/resolv.conf", "/etc/hosts")
USERS = "/var/run/nscd/socket"
"""Where the C library asks for names of users, too; a look-up of a host goes on to one of `LOOK_UPS`."""

_CALL = re.compile(r"^(?:\d+ +)?(\w+)\((.*)$")
_FAMILY = re.compile(r"sa_family=(AF_\w+)")
_PATHS = re.compile(r'"((?:[^"\\]|\\.)*)"')
_WRITES = re.compile(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND")


def finding(line: str, folders: tuple[str, ...]) -> str | None:
    """Say what a line of the log shows that should not have been."""
    match = _CALL.match(line)
    if match is None:  # the second half of a call, the end of a thread, a signal
        return None
    name, arguments = match.groups()
    paths = _PATHS.findall(arguments)
    family = _FAMILY.search(arguments)
    if name in {"connect", "sendto", "sendmsg", "sendmmsg"}:
        return f"connection tried: {line}" if family and not _of_its_own(family[1], paths, folders) else None
    if paths and paths[0] in LOOK_UPS:
        return f"name look-up: {line}"
    if name in {"open", "openat", "openat2"} and not _WRITES.search(arguments):
        return None
    outside = [path for path in paths if not path.startswith((*folders, *ALWAYS))]
    return f"written: {line}" if outside else None


def _of_its_own(family: str, paths: list[str], folders: tuple[str, ...]) -> bool:
    """Whether the other end of a socket is no other machine's, and no other program's but the list of users."""
    return family == "AF_UNIX" and bool(paths) and paths[-1].startswith((*folders, USERS))


def main(log: Path, folders: tuple[str, ...]) -> int:
    """Print every finding; return 0 when there is none."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    found = list(dict.fromkeys(what for line in lines if (what := finding(line, folders))))
    sys.stdout.write("".join(f"{what[:400]}\n" for what in found))
    sys.stdout.write(f"{len(lines)} calls seen, {len(found)} that write or leave\n")
    return 1 if found or not lines else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.stdout.write(",".join(CALLS) + "\n")
        sys.exit(0)
    sys.exit(main(Path(sys.argv[1]), tuple(sys.argv[2:])))
