"""Which parts are left to do: inputs that have no row yet, some hundreds at a time, and halves of parts that died."""

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from training.scoring.inputs import Input, Source, input_key
from training.scoring.recorded import Keys, Recorded
from training.scoring.task import file_stamp

SMALLEST_PART, LARGEST_PART = 100, 1000
"""Lesions: as many as make a scheduler's milliseconds a task nothing, and few enough to lose when a worker dies."""
PARTS_A_WORKER = 8
"""So many, where there are enough lesions, that no worker waits long for the last of the others."""

Part = tuple[Input, ...]


def part_size(count: int, workers: int) -> int:
    """Give how many lesions a part holds."""
    return min(LARGEST_PART, max(SMALLEST_PART, -(-count // (PARTS_A_WORKER * workers))))


class Work:
    """Parts to do, made when they are asked for.

    Parts begin at every `size`-th input of the source whatever is done already, so that runs that share a folder name
    their files alike.

    Parameters
    ----------
    source
        Walked once.
    recorded
        What is done.
    salt
        Of the keys.
    size
        Inputs a part, at most.

    Attributes
    ----------
    passed_over
        Inputs seen so far that are done, or stand in the source twice.
    """

    def __init__(self, source: Source, recorded: Recorded, salt: str, size: int) -> None:
        self._recorded = recorded
        self._root = None if source.pacs is not None else source.root
        self._salt = salt
        self._halves: deque[Part] = deque()
        self._fresh = self._parts(iter(source.walk()), size)
        self.passed_over = 0

    def take(self) -> Part | None:
        """Give the next part."""
        return self._halves.popleft() if self._halves else next(self._fresh, None)

    def halve(self, part: Part) -> None:
        """Give a part that died again as two."""
        middle = len(part) // 2
        self._halves.extend((part[:middle], part[middle:]))

    def _parts(self, inputs: Iterator[Input], size: int) -> Iterator[Part]:
        while chunk := tuple(islice(inputs, size)):
            by_key = {input_key(self._salt, item): item for item in chunk}
            keys = np.array(list(by_key), dtype="S32")
            left = not_done(self._recorded, keys, list(by_key.values()), self._root)
            part = tuple(item for item, wanted in zip(by_key.values(), left, strict=True) if wanted)
            self.passed_over += len(chunk) - len(part)
            if part:
                yield part


def not_done(recorded: Recorded, keys: Keys, inputs: Sequence[Input], root: Path | None) -> list[bool]:
    """Tell which inputs have no row, or one of a file that was changed since; files are looked at, not read.

    Parameters
    ----------
    root
        Where relative paths begin; None: the images lie in a PACS, whose instances never change.
    """
    left = []
    for place, item in zip(recorded.find(keys).tolist(), inputs, strict=True):
        if place < 0:
            left.append(True)
        elif root is None:
            left.append(False)
        else:
            known = (int(recorded.size_bytes[place]), int(recorded.modified_ns[place]))
            left.append(file_stamp(root / item.image) != known)
    return left


def to_redo(source: Source, recorded: Recorded, salt: str, *, refused: bool) -> Keys:
    """Give the keys of rows that are to be taken out and scored again: their image was changed since.

    Parameters
    ----------
    refused
        Whether those that were refused are tried again as well.
    """
    found: list[str] = []
    inputs = iter(source.walk()) if len(recorded.keys) else iter(())
    root = None if source.pacs is not None else source.root
    while chunk := tuple(islice(inputs, LARGEST_PART)):
        keys = [input_key(salt, item) for item in chunk]
        places = recorded.find(np.array(keys, dtype="S32")).tolist()
        changed = not_done(recorded, np.array(keys, dtype="S32"), chunk, root)
        found += [
            key
            for key, place, left in zip(keys, places, changed, strict=True)
            if place >= 0 and (left or (refused and bool(recorded.refused[place])))
        ]
    return np.array(sorted(set(found)), dtype="S32")
