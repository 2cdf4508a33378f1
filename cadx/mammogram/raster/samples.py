"""From rows of bytes to samples: any depth up to 16 bits, in the order in which the file has them."""

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Samples = NDArray[np.integer]

_BLOCK_SAMPLES = 1 << 20


def samples_of(rows: Bytes, per_row: int, bits: int, *, big_endian: bool) -> Samples:
    """Take the samples of rows apart.

    Parameters
    ----------
    rows
        uint8, (rows, bytes): each row begins with a whole byte, its first sample in the highest bits.
    per_row
        Samples of a row.
    bits
        Of a sample, 1 to 16.
    big_endian
        Byte order of 16-bit samples; others are packed, and have none.

    Returns
    -------
    ndarray
        uint8 up to 8 bits, else uint16; (rows, per_row).
    """
    if bits == 8:
        return rows[:, :per_row]
    if bits == 16:
        words = np.ascontiguousarray(rows[:, : 2 * per_row]).view(">u2" if big_endian else "<u2")
        return words.astype(np.uint16, copy=False)
    return _unpacked(rows, per_row, bits)


def _unpacked(rows: Bytes, per_row: int, bits: int) -> Samples:
    """Samples of another depth: each lies within three bytes."""
    unpacked = np.empty((rows.shape[0], per_row), dtype=np.uint8 if bits <= 8 else np.uint16)
    first_bit = np.arange(per_row) * bits
    first_byte, shift = first_bit // 8, 24 - bits - first_bit % 8
    mask = (1 << bits) - 1
    step = max(1, _BLOCK_SAMPLES // per_row)
    for start in range(0, rows.shape[0], step):
        block = np.pad(rows[start : start + step], ((0, 0), (0, 2))).astype(np.uint32)
        three = block[:, first_byte] << 16 | block[:, first_byte + 1] << 8 | block[:, first_byte + 2]
        unpacked[start : start + step] = (three >> shift) & mask
    return unpacked
