"""From one frame of encapsulated pixel data to stored values, by the library that fits the transfer syntax.

Each decoder gets a codestream whose declared size was compared with the header first, so that memory is taken only
for what the limits allow. All libraries are permissively licensed.
"""

import io
import struct
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import TypeVar

import gdcm
import jpeg_ls
import numpy as np
from openjpeg.utils import decode_pixel_data as decode_j2k
from PIL import Image, JpegImagePlugin

from cadx.errors import PixelDataMismatch, UnreadableImage
from cadx.mammogram.codecs import transfer_syntaxes
from cadx.mammogram.codecs.jpeg import BASELINE, EXTENDED, JPEG_LS, LOSSLESS, FrameSize, rebuilt_jpeg
from cadx.mammogram.codecs.jpeg2000 import jpeg2000_size
from cadx.mammogram.codecs.pixel_layout import PixelLayout
from cadx.mammogram.gray.pixels import StoredImage

T = TypeVar("T")
Decoder = Callable[[bytes, PixelLayout, str], StoredImage]

_RLE_HEADER_BYTES = 64

# gdcm writes to stderr on its own; a service's log is not the place for it.
gdcm.Trace.DebugOff()
gdcm.Trace.WarningOff()
gdcm.Trace.ErrorOff()


def decoded_frame(codestream: bytes, layout: PixelLayout, transfer_syntax: str) -> StoredImage:
    """Decode one frame.

    Parameters
    ----------
    codestream
        The frame's fragments, joined.
    layout
        What the header says of the pixels.
    transfer_syntax
        One of the encapsulated `READABLE_TRANSFER_SYNTAXES`.

    Returns
    -------
    ndarray
        Integers, (rows, columns), signed where PixelRepresentation says so.

    Raises
    ------
    UnreadableImage
        When the codestream is broken.
    PixelDataMismatch
        When it declares another size, depth or sign than the header.
    UnsupportedPixels
        When it is in color.
    """
    values = _DECODERS[transfer_syntax](codestream, layout, transfer_syntax)
    return values.view(f"i{values.dtype.itemsize}") if layout.signed else values


def _decode_rle(codestream: bytes, layout: PixelLayout, transfer_syntax: str) -> StoredImage:
    """RLE Lossless (PS3.5 annex G): one PackBits segment for each byte of a pixel, the high byte first."""
    planes = layout.bits_allocated // 8
    header = codestream[:_RLE_HEADER_BYTES]
    if len(header) < _RLE_HEADER_BYTES:
        raise UnreadableImage("dicom", "the RLE header is cut short")
    segments, *offsets = struct.unpack("<16L", header)
    starts = [*offsets[:planes], len(codestream)]
    if segments != planes or starts[0] != _RLE_HEADER_BYTES or starts != sorted(starts):
        raise UnreadableImage("dicom", "the RLE header is not one of the standard")
    count = layout.rows * layout.columns
    values = np.zeros((count, planes), dtype=np.uint8)
    for plane in range(planes):
        packed = codestream[starts[plane] : starts[plane + 1]]
        values[:, planes - 1 - plane] = _guarded(partial(_unpacked, packed, count))
    return values.view(f"<u{planes}").reshape(layout.rows, layout.columns)


def _unpacked(packed: bytes, count: int) -> StoredImage:
    values: StoredImage = np.asarray(Image.frombytes("L", (count, 1), packed, "packbits", "L"))[0]
    return values


def _check_sign(size: FrameSize, layout: PixelLayout) -> None:
    """A codec without signs leaves two's complement, whose width must then be that of a declared number of bits."""
    if layout.signed and size.precision not in {layout.bits_stored, layout.bits_allocated}:
        raise PixelDataMismatch(f"signed pixels of {layout.bits_stored} bits", f"{size.precision} bits")


def _decode_jpeg(codestream: bytes, layout: PixelLayout, transfer_syntax: str) -> StoredImage:
    """JPEG baseline, extended (8 and 12 bits) and lossless: 8-bit lossy by Pillow, all others by gdcm."""
    size, rebuilt = rebuilt_jpeg(codestream, _JPEG_PROCESSES[transfer_syntax])
    _check_size(size, layout)
    _check_sign(size, layout)
    if size.precision == 8 and transfer_syntax in {transfer_syntaxes.JPEG_BASELINE, transfer_syntaxes.JPEG_EXTENDED}:
        return _guarded(lambda: np.asarray(JpegImagePlugin.JpegImageFile(io.BytesIO(rebuilt))))
    return _guarded(lambda: _gdcm_pixels(rebuilt, size, transfer_syntax))


def _gdcm_pixels(codestream: bytes, size: FrameSize, transfer_syntax: str) -> StoredImage:
    allocated = 8 if size.precision <= 8 else 16
    fragment = gdcm.Fragment()
    fragment.SetByteStringValue(codestream)
    fragments = gdcm.SequenceOfFragments.New()
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())
    image = gdcm.Image()
    image.SetNumberOfDimensions(2)
    image.SetDimensions((size.columns, size.rows, 1))
    image.SetDataElement(element)
    image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(gdcm.PhotometricInterpretation.MONOCHROME2))
    image.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(transfer_syntax)))
    image.SetPixelFormat(gdcm.PixelFormat(1, allocated, size.precision, size.precision - 1, 0))
    # gdcm gives char* as str.
    content = image.GetBuffer().encode("utf-8", "surrogateescape")
    return np.frombuffer(content, dtype=f"<u{allocated // 8}").reshape(size.rows, size.columns)


def _decode_jpeg_ls(codestream: bytes, layout: PixelLayout, transfer_syntax: str) -> StoredImage:
    size, rebuilt = rebuilt_jpeg(codestream, (JPEG_LS,))
    _check_size(size, layout)
    _check_sign(size, layout)
    content, _ = _guarded(lambda: jpeg_ls.decode_pixel_data(rebuilt))
    return _shaped(content, size)


def _decode_jpeg2000(codestream: bytes, layout: PixelLayout, transfer_syntax: str) -> StoredImage:
    size = jpeg2000_size(codestream)
    _check_size(size, layout)
    if size.signed != layout.signed:
        raise PixelDataMismatch(f"{_sign(layout.signed)} pixels", f"{_sign(size.signed)} ones")
    if not codestream.rstrip(b"\0").endswith(b"\xff\xd9"):
        raise UnreadableImage("dicom", "the JPEG 2000 codestream is cut short")
    content = _guarded(lambda: bytes(decode_j2k(codestream, version=2)))
    return _shaped(content, size)


def _check_size(size: FrameSize, layout: PixelLayout) -> None:
    if (size.rows, size.columns) != (layout.rows, layout.columns):
        raise PixelDataMismatch(
            f"{layout.rows} rows x {layout.columns} columns", f"{size.rows} rows x {size.columns} columns"
        )
    if size.precision > layout.bits_allocated:
        raise PixelDataMismatch(f"{layout.bits_allocated} bits allocated", f"{size.precision} bits")


def _shaped(content: bytes | bytearray, size: FrameSize) -> StoredImage:
    values = np.frombuffer(content, dtype="u1" if size.precision <= 8 else "<u2")
    if values.size != size.rows * size.columns:
        raise UnreadableImage("dicom", "the decoder gave another number of pixels than declared")
    return values.reshape(size.rows, size.columns)


def _guarded(decode: Callable[[], T]) -> T:
    try:
        return decode()
    except Exception as problem:  # noqa: BLE001 - decoders raise anything on hostile bytes
        reason = type(problem).__name__
    raise UnreadableImage("dicom", f"the decoder stopped with {reason}")


def _sign(signed: bool) -> str:
    return "signed" if signed else "unsigned"


_JPEG_PROCESSES: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {
        transfer_syntaxes.JPEG_BASELINE: (BASELINE,),
        transfer_syntaxes.JPEG_EXTENDED: (BASELINE, EXTENDED),
        transfer_syntaxes.JPEG_LOSSLESS: (LOSSLESS,),
        transfer_syntaxes.JPEG_LOSSLESS_SV1: (LOSSLESS,),
    }
)

_DECODERS: Mapping[str, Decoder] = MappingProxyType(
    dict.fromkeys(_JPEG_PROCESSES, _decode_jpeg)
    | dict.fromkeys(transfer_syntaxes.JPEG_LS_SYNTAXES, _decode_jpeg_ls)
    | dict.fromkeys(transfer_syntaxes.JPEG2000_SYNTAXES, _decode_jpeg2000)
    | {transfer_syntaxes.RLE: _decode_rle}
)
