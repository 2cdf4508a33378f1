"""What is known of inputs that have rows: enough to decide which are left to do, in 50 bytes each."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from training.scoring.rows import FAILED, IMAGE_BYTES, IMAGE_MODIFIED, KEY, REFUSAL, REPORT

STATE_COLUMNS = (KEY, REFUSAL, REPORT)
RECORDED_COLUMNS = (*STATE_COLUMNS, IMAGE_BYTES, IMAGE_MODIFIED)
_UNKNOWN = -1

Keys = NDArray[np.bytes_]


class RowState(IntEnum):
    """How much a row tells, the most first: of several rows of one input the first of these stays."""

    REPORTED = 0
    REPORT_FAILED = 1
    ASSESSED = 2
    REFUSED = 3


@dataclass(frozen=True, slots=True)
class Recorded:
    """Which inputs have rows.

    Attributes
    ----------
    keys
        (n,) sorted; 32 bytes each, so that a million inputs are 32 MB. A key that several runs wrote stands here as
        often, the row that tells most first.
    size_bytes, modified_ns
        (n,) of their images' files when they were scored; -1 where there was none.
    states
        (n,) as `RowState` numbers them.
    """

    keys: Keys
    size_bytes: NDArray[np.int64]
    modified_ns: NDArray[np.int64]
    states: NDArray[np.uint8]

    @classmethod
    def of(cls, tables: Sequence[pa.Table]) -> "Recorded":
        """Sort what files of rows tell; they have `RECORDED_COLUMNS`."""
        if not tables:
            none = np.empty(0, dtype=np.int64)
            return cls(np.empty(0, dtype="S32"), none, none, none.astype(np.uint8))
        joined = pa.concat_tables(tables)
        states = states_of(joined)
        order = np.argsort(states, kind="stable")
        order = order[np.argsort(keys_of(joined)[order], kind="stable")]
        return cls(
            keys_of(joined)[order],
            _whole(joined[IMAGE_BYTES])[order],
            _whole(joined[IMAGE_MODIFIED])[order],
            states[order],
        )

    @property
    def refused(self) -> NDArray[np.bool_]:
        """(n,) whether there is a refusal and no probability."""
        return np.equal(self.states, RowState.REFUSED)

    def without(self, keys: Keys) -> "Recorded":
        """Forget some of them."""
        return self._only(~np.isin(self.keys, keys))

    def without_reports_to_make(self, *, failed: bool) -> "Recorded":
        """Forget those that were assessed and not reported.

        Parameters
        ----------
        failed
            Whether also those whose report failed.
        """
        left = (self.states == RowState.ASSESSED) | (failed & (self.states == RowState.REPORT_FAILED))
        return self._only(~left)

    def find(self, keys: Keys) -> NDArray[np.intp]:
        """Give the place of each key among those recorded, (m,); -1 for one that is not."""
        if len(self.keys) == 0:
            return np.full(len(keys), -1, dtype=np.intp)
        place = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[place] == keys, place, -1).astype(np.intp)

    def _only(self, kept: NDArray[np.bool_]) -> "Recorded":
        return Recorded(self.keys[kept], self.size_bytes[kept], self.modified_ns[kept], self.states[kept])


def keys_of(found: pa.Table) -> Keys:
    """Give the keys of rows, (n,)."""
    return np.asarray(found[KEY].to_numpy(zero_copy_only=False), dtype="S32")


def states_of(found: pa.Table) -> NDArray[np.uint8]:
    """Give the states of rows, (n,), as `RowState` numbers them."""
    refused, reported = (np.asarray(pc.is_valid(found[name]).to_numpy()) for name in (REFUSAL, REPORT))
    failed = np.asarray(pc.fill_null(pc.equal(found[REPORT], FAILED), fill_value=False).to_numpy())
    states = np.full(len(found), RowState.ASSESSED, dtype=np.uint8)
    states[reported] = RowState.REPORTED
    states[failed] = RowState.REPORT_FAILED
    states[refused] = RowState.REFUSED
    return states


def _whole(column: pa.ChunkedArray) -> NDArray[np.int64]:
    return np.asarray(pc.fill_null(column, _UNKNOWN).to_numpy(), dtype=np.int64)
