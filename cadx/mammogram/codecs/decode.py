"""From one frame of encapsulated pixel data to stored values, by the library that fits the codestream.

What a codestream is, its own markers tell and not the transfer syntax. Each decoder gets a codestream whose declared
size was compared with the header first, so that memory is taken only for what the limits allow. All libraries are
permissively licensed.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import gdcm
import jpeg_ls
import numpy as np
from openjpeg.utils import decode_pixel_data as decode_j2k
from PIL import JpegImagePlugin

from cadx.errors import PixelDataMismatch, UnreadableImage, UnsupportedPixels
from cadx.mammogram.codecs import transfer_syntaxes
from cadx.mammogram.codecs.codestream import (
    JP2_START,
    JPEG2000_START,
    JPEG_START,
    Codec,
    FrameSize,
    bare_jpeg2000,
    looks_like_rle,
)
from cadx.mammogram.codecs.jpeg import jpeg_size, rebuilt_jpeg
from cadx.mammogram.codecs.jpeg2000 import ended_jpeg2000, jpeg2000_size
from cadx.mammogram.codecs.jpeg_segments import JpegParts, jpeg_parts
from cadx.mammogram.codecs.pixel_layout import Channels, PixelLayout
from cadx.mammogram.codecs.rle import decode_rle, rle_segments
from cadx.mammogram.gray.channels import gray_of_rgb, gray_of_ybr
from cadx.mammogram.gray.pixels import StoredImage

T = TypeVar("T")

# gdcm writes to stderr on its own; a service's log is not the place for it.
gdcm.Trace.DebugOff()
gdcm.Trace.WarningOff()
gdcm.Trace.ErrorOff()


@dataclass(frozen=True, slots=True)
class Decoded:
    """One decoded frame.

    Attributes
    ----------
    values
        Integers, (rows, columns), signed where PixelRepresentation says so; they may lie beyond BitsStored.
    codec
        What the codestream was.
    lossy
        Whether its coding process loses information.
    contradictions
        What the header declares and the codestream is, where these differ and the codestream was followed.
    """

    values: StoredImage = field(repr=False)
    codec: Codec
    lossy: bool
    contradictions: tuple[tuple[str, str], ...] = ()


def decoded_frame(codestream: bytes, layout: PixelLayout, transfer_syntax: str) -> Decoded:
    """Decode one frame.

    Parameters
    ----------
    codestream
        The frame's fragments, joined.
    layout
        What the header says of the pixels.
    transfer_syntax
        What the header says of the codestream: any UID, or '' where it says nothing.

    Raises
    ------
    UnreadableImage
        When the codestream is broken.
    PixelDataMismatch
        When it is of no known kind, or declares another size, depth or sign than the header can mean.
    UnsupportedPixels
        When it is in color.
    """
    declared = transfer_syntaxes.CODECS.get(transfer_syntax, ())
    if codestream.startswith(JPEG_START):
        parts = jpeg_parts(codestream)
        codec, size = parts.codec, jpeg_size(parts)
        values = decode_jpeg(parts, size, layout)
    elif codestream.startswith((JPEG2000_START, JP2_START)):
        bare = bare_jpeg2000(codestream)
        codec, size = Codec.JPEG2000, jpeg2000_size(bare)
        values = _decode_jpeg2000(ended_jpeg2000(bare), size, layout)
    elif Codec.RLE in declared or looks_like_rle(codestream, rle_segments(layout)):
        codec, size = Codec.RLE, FrameSize(layout.rows, layout.columns, layout.bits_allocated, layout.signed)
        values = decode_rle(codestream, layout)
    else:
        raise _unknown(transfer_syntax)
    contradictions = [] if codec in declared else [(_declared(transfer_syntax), codec.value)]
    if codestream.startswith(JP2_START):
        contradictions.append(("a bare JPEG 2000 codestream", "a JP2 file"))
    if codec is Codec.JPEG2000 and size.signed != layout.signed:
        contradictions.append((f"{_sign(layout.signed)} pixels", f"{_sign(size.signed)} ones"))
    return Decoded(values, codec, size.lossy, tuple(contradictions))


def _unknown(transfer_syntax: str) -> Exception:
    declared = transfer_syntaxes.CODECS.get(transfer_syntax)
    if declared is None:
        return PixelDataMismatch(_declared(transfer_syntax), "encapsulated data of no known kind")
    return UnreadableImage(
        "dicom", f"the pixel data do not begin as {declared[0].value} does, nor as any known codestream"
    )


def _declared(transfer_syntax: str) -> str:
    return f"transfer syntax {transfer_syntaxes.shown_uid(transfer_syntax)}"


def decode_jpeg(parts: JpegParts, size: FrameSize, layout: PixelLayout) -> StoredImage:
    """JPEG and JPEG-LS: 8-bit lossy by Pillow, JPEG-LS by CharLS, all others by gdcm."""
    rebuilt = rebuilt_jpeg(parts, size)
    _check_size(size, layout)
    _check_sign(size, layout)
    if parts.codec is Codec.JPEG_LS:
        content, _ = _guarded(lambda: jpeg_ls.decode_pixel_data(rebuilt))
        return _two_complement(_shaped(content, size), size, layout)
    if size.precision == 8 and parts.codec is not Codec.JPEG_LOSSLESS:
        return _two_complement(_by_libjpeg(rebuilt, size, layout), size, layout)
    return _two_complement(_guarded(lambda: _by_gdcm(rebuilt, size, parts.codec)), size, layout)


def _by_libjpeg(rebuilt: bytes, size: FrameSize, layout: PixelLayout) -> StoredImage:
    def decode() -> StoredImage:
        picture = JpegImagePlugin.JpegImageFile(io.BytesIO(rebuilt))
        if size.components == 3:
            picture.draft("YCbCr", None)  # the three components as they are coded
        return np.asarray(picture)

    values = _guarded(decode)
    if size.components == 1:
        return values
    channels = [values[..., index] for index in range(3)]
    if layout.channels is Channels.RGB:
        return np.ascontiguousarray(gray_of_rgb(channels))
    return np.ascontiguousarray(gray_of_ybr(channels, size.precision))


def _by_gdcm(codestream: bytes, size: FrameSize, codec: Codec) -> StoredImage:
    allocated = 8 if size.precision <= 8 else 16
    syntax = transfer_syntaxes.JPEG_LOSSLESS if codec is Codec.JPEG_LOSSLESS else transfer_syntaxes.JPEG_EXTENDED
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
    image.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(syntax)))
    image.SetPixelFormat(gdcm.PixelFormat(1, allocated, size.precision, size.precision - 1, 0))
    # gdcm gives char* as str.
    content = image.GetBuffer().encode("utf-8", "surrogateescape")
    return np.frombuffer(content, dtype=f"<u{allocated // 8}").reshape(size.rows, size.columns)


def _decode_jpeg2000(codestream: bytes, size: FrameSize, layout: PixelLayout) -> StoredImage:
    _check_size(size, layout)
    if not size.signed:
        _check_sign(size, layout)
    content = _guarded(lambda: bytes(decode_j2k(codestream, version=2)))
    values = _shaped(content, size)
    if size.components == 3:
        return np.ascontiguousarray(gray_of_rgb([values[..., index] for index in range(3)]))
    if not size.signed:
        return _two_complement(values, size, layout)
    signed = values.view(f"i{values.dtype.itemsize}")
    if layout.signed:
        return signed
    if signed.size and signed.min() < 0:
        raise PixelDataMismatch("unsigned pixels", "signed ones, some of them below zero")
    return values


def _check_size(size: FrameSize, layout: PixelLayout) -> None:
    if (size.rows, size.columns) != (layout.rows, layout.columns):
        raise PixelDataMismatch(
            f"{layout.rows} rows x {layout.columns} columns", f"{size.rows} rows x {size.columns} columns"
        )
    if size.precision > layout.bits_allocated:
        raise PixelDataMismatch(f"{layout.bits_allocated} bits allocated", f"{size.precision} bits")
    if size.components != layout.samples:
        raise UnsupportedPixels("the codestream has another number of components than the header declares")


def _check_sign(size: FrameSize, layout: PixelLayout) -> None:
    """A codec without signs leaves two's complement, whose width must then be that of a declared number of bits."""
    overlaid = layout.overlay_bits and size.precision > layout.bits_stored
    if layout.signed and not overlaid and size.precision not in {layout.bits_stored, layout.bits_allocated}:
        raise PixelDataMismatch(f"signed pixels of {layout.bits_stored} bits", f"{size.precision} bits")


def _two_complement(values: StoredImage, size: FrameSize, layout: PixelLayout) -> StoredImage:
    """Signed pixels of a codec without signs: the highest bit of the codestream, or of BitsStored, is the sign."""
    if not layout.signed:
        return values
    bits = size.precision
    if bits > layout.bits_stored and layout.overlay_bits:
        values = values & values.dtype.type((1 << layout.bits_stored) - 1)
    if bits > layout.bits_stored and int(values.max()) < 1 << layout.bits_stored:
        bits = layout.bits_stored  # the bits above are empty, or an overlay's, not a sign
    if bits == 8 * values.dtype.itemsize:
        return values.view(f"i{values.dtype.itemsize}")
    sign = 1 << (bits - 1)
    extended: StoredImage = ((values.astype(np.int32) ^ sign) - sign).astype(np.int16)
    return extended


def _shaped(content: bytes | bytearray, size: FrameSize) -> StoredImage:
    values = np.frombuffer(content, dtype="u1" if size.precision <= 8 else "<u2")
    if values.size != size.rows * size.columns * size.components:
        raise UnreadableImage("dicom", "the decoder gave another number of pixels than declared")
    shape = (size.rows, size.columns) if size.components == 1 else (size.rows, size.columns, size.components)
    return values.reshape(shape)


def _guarded(decode: Callable[[], T]) -> T:
    try:
        return decode()
    except Exception as problem:  # noqa: BLE001 - decoders raise anything on hostile bytes
        reason = type(problem).__name__
    raise UnreadableImage("dicom", f"the decoder stopped with {reason}")


def _sign(signed: bool) -> str:
    return "signed" if signed else "unsigned"
