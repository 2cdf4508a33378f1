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
import pyarrow.parquet as pq
from numpy.typing import NDArray

from training.errors import OutputNotOurs, ResultsNotWritable, ResultsOfAnotherRun
from training.outputs import DRAFT, check_writable, read_json, shown, write_whole
from training.scoring.recorded import RECORDED_COLUMNS, STATE_COLUMNS, Keys, Recorded, RowState, keys_of, states_of
from training.scoring.rows import KEY, Row, table

RUN_JSON, SUMMARY_JSON = "_run.json", "_summary.json"
PART_FILES = "part-*.parquet"
FORMAT = 2
_OLD_DRAFT_SECONDS = 86_400.0
_log = logging.getLogger(__name__)


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

    def recorded(self) -> Recorded:
        """Say which inputs have rows; files that cannot be read are put aside, told, and count for nothing."""
        return Recorded.of(list(self.tables(RECORDED_COLUMNS)))

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
                    self._keep(path, found, ~np.isin(keys_of(found), keys))

    def settle(self) -> int:
        """Leave one row an input, and say how many there are: runs that shared the folder may both have written some.

        Of several rows the one that tells most stays, and of equals the one in the first file, by name: every run that
        settles decides the same.
        """
        keys, counts = np.unique(self.recorded().keys, return_counts=True)
        twice = keys[counts > 1]
        if len(twice) == 0:
            return len(keys)
        paths = self.parts()
        best = np.full(len(twice), len(RowState), dtype=np.uint8)
        holder = np.full(len(twice), -1)
        for number, path in enumerate(paths):
            found = self._read(path, STATE_COLUMNS)
            if found is not None:
                place, row = _first_places(twice, keys_of(found))
                states = states_of(found)[row]
                better = states < best[place]
                best[place[better]], holder[place[better]] = states[better], number
        for number, path in enumerate(paths):
            content = self._read(path, None)
            if content is not None:
                place, row = _first_places(twice, keys_of(content))
                keep = ~np.isin(keys_of(content), twice)
                keep[row[holder[place] == number]] = True
                self._keep(path, content, keep)
        return len(keys)

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


def _first_places(among: Keys, keys: Keys) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Find a file's keys among sorted ones: their places there, and in the file the row that has each first."""
    unique, row = np.unique(keys, return_index=True)
    known = np.isin(unique, among)
    return np.searchsorted(among, unique[known]).astype(np.intp), row[known].astype(np.intp)
