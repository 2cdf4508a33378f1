"""From stored pixel values to gray levels: modality transformation, then VOI, then polarity (PS3.4 N.2).

Mammograms store at most 16 bits, so the whole chain is tabulated once over the declared range of stored values and
applied to a crop by indexing. No statistic of the image enters: the same stored value always gives the same gray.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cadx.records import FloatImage

Values = NDArray[np.float64]


class VoiFunction(StrEnum):
    """VOI LUT Function (0028,1056), PS3.3 C.11.2.1.2 and C.11.2.1.3."""

    LINEAR = "LINEAR"
    LINEAR_EXACT = "LINEAR_EXACT"
    SIGMOID = "SIGMOID"


class Transformation(Protocol):
    """One step of the gray-level chain."""

    def __call__(self, values: Values) -> Values:
        """Transform values of any shape."""
        ...


@dataclass(frozen=True, slots=True)
class Rescale:
    """Rescale Slope and Intercept (0028,1053), (0028,1052): ``slope * value + intercept``."""

    slope: float = 1.0
    intercept: float = 0.0

    def __call__(self, values: Values) -> Values:
        """Rescale."""
        return self.slope * values + self.intercept


@dataclass(frozen=True, slots=True)
class LookupTable:
    """A Modality or VOI LUT (PS3.3 C.11.1.1, C.11.2.1.1).

    Attributes
    ----------
    first
        The input value that maps to the first entry; values below it map there too.
    entries
        The outputs; values beyond the last input map to the last entry.
    bits
        Bits of an entry: outputs range from 0 to ``2**bits - 1``.
    """

    first: int
    entries: NDArray[np.uint16] = field(repr=False)
    bits: int

    @property
    def largest(self) -> int:
        """The largest output that the table may hold."""
        return (1 << self.bits) - 1

    def __call__(self, values: Values) -> Values:
        """Look up; a fractional input (after a rescale) is rounded."""
        index = np.clip(np.rint(values) - self.first, 0, self.entries.size - 1).astype(np.intp)
        outputs: Values = self.entries[index].astype(np.float64)
        return outputs


@dataclass(frozen=True, slots=True)
class Window:
    """Window Center, Width and VOI LUT Function (0028,1050), (0028,1051), (0028,1056); output 0 to 1."""

    center: float
    width: float
    function: VoiFunction = VoiFunction.LINEAR

    def __call__(self, values: Values) -> Values:
        """Apply the standard's formula."""
        if self.function is VoiFunction.SIGMOID:
            exponent = np.clip(-4.0 * (values - self.center) / self.width, -700.0, 700.0)
            return 1.0 / (1.0 + np.exp(exponent))
        center, width = self.center, self.width
        if self.function is VoiFunction.LINEAR:
            center, width = center - 0.5, width - 1.0
        if width == 0.0:
            return (values > center).astype(np.float64)
        return np.clip((values - center) / width + 0.5, 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Range:
    """Linear from the smallest to the largest possible value; output 0 to 1."""

    smallest: float
    largest: float

    def __call__(self, values: Values) -> Values:
        """Normalize and clip."""
        return np.clip((values - self.smallest) / (self.largest - self.smallest), 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class StoredRange:
    """The values that stored pixels may take.

    Attributes
    ----------
    bits
        BitsStored, 1 to 16, or the sample depth of a PNG or TIFF.
    signed
        Whether they are two's complement.
    largest_unsigned
        For PGM, its maxval; else the largest value of `bits`.
    """

    bits: int
    signed: bool = False
    largest_unsigned: int | None = None

    @property
    def smallest(self) -> int:
        """The smallest value."""
        return -(1 << (self.bits - 1)) if self.signed else 0

    @property
    def largest(self) -> int:
        """The largest value."""
        if self.largest_unsigned is not None:
            return self.largest_unsigned
        return (1 << (self.bits - 1)) - 1 if self.signed else (1 << self.bits) - 1


@dataclass(frozen=True, slots=True)
class GrayTable:
    """Gray level of each stored value: float32, 0 to 1, bright = dense tissue.

    Attributes
    ----------
    smallest
        The stored value of the first entry.
    grays
        float32, one entry for each stored value.
    """

    smallest: int
    grays: FloatImage = field(repr=False)

    def __call__(self, stored: NDArray[np.integer]) -> FloatImage:
        """Look up stored values, which must lie in the table's range."""
        return self.grays[stored.astype(np.int32) - self.smallest]


def gray_table(
    stored: StoredRange,
    modality: Rescale | LookupTable | None = None,
    voi: LookupTable | Window | None = None,
    *,
    inverted: bool = False,
) -> GrayTable:
    """Tabulate the chain modality -> VOI -> polarity.

    Parameters
    ----------
    stored
        The range of stored values.
    modality
        The modality transformation; the identity where None.
    voi
        The VOI transformation; where None, the full range of the modality's output.
    inverted
        True for MONOCHROME1 (PS3.3 C.7.6.3.1.2): the lowest value is displayed white. Undone after the VOI step.

    Returns
    -------
    GrayTable
        float32 grays, 0 to 1.
    """
    modality = modality or Rescale()
    values = modality(np.arange(stored.smallest, stored.largest + 1, dtype=np.float64))
    grays = normalized_voi(voi, modality, values)(values)
    if inverted:
        grays = 1.0 - grays
    return GrayTable(stored.smallest, grays.astype(np.float32))


def normalized_voi(voi: LookupTable | Window | None, modality: Rescale | LookupTable, values: Values) -> Transformation:
    """The VOI step with its output brought to 0..1."""
    if isinstance(voi, LookupTable):
        table, whole = voi, Range(0.0, float(voi.largest))
        return lambda inputs: whole(table(inputs))
    if voi is not None:
        return voi
    if isinstance(modality, LookupTable):
        return Range(0.0, float(modality.largest))
    return Range(float(values.min()), float(values.max()))
