"""Typed access to the attributes of a DICOM header; every value is checked before it is believed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cadx.errors import InvalidHeaderValue
from cadx.mammogram.parser.elements import Element
from cadx.mammogram.parser.ignored import IgnoredValues
from cadx.mammogram.parser.tags import Tag

_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?")
_BINARY_TYPES = {"FL": "f4", "FD": "f8", "US": "u2", "SS": "i2", "UL": "u4", "SL": "i4"}
_TEXT_VRS = frozenset({"DS", "IS", "LO", "SH", "CS", "ST", "LT", "UT"})
_WIDE_TYPES = {"UL": "u4", "SL": "i4"}
_FUNCTIONAL_GROUPS = (
    Tag.PixelMeasuresSequence,
    Tag.FrameVOILUTSequence,
    Tag.PixelValueTransformationSequence,
    Tag.FrameAnatomySequence,
)


@dataclass(frozen=True, slots=True)
class Header:
    """The kept elements of a data set or of an item.

    Attributes
    ----------
    elements
        By tag.
    big_endian
        Byte order of binary values.
    ignored
        Values that were taken for absent; one list for the whole file.
    """

    elements: Mapping[int, Element]
    big_endian: bool = False
    ignored: IgnoredValues = field(default_factory=IgnoredValues, repr=False, compare=False)

    def has(self, tag: Tag) -> bool:
        """Whether the attribute is there with a value."""
        element = self.elements.get(tag)
        return element is not None and bool(element.items or element.broken or element.value.strip(b"\0 "))

    def terms(self, tag: int) -> tuple[str, ...]:
        """Coded strings (CS, UI), upper case, without padding; empty where absent."""
        element = self.elements.get(tag)
        if element is None:
            return ()
        text = element.value.decode("latin-1").strip("\0 ")
        return tuple(part.strip("\0 ").upper() for part in text.split("\\")) if text else ()

    def term(self, tag: int) -> str:
        """The first coded string, or '' where absent."""
        return next(iter(self.terms(tag)), "")

    def decimals(self, tag: Tag) -> tuple[float, ...]:
        """Decimal or integer strings (DS, IS), or numbers of a binary VR; empty where absent.

        Raises
        ------
        InvalidHeaderValue
            When a value is no finite number.
        """
        numbers = self.decimals_with_gaps(tag)
        if None in numbers:
            raise InvalidHeaderValue(tag.number, tag.name, "is no number")
        return tuple(number for number in numbers if number is not None)

    def decimals_with_gaps(self, tag: Tag) -> tuple[float | None, ...]:
        """The same, with None for an empty value among several.

        Raises
        ------
        InvalidHeaderValue
            When a value is there and is no finite number.
        """
        element = self.elements.get(tag)
        if element is None:
            return ()
        if element.vr in _BINARY_TYPES:
            numbers: tuple[float | None, ...] = tuple(
                float(value) for value in self._binary(tag, element.value, _BINARY_TYPES[element.vr])
            )
        else:
            text = element.value.decode("latin-1").strip("\0 ")
            parts = [part.strip("\0 ") for part in text.split("\\")] if text else []
            if not all(_DECIMAL.fullmatch(part) for part in parts if part):
                raise InvalidHeaderValue(tag.number, tag.name, "is no number")
            numbers = tuple(float(part) if part else None for part in parts)
        if not all(number is None or np.isfinite(number) for number in numbers):
            raise InvalidHeaderValue(tag.number, tag.name, "is no finite number")
        return numbers

    def decimal(self, tag: Tag) -> float | None:
        """The first number, or None where absent."""
        return next(iter(self.decimals(tag)), None)

    def decimals_if_sound(self, tag: Tag) -> tuple[float, ...]:
        """The numbers of an attribute that the answer does not depend on: empty where they are none, and noted."""
        try:
            return self.decimals(tag)
        except InvalidHeaderValue as problem:
            self.ignored.note(tag, problem.reason)
            return ()

    def integers(self, tag: Tag, *, signed: bool = False) -> tuple[int, ...]:
        """Integers, of 16 bits unless the VR says otherwise; empty where absent.

        Parameters
        ----------
        signed
            For attributes that are US or SS, whichever the pixels are: true for signed pixels, whatever VR was written,
            since writers often leave US there. Where false, the VR decides.

        Raises
        ------
        InvalidHeaderValue
            When it does not hold whole numbers.
        """
        element = self.elements.get(tag)
        if element is None:
            return ()
        if element.vr in _TEXT_VRS:
            numbers = self.decimals(tag)
            if any(number != int(number) for number in numbers):
                raise InvalidHeaderValue(tag.number, tag.name, "is no whole number")
            return tuple(int(number) for number in numbers)
        type_code = _WIDE_TYPES.get(element.vr, "i2" if signed or element.vr == "SS" else "u2")
        return tuple(int(value) for value in self._binary(tag, element.value, type_code))

    def integer(self, tag: Tag, *, signed: bool = False) -> int | None:
        """The first integer, or None where absent."""
        return next(iter(self.integers(tag, signed=signed)), None)

    def required_integer(self, tag: Tag) -> int:
        """The only integer.

        Raises
        ------
        InvalidHeaderValue
            When it is missing.
        """
        value = self.integer(tag)
        if value is None:
            raise InvalidHeaderValue(tag.number, tag.name, "is missing")
        return value

    def binary(self, tag: Tag, type_code: str) -> NDArray[np.generic]:
        """Numbers of a binary attribute, in the file's byte order."""
        element = self.elements.get(tag)
        return self._binary(tag, element.value if element else b"", type_code)

    def byte_count(self, tag: Tag) -> int:
        """Length of an attribute's value."""
        element = self.elements.get(tag)
        return len(element.value) if element else 0

    def vr(self, tag: Tag) -> str:
        """The VR that the file gives an attribute; '' where it gives none."""
        element = self.elements.get(tag)
        return element.vr if element else ""

    def is_broken(self, tag: Tag) -> bool:
        """Whether the attribute is a sequence that cannot be taken apart."""
        element = self.elements.get(tag)
        return element is not None and element.broken

    def items(self, tag: Tag) -> "tuple[Header, ...]":
        """The items of a sequence; empty where absent."""
        element = self.elements.get(tag)
        if element is None:
            return ()
        big_endian = self.big_endian and not element.little_endian
        return tuple(Header(item, big_endian, self.ignored) for item in element.items)

    def items_if_sound(self, tag: Tag) -> "tuple[Header, ...]":
        """The items of a sequence that the answer does not depend on: empty where it is broken, and noted."""
        if self.is_broken(tag):
            self.ignored.note(tag, "cannot be taken apart")
        return self.items(tag)

    def for_frame(self, frame: int) -> "Header":
        """The header as it holds for one frame (from 1) of an enhanced multi-frame image (PS3.3 C.7.6.16).

        The shared, then the frame's own functional groups are laid over the attributes of the data set.

        Raises
        ------
        InvalidHeaderValue
            When the functional groups cannot be taken apart: spacing and gray levels may be in them.
        """
        for tag in (Tag.SharedFunctionalGroupsSequence, Tag.PerFrameFunctionalGroupsSequence):
            if self.is_broken(tag):
                raise InvalidHeaderValue(tag.number, tag.name, "cannot be taken apart")
        groups = self.items(Tag.SharedFunctionalGroupsSequence)[:1]
        groups += self.items(Tag.PerFrameFunctionalGroupsSequence)[frame - 1 : frame]
        merged = dict(self.elements)
        for group in groups:
            for sequence in _FUNCTIONAL_GROUPS:
                for item in group.items(sequence)[:1]:
                    merged.update(item.elements)
        return Header(merged, self.big_endian, self.ignored)

    def _binary(self, tag: Tag, value: bytes, type_code: str) -> NDArray[np.generic]:
        dtype = np.dtype((">" if self.big_endian else "<") + type_code)
        if len(value) % dtype.itemsize:
            raise InvalidHeaderValue(tag.number, tag.name, "has an odd length")
        return np.frombuffer(value, dtype=dtype)
