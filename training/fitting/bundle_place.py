"""Where a bundle may be written: nowhere that anything but a bundle of ours would be lost."""

import re
from pathlib import Path

from cadx.bundle.files import MANIFEST
from cadx.bundle.manifest import NAME_PATTERN
from training.errors import BundleNameInvalid, OutputInTheWay, OutputNotOurs
from training.outputs import check_writable, is_there, read_json, shown


def check_bundle(folder: Path, *, replace: bool) -> None:
    """Refuse a place for a bundle where something would be lost, that cannot be written, or whose name is no model's.

    An empty folder is in nobody's way.

    Raises
    ------
    BundleNameInvalid
        When the folder's name cannot be a model's.
    OutputInTheWay
        When a bundle lies there, and `replace` is false.
    OutputNotOurs
        When something else lies there, or a bundle together with files that are not its own.
    OutputNotWritable
        When nothing can be written there.
    """
    check_model_name(folder.name)
    if is_there(folder):
        if folder.is_symlink() or not folder.is_dir():
            raise OutputNotOurs(str(folder), "a link" if folder.is_symlink() else "a file", "a bundle")
        inside = {path.name for path in folder.iterdir()}
        files = bundle_files(folder)
        foreign = sorted(inside if files is None else inside - {*files, MANIFEST})
        if foreign:
            raise OutputNotOurs(str(folder), shown(foreign), "a bundle")
        if inside and not replace:
            raise OutputInTheWay(str(folder), MANIFEST, "a bundle")
    check_writable(folder.parent)


def check_model_name(name: str) -> None:
    """Refuse a name that no bundle may bear.

    Raises
    ------
    BundleNameInvalid
        With the rule.
    """
    if not re.fullmatch(NAME_PATTERN, name):
        raise BundleNameInvalid(name)


def bundle_files(folder: Path) -> tuple[str, ...] | None:
    """Names of the files that a bundle of any format lists as its own; None where there is no bundle."""
    content = read_json(folder / MANIFEST)
    known = {"format", "name", "cohort", "evaluation", "files"}
    files = content.get("files") if known <= content.keys() else None
    return tuple(map(str, files)) if isinstance(files, dict) else None
