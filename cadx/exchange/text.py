"""A header's text as Unicode, each value brought to what another object may repeat.

pydicom is not asked to convert values: its warnings would print them.
"""

import io
import re
from collections.abc import Collection
from dataclasses import dataclass

from pydicom import dcmwrite
from pydicom.charset import convert_encodings, decode_bytes, python_encoding
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from cadx.errors import IdentityUnusable
from cadx.exchange.codes import Code
from cadx.exchange.identity_tags import IdentityTag
from cadx.exchange.uids import is_uid
from cadx.mammogram.parser.header import Header
from cadx.mammogram.parser.tags import Tag

_UTC_OFFSET = re.compile(r"[+-](0[0-9]|1[0-4])[0-5][0-9]")
_TIME = re.compile(r"([01]\d|2[0-3])([0-5]\d([0-5]\d(\.\d{1,6})?)?)?", re.ASCII)
_DATE = re.compile(r"\d{4}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
# They stand alone: no other character set may be named beside them (PS3.3 C.12.1.1.2).
_ALONE = frozenset(("ISO_IR 192", "GB18030", "GBK"))
_CHARACTER_SET = (IdentityTag.SpecificCharacterSet,)
_ESCAPE = b"\x1b"
_RESETS = {ord("\\"), ord("^"), ord("=")}
_LONGEST_NAME_GROUP = 64
_LONGEST_DESCRIPTION = 64


@dataclass(frozen=True, slots=True)
class HeaderText:
    """Typed access to the text of one header."""

    header: Header

    def uid(self, tag: IdentityTag) -> str:
        """A UID that must be there.

        Raises
        ------
        IdentityUnusable
            When it is missing or no UID.
        """
        found = self._raw(tag).decode("latin-1").strip("\0 ")
        if not found:
            raise _unusable(tag, "is missing")
        if not is_uid(found):
            raise _unusable(tag, "is no valid UID")
        return found

    def identifier(self, tag: IdentityTag, longest: int) -> str:
        """Text that must be repeated to the letter, or ''.

        Raises
        ------
        IdentityUnusable
            When it cannot be repeated.
        """
        found = self._text(tag)
        if len(found) > longest:
            raise _unusable(tag, f"is longer than the {longest} characters that the standard allows")
        if "\\" in found or "\ufffd" in found or _CONTROL.search(found):
            raise _unusable(tag, "holds characters that the standard does not allow")
        return found

    def person(self, tag: IdentityTag) -> str:
        """A person's name, at most three groups of 64 characters each; the first, where there are several names."""
        name = _CONTROL.sub("", self._text(tag).split("\\")[0])
        return "=".join(group[:_LONGEST_NAME_GROUP] for group in name.split("=")[:3]).rstrip("= ")

    def description(self, tag: IdentityTag) -> str:
        """Text for people, cut where it is too long."""
        return _CONTROL.sub(" ", self._text(tag).split("\\")[0])[:_LONGEST_DESCRIPTION].strip()

    def date(self, tag: IdentityTag) -> str:
        """``YYYYMMDD``, or '' where there is none or it is none."""
        found = self._text(tag).replace(".", "")
        return found if _DATE.fullmatch(found) else ""

    def time(self, tag: IdentityTag) -> str:
        """``HHMMSS.FFFFFF`` or a beginning of it, or '' where there is none or it is none."""
        found = self._text(tag).replace(":", "")
        return found if _TIME.fullmatch(found) else ""

    def utc_offset(self, tag: IdentityTag) -> str:
        """``+0100``, or ''."""
        found = self._text(tag)
        return found if _UTC_OFFSET.fullmatch(found) else ""

    def term(self, tag: IdentityTag) -> str:
        """A coded string, or ''."""
        return self._text(tag).upper()

    def one_of(self, tag: IdentityTag, terms: Collection[str]) -> str:
        """A coded string of a list, or ''."""
        found = self.term(tag)
        return found if found in terms else ""

    def code(self, item: Header) -> Code | None:
        """A code sequence's item; None where it is incomplete."""
        character_set = {tag: self.header.elements[tag] for tag in _CHARACTER_SET if tag in self.header.elements}
        inner = HeaderText(Header(character_set | dict(item.elements), item.big_endian))
        value = item.term(Tag.CodeValue)
        scheme = inner.description(IdentityTag.CodingSchemeDesignator)[:16]
        meaning = inner.description(IdentityTag.CodeMeaning)
        return Code(value, scheme, meaning) if 0 < len(value) <= 16 and scheme and meaning else None

    def _raw(self, tag: int) -> bytes:
        element = self.header.elements.get(tag)
        return element.value if element else b""

    def _text(self, tag: IdentityTag) -> str:
        value = self._raw(tag)
        encodings = _encodings(self._raw(IdentityTag.SpecificCharacterSet).decode("latin-1"))
        if _ESCAPE in value:
            return str(decode_bytes(value, encodings, _RESETS)).strip("\0 ")
        return value.decode(encodings[0], errors="replace").strip("\0 ")


def dataset_bytes(dataset: Dataset, wanted: Collection[int]) -> bytes:
    """A data set's wanted attributes as a DICOM file without pixels."""
    subset = Dataset()
    for tag in wanted:
        if tag in dataset and tag != Tag.TransferSyntaxUID:
            subset[tag] = dataset[tag]
    subset.decode()
    subset.SpecificCharacterSet = "ISO_IR 192"
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    subset.file_meta = meta
    buffer = io.BytesIO()
    dcmwrite(buffer, subset, enforce_file_format=False, implicit_vr=False, little_endian=True)
    return bytes(128) + b"DICM" + buffer.getvalue()


def _encodings(declared: str) -> list[str]:
    """Python's names of the declared character sets; those that are unknown are left out."""
    terms = [term.strip("\0 ") for term in declared.split("\\")]
    if alone := [term for term in terms if term in _ALONE]:
        terms = alone[:1]
    elif len(terms) > 1:
        terms = [term.replace("ISO_IR", "ISO 2022 IR") for term in terms]
    known = [term for term in terms if term in python_encoding]
    return list(convert_encodings(known or [""]))


def _unusable(tag: IdentityTag, reason: str) -> IdentityUnusable:
    return IdentityUnusable(tag.number, tag.name, reason)
