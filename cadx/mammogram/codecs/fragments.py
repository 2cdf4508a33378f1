"""Encapsulated pixel data: which fragments hold which frame (PS3.5 A.4)."""

from dataclasses import dataclass

import numpy as np

from cadx.errors import PixelDataMismatch, UnreadableImage
from cadx.mammogram.byte_source import ByteSource
from cadx.mammogram.parser.elements import ITEM, SEQUENCE_END, Cursor, Encoding, element_head


@dataclass(frozen=True, slots=True)
class Fragment:
    """One piece of encapsulated pixel data: where its bytes lie in the file."""

    offset: int
    length: int


def frame_bytes(source: ByteSource, offset: int, frames: int, frame: int) -> bytes:
    """Return the codestream of one frame (from 1); only its own fragments are read.

    Raises
    ------
    TruncatedImage
        When the file ends before the fragments do.
    UnreadableImage
        When something between the fragments is no item.
    PixelDataMismatch
        When the fragments cannot be told apart into the declared number of frames.
    """
    table, fragments = _fragments(source, offset)
    chosen = _of_frame(table, fragments, frames, frame)
    return b"".join(source.read(fragment.offset, fragment.length) for fragment in chosen)


def _fragments(source: ByteSource, offset: int) -> tuple[tuple[int, ...], list[Fragment]]:
    """The basic offset table, and all fragments."""
    cursor = Cursor(source, offset)
    encoding = Encoding()
    pieces: list[Fragment] = []
    while True:
        tag, _, length = element_head(cursor, encoding)
        if tag == SEQUENCE_END:
            break
        if tag != ITEM:
            raise UnreadableImage("dicom", "the encapsulated pixel data hold something that is no item")
        pieces.append(Fragment(cursor.position, length))
        cursor.skip(length)
    if len(pieces) < 2:
        raise UnreadableImage("dicom", "the encapsulated pixel data are empty")
    content = source.read(pieces[0].offset, pieces[0].length)
    table = np.frombuffer(content[: len(content) // 4 * 4], dtype="<u4")
    return tuple(int(entry) for entry in table), pieces[1:]


def _of_frame(table: tuple[int, ...], fragments: list[Fragment], frames: int, frame: int) -> list[Fragment]:
    if frames == 1:
        return fragments
    if len(fragments) == frames:
        return [fragments[frame - 1]]
    if len(table) != frames:
        raise PixelDataMismatch(f"{frames} frames", f"{len(fragments)} fragments and no offset table for them")
    base = fragments[0].offset - 8
    start = table[frame - 1]
    stop = table[frame] if frame < frames else fragments[-1].offset - base + 1
    chosen = [fragment for fragment in fragments if start <= fragment.offset - 8 - base < stop]
    if not chosen:
        raise PixelDataMismatch(f"{frames} frames", "an offset table that points to none of the fragments")
    return chosen
