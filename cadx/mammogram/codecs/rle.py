"""RLE Lossless (PS3.5 annex G): one PackBits segment for each byte of a sample, the high byte first."""

import struct

import numpy as np
from PIL import Image

from cadx.errors import UnreadableImage
from cadx.mammogram.codecs.pixel_layout import Channels, PixelLayout
from cadx.mammogram.gray.channels import gray_of_rgb, gray_of_ybr
from cadx.mammogram.gray.pixels import StoredImage

_HEADER_BYTES = 64


def rle_segments(layout: PixelLayout) -> int:
    """Segments of a frame."""
    return layout.samples * layout.bits_allocated // 8


def decode_rle(codestream: bytes, layout: PixelLayout) -> StoredImage:
    """Decode a frame whose size the header declares: RLE itself declares none.

    Raises
    ------
    UnreadableImage
        When the header or a segment is not of the standard.
    UnsupportedPixels
        When it is in color.
    """
    planes, count = rle_segments(layout), layout.rows * layout.columns
    header = codestream[:_HEADER_BYTES]
    if len(header) < _HEADER_BYTES:
        raise UnreadableImage("dicom", "the RLE header is cut short")
    segments, *offsets = struct.unpack("<16L", header)
    starts = [*offsets[:planes], len(codestream)]
    if segments != planes or starts[0] != _HEADER_BYTES or starts != sorted(starts):
        raise UnreadableImage("dicom", "the RLE header is not one of the standard")
    sample_bytes = layout.bits_allocated // 8
    channels = []
    for sample in range(layout.samples):
        values = np.zeros((count, sample_bytes), dtype=np.uint8)
        for byte in range(sample_bytes):
            plane = sample * sample_bytes + byte
            packed = codestream[starts[plane] : starts[plane + 1]]
            values[:, sample_bytes - 1 - byte] = _unpacked(packed, count)
        channels.append(values.view(f"<u{sample_bytes}").reshape(layout.rows, layout.columns))
    if len(channels) == 1:
        return channels[0].view(layout.dtype(big_endian=False))
    if layout.channels is Channels.RGB:
        return gray_of_rgb(channels)
    return gray_of_ybr(channels, layout.bits_allocated)


def _unpacked(packed: bytes, count: int) -> StoredImage:
    try:
        values: StoredImage = np.asarray(Image.frombytes("L", (count, 1), packed, "packbits", "L"))[0]
    except Exception as problem:  # noqa: BLE001 - decoders raise anything on hostile bytes
        reason = type(problem).__name__
    else:
        return values
    raise UnreadableImage("dicom", f"the decoder stopped with {reason}")
