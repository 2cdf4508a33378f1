"""What a command will write, and whether it may: asked before any work, so that nothing is lost at its end.

Only what a command of `cadx-train` wrote itself is ever replaced, and only when it is told to; anything else that lies
there stays, and the command stops before it has begun. A kind of output is known by what it holds, not by its name.
"""

import json
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from training.errors import OutputInTheWay, OutputNotOurs, OutputNotWritable

DRAFT = ".draft-"
"""Begins the name of a file that is not whole yet; readers of folders pass over hidden files."""
_SHOWN = 3


def _umask() -> int:
    """Give the process's umask, which can only be read by setting it: once, before there are threads."""
    found = os.umask(0o022)
    os.umask(found)
    return found


_UMASK = _umask()


@dataclass(frozen=True, slots=True)
class FolderOutput:
    """What a command writes into a folder.

    Attributes
    ----------
    kind
        In words, such as ``a study``.
    names
        Files and folders that it writes; patterns of `Path.glob`.
    is_ours
        Whether a folder that holds some of these holds an earlier output of the same command.
    """

    kind: str
    names: tuple[str, ...]
    is_ours: Callable[[Path], bool]


@dataclass(frozen=True, slots=True)
class FileOutput:
    """A file that a command writes.

    Attributes
    ----------
    kind
        In words, such as ``a manifest``.
    is_ours
        Whether a file is an earlier output of the same command.
    """

    kind: str
    is_ours: Callable[[Path], bool]


def check_folder(folder: Path, output: FolderOutput, *, replace: bool) -> None:
    """Refuse a folder in which a command's output would replace something, or that cannot be written.

    Other files in it do no harm: they stay.

    Raises
    ------
    OutputInTheWay
        When an earlier output lies there, and `replace` is false.
    OutputNotOurs
        When something else bears the names that would be written, or the folder's place is a file's.
    OutputNotWritable
        When nothing can be written there.
    """
    if is_there(folder) and not folder.is_dir():
        raise OutputNotOurs(str(folder), "a file", output.kind)
    found = sorted({path.name for name in output.names for path in folder.glob(name)}) if is_there(folder) else []
    if found:
        if not output.is_ours(folder):
            raise OutputNotOurs(str(folder), shown(found), output.kind)
        if not replace:
            raise OutputInTheWay(str(folder), shown(found), output.kind)
    check_writable(folder)


def check_file(path: Path, output: FileOutput, *, replace: bool) -> None:
    """Refuse a file's place where something would be lost, or that cannot be written.

    Raises
    ------
    OutputInTheWay
        When an earlier output lies there, and `replace` is false.
    OutputNotOurs
        When something else lies there.
    OutputNotWritable
        When nothing can be written there.
    """
    if is_there(path):
        if not path.is_file():
            raise OutputNotOurs(str(path), "a folder" if path.is_dir() else "no plain file", output.kind)
        if not output.is_ours(path):
            raise OutputNotOurs(str(path), f"a file of {path.stat().st_size:,} bytes", output.kind)
        if not replace:
            raise OutputInTheWay(str(path), path.name, output.kind)
    check_writable(path.parent)


def check_writable(folder: Path) -> None:
    """Try whether a folder can be made and written to; what is made for the trial is removed again.

    Raises
    ------
    OutputNotWritable
        With the system's reason.
    """
    place = folder
    while not is_there(place) and place != place.parent:
        place = place.parent
    try:
        if not place.is_dir():
            raise OutputNotWritable(str(folder), f"{place} is not a folder")
        with tempfile.TemporaryDirectory(prefix=".cadx-", dir=place):
            pass
        if place != folder and max(len(part.encode()) for part in folder.parts) > 255:
            raise OutputNotWritable(str(folder), "its name is too long")
    except OSError as error:
        raise OutputNotWritable(str(folder), error.strerror or type(error).__name__) from None


def write_whole(path: Path, write: Callable[[Path], None], *, durable: bool = True) -> None:
    """Let a file appear under its name only once it is whole and on the disk, whoever else writes there.

    It is written beside its place under a name that no other process has, and renamed: that is atomic on a local disk
    and on NFS, and needs no lock. Other people may read it as far as the umask lets them.

    Parameters
    ----------
    path
        In a folder that exists.
    write
        Writes the file that it is told.
    durable
        Whether it must survive a power cut from then on, which costs some milliseconds.

    Raises
    ------
    OSError
        When the disk is full, or the folder cannot be written; nothing half-written stays.
    """
    descriptor, name = tempfile.mkstemp(prefix=DRAFT, dir=path.parent)
    draft = Path(name)
    try:
        os.close(descriptor)
        write(draft)
        draft.chmod(0o666 & ~_UMASK)
        if durable:
            with draft.open("rb+") as file:
                os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def read_json(path: Path) -> dict[str, object]:
    """Read a JSON object; an empty one where there is none."""
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def begins_with(path: Path, header: Sequence[str]) -> bool:
    """Tell whether a CSV file's first line begins with these columns, as the commands write them."""
    try:
        with path.open("rb") as file:
            line = file.readline(65_536)
    except OSError:
        return False
    names = line.decode("utf-8", "replace").rstrip("\r\n").split(",")
    return names[: len(header)] == list(header)


def is_there(path: Path) -> bool:
    """Tell whether anything lies at a path, a dangling link too; a name that no file can have is not there."""
    try:
        path.lstat()
    except (OSError, ValueError):
        return False
    return True


def shown(names: Sequence[str]) -> str:
    """List the first few names."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
