"""Reads what a JPEG 2000 or HTJ2K codestream declares, before any decoder takes memory for it."""

import struct

from cadx.errors import UnreadableImage, UnsupportedPixels
from cadx.mammogram.codecs.jpeg import FrameSize

_SOC_SIZ = b"\xff\x4f\xff\x51"
_MAX_TILES = 4096


def jpeg2000_size(codestream: bytes) -> FrameSize:
    """Read the SIZ segment (ITU-T T.800 A.5.1).

    Raises
    ------
    UnreadableImage
        When the stream does not begin with a sound SIZ segment. A JP2 file in place of the bare codestream breaks
        PS3.5 A.4.4 and is refused as well.
    UnsupportedPixels
        When it holds several components, or more than 16 bits.
    """
    if codestream[:4] != _SOC_SIZ or len(codestream) < 45:
        raise _broken("it does not begin as a codestream does")
    (right, bottom, left, top, tile_width, tile_height, tile_left, tile_top, components) = struct.unpack(
        ">8LH", codestream[8:42]
    )
    if components != 1:
        raise UnsupportedPixels("the codestream has several components, that is color")
    depth, step_x, step_y = codestream[42:45]
    if (left, top, tile_left, tile_top, step_x, step_y) != (0, 0, 0, 0, 1, 1):
        raise _broken("its picture is not placed at the origin of its grid")
    if 0 in {right, bottom, tile_width, tile_height}:
        raise _broken("it declares an empty picture or tile")
    if -(-right // tile_width) * -(-bottom // tile_height) > _MAX_TILES:
        raise _broken(f"it declares more than {_MAX_TILES} tiles")
    precision = (depth & 0x7F) + 1
    if not 2 <= precision <= 16:
        raise UnsupportedPixels("the codestream does not hold 2 to 16 bits a pixel")
    return FrameSize(bottom, right, precision, signed=bool(depth & 0x80))


def _broken(reason: str) -> UnreadableImage:
    return UnreadableImage("dicom", f"the JPEG 2000 codestream is broken, {reason}")
