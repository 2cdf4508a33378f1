"""A store of computed arrays on disk, each under the digest of everything it was computed from.

Entries never change and are never wrong by age: other pixels, weights, layers, settings or code have another key. An
entry is written beside its place and renamed into it, so that many runs and machines may share a folder without locks,
and a run that is killed leaves nothing that could be mistaken for an entry. Every entry carries its own digest: one
that does not match is computed anew, and told.
"""

import contextlib
import errno
import hashlib
import json
import logging
import os
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.errors import FeatureCacheUnusable
from training.outputs import write_whole

FLOAT32 = np.dtype("<f4")
FLOAT64 = np.dtype("<f8")
BYTES = np.dtype("u1")

_CODE = frozenset({".py", ".so", ".pyd"})
_MAGIC = b"cadx features 1\n"
_log = logging.getLogger(__name__)


def default_folder() -> Path:
    """Where features are kept unless another folder is named: ``mammo-cadx/features`` in the user's cache folder."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mammo-cadx" / "features"


class FeatureCache:
    """Arrays on disk by key.

    Parameters
    ----------
    folder
        Made when the first entry is written. May be shared by runs at the same time.

    Attributes
    ----------
    corrupt
        Entries that were found damaged, and removed, since this object was made.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.corrupt = 0

    def get(self, key: str, dtype: np.dtype[np.generic]) -> NDArray[np.generic] | None:
        """Give the array of a key, (n,), or None when there is none, or only a damaged one."""
        path = self._path(key)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            if error.errno == errno.ESTALE:  # on NFS, another run has just put the same in its place
                return None
            raise FeatureCacheUnusable(str(self.folder), error.strerror or str(error)) from error
        start = len(_MAGIC) + 32
        stored = memoryview(content)[start:]
        intact = content[: len(_MAGIC)] == _MAGIC and hashlib.sha256(stored).digest() == content[start - 32 : start]
        if intact and len(stored) % dtype.itemsize == 0:
            return np.frombuffer(stored, dtype=dtype)
        self.corrupt += 1
        _log.warning("damaged cache entry %s: removed, its features are computed anew", path)
        with contextlib.suppress(OSError):
            path.unlink()
        return None

    def put(self, key: str, array: NDArray[np.generic], dtype: np.dtype[np.generic]) -> None:
        """Keep an array under a key.

        Raises
        ------
        FeatureCacheUnusable
            When the disk is full or the folder cannot be written; nothing half-written stays.
        """
        payload = np.ascontiguousarray(array, dtype=dtype).tobytes()
        path = self._path(key)

        def write(draft: Path) -> None:
            with draft.open("wb") as file:
                file.write(_MAGIC + hashlib.sha256(payload).digest())
                file.write(payload)

        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, write, durable=False)
        except OSError as error:
            raise FeatureCacheUnusable(str(self.folder), error.strerror or str(error)) from error

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / key


def key_of(kind: str, facts: Mapping[str, object]) -> str:
    """Give the key of what is computed from these facts: their SHA-256, 64 hexadecimal digits."""
    return hashlib.sha256(json.dumps([kind, facts], sort_keys=True).encode()).hexdigest()


def code_digest(*packages: str) -> str:
    """SHA-256 over the source files of modules or packages, and over what of them is compiled.

    What they compute may change when that does: also when a compiled module comes or goes.
    """
    digest = hashlib.sha256()
    for package in packages:
        found = find_spec(package)
        origin = Path(found.origin) if found and found.origin else Path()
        parts = (path for path in sorted(origin.parent.rglob("*")) if path.suffix in _CODE)
        files = parts if origin.name == "__init__.py" else [origin]
        for file in files:
            digest.update(f"{package} {file.name}\n".encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()
