"""What a file is that should hold weights and does not, told from its first and last bytes.

Downloads that went wrong leave a web page, a pointer or a part of the file. What torch and NumPy say of these ends in
the advice to load them unsafely, which would run whatever code is in them; so their words are never passed on.
"""

import pickle
import zipfile
from pathlib import Path

FOREIGN = "it holds something else than arrays by name, and what could run code is never loaded"
_CUT = "it begins as weights do and lacks its end: the download or the copy was cut short"
_TORCH_BEFORE_ZIP = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
_HEAD_BYTES = 512


def mistaken_for(path: Path) -> str | None:
    """Say in one clause what a file is instead of whole weights; None when its ends look right.

    Raises
    ------
    OSError
        When it cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if not head:
        return "it is empty"
    if text.startswith((b"<!doctype html", b"<html", b"<?xml", b"<head", b"<body", b"<!--")):
        return "it is a web page (HTML or XML), not weights: open it in a browser to see what the server answered"
    if text.startswith(b"version https://git-lfs"):
        return "it is a Git LFS pointer, not the file itself: fetch it with git lfs pull"
    if head.startswith(b"PK") and not zipfile.is_zipfile(path):
        return _CUT
    return None


def why_unreadable(path: Path, error: Exception) -> str:
    """Say why torch or NumPy could not read a file, without their advice to load it unsafely."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    with path.open("rb") as file:
        before_zip = file.read(len(_TORCH_BEFORE_ZIP)) == _TORCH_BEFORE_ZIP
    if before_zip and isinstance(error, pickle.UnpicklingError):
        return f"it was cut short, or {FOREIGN}"
    if before_zip or isinstance(error, EOFError):
        return _CUT
    if isinstance(error, zipfile.BadZipFile | RuntimeError):
        return "its archive is damaged, or is none that torch or NumPy wrote"
    return FOREIGN
