"""Files as the field writes them, made of a picture: wrong labels, odd elements, every kind of raster."""

import io
import struct
import zlib
from typing import Any

import imagecodecs
import numpy as np
import tifffile
from PIL import Image
from pydicom.dataset import Dataset

TS = "1.2.840.10008.1.2"
Gray = np.ndarray[Any, Any]


def png(planes: list[Gray], bits: int, *, palette: bytes = b"", alpha: bytes = b"", interlaced: bool = False) -> bytes:
    """A PNG with every row filtered by another filter: 1 plane gray (or a palette), 2 gray and alpha, 3 RGB, 4 RGBA."""
    rows, columns = planes[0].shape
    kind = 3 if palette else {1: 0, 2: 4, 3: 2, 4: 6}[len(planes)]
    places = [(0, 0, 1, 1)]
    if interlaced:
        places = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    body = b"".join(
        filtered(packed_rows([plane[top::dy, left::dx] for plane in planes], bits), max(1, len(planes) * bits // 8))
        for left, top, dx, dy in places
    )
    chunks = [(b"IHDR", struct.pack(">LLBBBBB", columns, rows, bits, kind, 0, 0, int(interlaced)))]
    chunks += [(b"PLTE", palette)] if palette else []
    chunks += [(b"tRNS", alpha)] if alpha else []
    chunks += [(b"IDAT", zlib.compress(body)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(name, content) for name, content in chunks)


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">L", len(content)) + name + content + struct.pack(">L", zlib.crc32(name + content))


def packed_rows(planes: list[Gray], bits: int) -> Gray:
    """Interleaved samples as rows of bytes, the highest bits first."""
    samples = np.stack(planes, axis=-1).reshape(planes[0].shape[0], -1).astype(np.uint32)
    shifts = np.arange(bits)[::-1]
    single = ((samples[..., None] >> shifts) & 1).reshape(samples.shape[0], -1).astype(np.uint8)
    return np.packbits(single, axis=1)


def filtered(rows: Gray, step: int) -> bytes:
    """Rows with PNG's filters None, Sub, Up, Average and Paeth in turn, by the standard's own formulas."""
    before = np.zeros(rows.shape[1], dtype=np.int64)
    out = []
    for number, row in enumerate(rows.astype(np.int64)):
        left = np.concatenate((np.zeros(step, dtype=np.int64), row))[: row.size]
        corner = np.concatenate((np.zeros(step, dtype=np.int64), before))[: row.size]
        guess = left + before - corner
        distances = np.stack([abs(guess - left), abs(guess - before), abs(guess - corner)])
        paeth = np.choose(distances.argmin(axis=0), [left, before, corner])
        predicted = [0 * row, left, before, (left + before) // 2, paeth][number % 5]
        out.append(bytes([number % 5]) + ((row - predicted) % 256).astype(np.uint8).tobytes())
        before = row
    return b"".join(out)


def tiff(stored: Gray, **options: Any) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, stored, **options)
    return stream.getvalue()


def packed_tiff(stored: Gray, bits: int, photometric: int = 1, orientation: int = 1) -> bytes:
    """An uncompressed TIFF of any depth, big endian, its samples packed."""
    rows, columns = stored.shape
    content = packed_rows([stored], bits).tobytes()
    entries = [
        (256, 4, columns),
        (257, 4, rows),
        (258, 4, bits),
        (259, 4, 1),
        (262, 4, photometric),
        (273, 4, 8 + 2 + 12 * 10 + 4),
        (274, 4, orientation),
        (277, 4, 1),
        (278, 4, rows),
        (279, 4, len(content)),
    ]
    directory = b"".join(struct.pack(">HHLL", tag, kind, 1, value) for tag, kind, value in entries)
    return b"MM\0*" + struct.pack(">LH", 8, len(entries)) + directory + bytes(4) + content


def planar_ramp(stored: Gray) -> Gray:
    return np.stack([stored] * 3)


def progressive(stored: Gray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(stored).save(stream, "JPEG", progressive=True, quality=90)
    return stream.getvalue()


def color_jpeg(stored: Gray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(stored).convert("RGB").save(stream, "JPEG", quality=90, subsampling=2)
    return stream.getvalue()


def jp2(codestream: bytes) -> bytes:
    def box(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">L", 8 + len(content)) + kind + content

    return box(b"jP  ", b"\r\n\x87\n") + box(b"ftyp", b"jp2 \0\0\0\0jp2 ") + box(b"jp2c", codestream)


def jpeg2000(stored: Gray, bits: int, **options: Any) -> bytes:
    return bytes(imagecodecs.jpeg2k_encode(stored, codecformat="j2k", reversible=True, bitspersample=bits, **options))


def palette_attributes(entries: Gray) -> dict[str, Any]:
    """Gray palettes of 16 bits, of DICOM."""
    attributes: dict[str, Any] = {"PhotometricInterpretation": "PALETTE COLOR"}
    for color in ("Red", "Green", "Blue"):
        attributes[f"{color}PaletteColorLookupTableDescriptor"] = [len(entries) % 65536, 0, 16]
        attributes[f"{color}PaletteColorLookupTableData"] = entries.astype("<u2").tobytes()
    return attributes


def rgb(dataset: Dataset, planes: list[Gray], interpretation: str = "RGB", planar: int = 0) -> Dataset:
    """Turn a gray data set into one of three channels."""
    dataset.SamplesPerPixel, dataset.PlanarConfiguration = 3, planar
    dataset.PhotometricInterpretation = interpretation
    dataset.PixelData = np.stack(planes, axis=0 if planar else -1).tobytes()
    return dataset


def bare(content: bytes) -> bytes:
    """A file without preamble and meta information."""
    start = 132 + 12 + struct.unpack("<L", content[140:144])[0]
    return content[start:]


def relabeled(content: bytes, declared: str) -> bytes:
    """The same data under another transfer syntax."""
    position = content.find(b"\x02\x00\x10\x00UI")
    (length,) = struct.unpack("<H", content[position + 6 : position + 8])
    uid = declared.encode() + b"\0" * (len(declared) % 2)
    changed = content[: position + 6] + struct.pack("<H", len(uid)) + uid + content[position + 8 + length :]
    (meta,) = struct.unpack("<L", content[140:144])
    return changed[:140] + struct.pack("<L", meta + len(uid) - length) + changed[144:]
