"""The folder of results: files of rows, each whole from the moment that it bears its name, and never a row twice.

A file is named by the keys of the inputs that it was made for, so that whoever does a part again, or at the same time,
writes the same rows into the same place. Nothing is locked: files appear by renaming, the run's facts by linking. What
readers of Parquet folders must not see begins with ``_`` or ``.``.
"""

import contextlib
import errno
import hashlib
import json
import logging
import os
import secrets
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from training.errors import OutputNotOurs, ResultsNotWritable, ResultsOfAnotherRun
from training.outputs import DRAFT, check_writable, read_json, shown, write_whole
from training.scoring.rows import IMAGE_BYTES, IMAGE_MODIFIED, KEY, REFUSAL, Row, table

RUN_JSON, SUMMARY_JSON = "_run.json", "_summary.json"
PART_FILES = "part-*.parquet"
FORMAT = 1
_OLD_DRAFT_SECONDS = 86_400.0
_UNKNOWN = -1
_log = logging.getLogger(__name__)

Keys = NDArray[np.bytes_]


@dataclass(frozen=True, slots=True)
class Results:
    """A folder that results go to.

    Attributes
    ----------
    salt
        Of this folder's keys and pseudonyms: whoever has rows alone cannot try names against them.
    """

    folder: Path
    salt: str

    def parts(self) -> list[Path]:
        """Give the files of rows, by name."""
        return sorted(self.folder.glob(PART_FILES))

    def write(self, rows: Sequence[Row], columns: pa.Schema) -> Path:
        """Write rows as the file that their keys name.

        Raises
        ------
        ResultsNotWritable
            When the disk is full or the folder cannot be written; nothing half-written stays.
        """
        keys = "\n".join(str(row[KEY]) for row in rows)
        path = self.folder / f"part-{hashlib.sha256(keys.encode()).hexdigest()[:32]}.parquet"
        self._write(path, table(rows, columns))
        return path

    def recorded(self) -> "Recorded":
        """Say which inputs have rows; files that cannot be read are put aside, told, and count for nothing."""
        tables = list(self.tables([KEY, IMAGE_BYTES, IMAGE_MODIFIED, REFUSAL]))
        if not tables:
            return Recorded.nothing()
        joined = pa.concat_tables(tables)
        keys = _keys(joined)
        order = np.argsort(keys, kind="stable")
        return Recorded(
            keys[order],
            _whole(joined[IMAGE_BYTES])[order],
            _whole(joined[IMAGE_MODIFIED])[order],
            np.asarray(pc.is_valid(joined[REFUSAL]).to_numpy())[order],
        )

    def drop(self, keys: Keys) -> None:
        """Take out the rows of inputs that are to be scored again.

        Raises
        ------
        ResultsNotWritable
            As `write` does.
        """
        if len(keys):
            for path in self.parts():
                found = self._read(path, None)
                if found is not None:
                    self._keep(path, found, ~np.isin(_keys(found), keys))

    def settle(self) -> int:
        """Leave one row an input, and say how many there are: runs that shared the folder may both have written some.

        Of several rows the one in the first file, by name, stays: every run that settles decides the same.
        """
        found = self.recorded()
        _, first, counts = np.unique(found.keys, return_index=True, return_counts=True)
        twice = found.keys[first[counts > 1]]
        seen: set[bytes] = set()
        for path in self.parts() if len(twice) else ():
            content = self._read(path, None)
            if content is None:
                continue
            keep = np.ones(len(content), dtype=np.bool_)
            for row, key in enumerate(_keys(content).tolist()):
                if key in seen:
                    keep[row] = False
                elif key in twice:
                    seen.add(key)
            self._keep(path, content, keep)
        return len(first)

    def tables(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        """Give some columns of every file, a file at a time."""
        for path in self.parts():
            found = self._read(path, columns)
            if found is not None:
                yield found

    def remove_old_drafts(self) -> None:
        """Remove what runs that were killed left behind; a draft of today may be another run's."""
        for path in self.folder.glob(f"{DRAFT}*"):
            with contextlib.suppress(OSError):
                if time.time() - path.stat().st_mtime > _OLD_DRAFT_SECONDS:
                    path.unlink()

    def _keep(self, path: Path, content: pa.Table, keep: NDArray[np.bool_]) -> None:
        if keep.all():
            return
        if keep.any():
            self._write(path, content.filter(pa.array(keep)))
        else:
            path.unlink(missing_ok=True)

    def _write(self, path: Path, content: pa.Table) -> None:
        try:
            write_whole(path, lambda draft: pq.write_table(content, draft, compression="zstd"))
        except OSError as error:
            raise ResultsNotWritable(str(self.folder), error.strerror or str(error)) from error

    def _read(self, path: Path, columns: Sequence[str] | None) -> pa.Table | None:
        try:
            return pq.read_table(path, columns=None if columns is None else list(columns), partitioning=None)
        except FileNotFoundError:  # another run has just settled it
            return None
        except (OSError, pa.ArrowException) as error:
            if isinstance(error, OSError) and error.errno in {errno.EACCES, errno.EIO, errno.ESTALE}:
                raise ResultsNotWritable(str(self.folder), error.strerror or str(error)) from error
            _log.warning("damaged results %s: put aside as _%s, its lesions are scored again", path, path.name)
            with contextlib.suppress(OSError):
                path.replace(path.with_name(f"_{path.name}"))
            return None


@dataclass(frozen=True, slots=True)
class Recorded:
    """Which inputs have rows.

    Attributes
    ----------
    keys
        (n,) sorted; 32 bytes each, so that a million inputs are 32 MB.
    size_bytes, modified_ns
        (n,) of their images' files when they were scored; -1 where there was none.
    refused
        (n,) whether there is a refusal and no probability.
    """

    keys: Keys
    size_bytes: NDArray[np.int64]
    modified_ns: NDArray[np.int64]
    refused: NDArray[np.bool_]

    @classmethod
    def nothing(cls) -> "Recorded":
        """No input has a row."""
        none = np.empty(0, dtype=np.int64)
        return cls(np.empty(0, dtype="S32"), none, none, none.astype(np.bool_))

    def without(self, keys: Keys) -> "Recorded":
        """Forget some of them."""
        kept = ~np.isin(self.keys, keys)
        return Recorded(self.keys[kept], self.size_bytes[kept], self.modified_ns[kept], self.refused[kept])

    def find(self, keys: Keys) -> NDArray[np.intp]:
        """Give the place of each key among those recorded, (m,); -1 for one that is not."""
        if len(self.keys) == 0:
            return np.full(len(keys), -1, dtype=np.intp)
        place = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[place] == keys, place, -1).astype(np.intp)


def open_results(folder: Path, facts: dict[str, object], salt: str | None = None) -> Results:
    """Make a folder of results, or go on in one.

    Parameters
    ----------
    folder
        Made if it is not there.
    facts
        What rows beside each other must have in common.
    salt
        By default drawn at random, once a folder.

    Raises
    ------
    ResultsOfAnotherRun
        When there are results in it with other facts.
    OutputNotOurs
        When other Parquet files lie there.
    OutputNotWritable
        When nothing can be written there.
    """
    if (folder.exists() and not folder.is_dir()) or (
        not (folder / RUN_JSON).is_file() and any(folder.glob("*.parquet"))
    ):
        found = shown(sorted(path.name for path in folder.glob("*.parquet"))) or "a file"
        raise OutputNotOurs(str(folder), found, "results")
    check_writable(folder)
    folder.mkdir(parents=True, exist_ok=True)
    own = {"format": FORMAT, **facts, "salt": salt or secrets.token_hex(16)}
    _publish(folder / RUN_JSON, json.dumps(own, indent=2) + "\n")
    there = read_json(folder / RUN_JSON)
    differing = [name for name in own if name != "salt" and there.get(name) != own[name]]
    if differing or not isinstance(there.get("salt"), str):
        name = differing[0] if differing else "salt"
        raise ResultsOfAnotherRun(str(folder), f"{name} is {there.get(name)}, not {own[name]}")
    results = Results(folder, str(there["salt"]))
    results.remove_old_drafts()
    return results


def _publish(path: Path, text: str) -> None:
    """Let a file appear unless it is there: of several that try, one wins, on NFS too."""
    draft = path.with_name(f"{DRAFT}{secrets.token_hex(8)}")
    try:
        draft.write_text(text, encoding="utf-8")
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    except OSError as error:
        raise ResultsNotWritable(str(path.parent), error.strerror or str(error)) from error
    finally:
        draft.unlink(missing_ok=True)


def _keys(found: pa.Table) -> Keys:
    return np.asarray(found[KEY].to_numpy(zero_copy_only=False), dtype="S32")


def _whole(column: pa.ChunkedArray) -> NDArray[np.int64]:
    return np.asarray(pc.fill_null(column, _UNKNOWN).to_numpy(), dtype=np.int64)
