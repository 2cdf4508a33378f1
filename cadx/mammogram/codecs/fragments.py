"""Encapsulated pixel data: which fragments hold which frame (PS3.5 A.4)."""

from dataclasses import dataclass

import numpy as np

from cadx.errors import PixelDataMismatch, UnreadableImage
from cadx.mammogram.byte_source import ByteSource
from cadx.mammogram.codecs.codestream import STARTS, begins
from cadx.mammogram.parser.heads import ITEM, SEQUENCE_END, UNDEFINED_LENGTH, Cursor, Encoding, element_head

_MISSING_DELIMITER = "the sequence delimitation item (FFFE,E0DD) after the pixel data is missing"


@dataclass(frozen=True, slots=True)
class Fragment:
    """One piece of encapsulated pixel data: where its bytes lie in the file."""

    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Encapsulated:
    """Encapsulated pixel data, still in the file.

    Attributes
    ----------
    source
        The file.
    table
        The basic offset table; empty where the file has none.
    fragments
        All that hold something, in their order.
    """

    source: ByteSource
    table: tuple[int, ...]
    fragments: tuple[Fragment, ...]

    @property
    def first_bytes(self) -> bytes:
        """The beginning of the first fragment."""
        return self.source.read(self.fragments[0].offset, 64)

    @property
    def starts(self) -> list[int]:
        """Which fragments begin as a codestream does."""
        longest = max(len(start) for start in STARTS)
        return [
            number
            for number, fragment in enumerate(self.fragments)
            if begins(self.source.read(fragment.offset, min(longest, fragment.length)))
        ]

    def frame(self, frames: int, frame: int) -> bytes:
        """Return the codestream of one frame (from 1); only its own fragments are read.

        Raises
        ------
        PixelDataMismatch
            When the fragments cannot be told apart into the declared number of frames.
        """
        chosen = self._of_frame(frames, frame)
        return b"".join(self.source.read(fragment.offset, fragment.length) for fragment in chosen)

    def _of_frame(self, frames: int, frame: int) -> tuple[Fragment, ...]:
        if frames > 1 and len(self.fragments) == frames:
            return (self.fragments[frame - 1],)
        starts = self.starts
        if len(starts) == frames or (frames == 1 and len(starts) > 1 and starts[0] == 0):
            stop = starts[frame] if frame < len(starts) else len(self.fragments)
            return self.fragments[starts[frame - 1] : stop]
        if frames == 1:
            return self.fragments
        return self._by_table(frames, frame)

    def _by_table(self, frames: int, frame: int) -> tuple[Fragment, ...]:
        if len(self.table) != frames:
            raise PixelDataMismatch(f"{frames} frames", f"{len(self.fragments)} fragments and no offset table for them")
        base = self.fragments[0].offset - 8
        start = self.table[frame - 1]
        stop = self.table[frame] if frame < frames else self.fragments[-1].offset - base + 1
        chosen = tuple(fragment for fragment in self.fragments if start <= fragment.offset - 8 - base < stop)
        if not chosen:
            raise PixelDataMismatch(f"{frames} frames", "an offset table that points to none of the fragments")
        return chosen


def encapsulated(source: ByteSource, offset: int, length: int) -> Encapsulated:
    """Find the fragments.

    Parameters
    ----------
    source
        The file.
    offset
        Where the value of the pixel data begins.
    length
        Its length; of encapsulated data it should be undefined, and some writers fill it in.

    Raises
    ------
    TruncatedImage
        When the file ends within a fragment.
    UnreadableImage
        When something between the fragments is no item, or what must end them is missing.
    """
    cursor = Cursor(source, offset)
    end = None if length == UNDEFINED_LENGTH else offset + length
    pieces: list[Fragment] = []
    while end is None or cursor.position < end:
        if cursor.at_end:
            raise UnreadableImage("dicom", _MISSING_DELIMITER)
        head = element_head(cursor, Encoding())
        if head.tag == SEQUENCE_END:
            break
        if head.tag != ITEM:
            raise UnreadableImage("dicom", "the encapsulated pixel data hold something that is no item")
        pieces.append(Fragment(cursor.position, head.length))
        cursor.skip(head.length)
    fragments = tuple(piece for piece in pieces[1:] if piece.length)
    if not fragments:
        raise UnreadableImage("dicom", "the encapsulated pixel data are empty")
    content = source.read(pieces[0].offset, pieces[0].length)
    table = np.frombuffer(content[: len(content) // 4 * 4], dtype="<u4")
    return Encapsulated(source, tuple(int(entry) for entry in table), fragments)
