"""What a codestream is, told by its own markers."""

from dataclasses import dataclass
from enum import Enum

from cadx.errors import UnreadableImage, UnsupportedPixels


class Codec(Enum):
    """A way to code one frame; the value is its name for people."""

    JPEG_BASELINE = "JPEG baseline"
    JPEG_EXTENDED = "JPEG extended"
    JPEG_PROGRESSIVE = "JPEG progressive"
    JPEG_LOSSLESS = "JPEG lossless"
    JPEG_LS = "JPEG-LS"
    JPEG2000 = "JPEG 2000"
    RLE = "RLE"


@dataclass(frozen=True, slots=True)
class FrameSize:
    """What a codestream declares about its picture.

    Attributes
    ----------
    rows, columns
        Size in pixels.
    precision
        Bits of a sample.
    signed
        Whether samples are signed; only JPEG 2000 can tell.
    components
        1 for gray, 3 for color.
    lossy
        Whether the coding process loses information.
    """

    rows: int
    columns: int
    precision: int
    signed: bool = False
    components: int = 1
    lossy: bool = False


JPEG_START = b"\xff\xd8"
JPEG2000_START = b"\xff\x4f\xff\x51"
JP2_START = b"\0\0\0\x0cjP  \r\n\x87\n"
STARTS = (b"\xff\xd8\xff", JPEG2000_START, JP2_START)
"""What no codestream holds but where it begins."""

_MOST_BOXES = 64
_RLE_HEADER_BYTES = 64


def begins(content: bytes) -> bool:
    """Whether bytes are the beginning of a JPEG, JPEG-LS or JPEG 2000 codestream."""
    return content.startswith(STARTS)


def looks_like_rle(codestream: bytes, segments: int) -> bool:
    """Whether a frame begins with an RLE header of so many segments (PS3.5 G.5): each of its 16 numbers fits."""
    if len(codestream) < _RLE_HEADER_BYTES:
        return False
    numbers = [int.from_bytes(codestream[4 * index : 4 * index + 4], "little") for index in range(16)]
    used, unused = numbers[1 : segments + 1], numbers[segments + 1 :]
    sound = used[0] == _RLE_HEADER_BYTES and used == sorted(set(used)) and used[-1] < len(codestream)
    return numbers[0] == segments and sound and not any(unused)


def bare_jpeg2000(codestream: bytes) -> bytes:
    """The codestream within a JP2 file (ITU-T T.800 I.5), which PS3.5 A.4.4 does not allow and some writers leave.

    Raises
    ------
    UnreadableImage
        When the file holds no codestream.
    UnsupportedPixels
        When it holds a palette: the codestream alone is no picture then.
    """
    if not codestream.startswith(JP2_START):
        return codestream
    position = 0
    for _ in range(_MOST_BOXES):
        length, kind, head = _box(codestream, position)
        content = codestream[position + head : position + length]
        if kind == b"jp2c":
            return content
        if kind == b"jp2h" and b"pclr" in content:
            raise UnsupportedPixels("the JP2 file holds a palette")
        position += length
    raise UnreadableImage("dicom", "the JP2 file holds no codestream")


def _box(content: bytes, position: int) -> tuple[int, bytes, int]:
    """Length, kind and bytes of the head of the box at a position."""
    length, kind, head = (
        int.from_bytes(content[position : position + 4], "big"),
        content[position + 4 : position + 8],
        8,
    )
    if length == 1:
        length, head = int.from_bytes(content[position + 8 : position + 16], "big"), 16
    if length == 0:
        length = len(content) - position
    if len(kind) < 4 or length < head:
        raise UnreadableImage("dicom", "the JP2 file holds no codestream")
    return length, kind, head
