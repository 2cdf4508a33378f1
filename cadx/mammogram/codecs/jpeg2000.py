"""Reads what a JPEG 2000 or HTJ2K codestream declares, before any decoder takes memory for it."""

import struct

from cadx.errors import UnreadableImage, UnsupportedPixels
from cadx.mammogram.codecs.codestream import JPEG2000_START, FrameSize

_MAX_TILES = 4096
_MAX_SEGMENTS = 100_000
_COD, _SOT = b"\xff\x52", b"\xff\x90"
_EOC = b"\xff\xd9"
_PADDING = b"\0\xff"


def jpeg2000_size(codestream: bytes) -> FrameSize:
    """Read the SIZ segment (ITU-T T.800 A.5.1), and of COD which wavelet is used.

    Raises
    ------
    UnreadableImage
        When the stream does not begin with a sound SIZ segment.
    UnsupportedPixels
        When it holds neither one component nor three, or more than 16 bits.
    """
    if codestream[:4] != JPEG2000_START or len(codestream) < 45:
        raise _broken("it does not begin as a codestream does")
    (right, bottom, left, top, tile_width, tile_height, tile_left, tile_top, components) = struct.unpack(
        ">8LH", codestream[8:42]
    )
    if components not in {1, 3}:
        raise UnsupportedPixels("the codestream has neither one component nor three")
    declared = {codestream[42 + 3 * index : 45 + 3 * index] for index in range(components)}
    if len(declared) != 1 or len(next(iter(declared))) != 3:
        raise UnsupportedPixels("the codestream has several components, that is color")
    depth, step_x, step_y = next(iter(declared))
    if (left, top, tile_left, tile_top, step_x, step_y) != (0, 0, 0, 0, 1, 1):
        raise _broken("its picture is not placed at the origin of its grid")
    if 0 in {right, bottom, tile_width, tile_height}:
        raise _broken("it declares an empty picture or tile")
    if -(-right // tile_width) * -(-bottom // tile_height) > _MAX_TILES:
        raise _broken(f"it declares more than {_MAX_TILES} tiles")
    precision = (depth & 0x7F) + 1
    if not 2 <= precision <= 16:
        raise UnsupportedPixels("the codestream does not hold 2 to 16 bits a pixel")
    return FrameSize(bottom, right, precision, bool(depth & 0x80), components, _is_irreversible(codestream))


def ended_jpeg2000(codestream: bytes) -> bytes:
    """The codestream up to its end marker (EOC); what follows is padding, or another frame.

    Raises
    ------
    UnreadableImage
        When a tile is cut short, or the end marker is missing.
    """
    end = _end(codestream)
    if codestream[end : end + 2] == _EOC:
        return codestream[: end + 2]
    stripped = codestream.rstrip(_PADDING)
    if stripped.endswith(_EOC):
        return stripped
    raise _broken("it is cut short" if end > len(codestream) else "its end marker (EOC) is missing")


def _is_irreversible(codestream: bytes) -> bool:
    """Whether the main header asks for the 9-7 wavelet (T.800 A.6.1), which loses information."""
    position = 2
    for _ in range(_MAX_SEGMENTS):
        marker, length = codestream[position : position + 2], codestream[position + 2 : position + 4]
        if marker == _COD:
            return codestream[position + 13 : position + 14] == b"\0"
        if len(length) < 2 or marker == _SOT:
            return False
        position += 2 + int.from_bytes(length, "big")
    return False


def _end(codestream: bytes) -> int:
    """Where the last tile-part ends, by the lengths in their headers (T.800 A.4.2)."""
    position = 2
    for _ in range(_MAX_SEGMENTS):
        marker, length = codestream[position : position + 2], codestream[position + 2 : position + 4]
        if marker == _EOC or len(marker) < 2 or marker[0] != 0xFF:
            break
        if marker != _SOT:
            position += 2 + int.from_bytes(length, "big")
            continue
        part = int.from_bytes(codestream[position + 6 : position + 10], "big")
        if part == 0:  # the last one: up to the end marker
            return max(codestream.rfind(_EOC), position)
        position += max(part, 12)
    return position


def _broken(reason: str) -> UnreadableImage:
    return UnreadableImage("dicom", f"the JPEG 2000 codestream is broken, {reason}")
