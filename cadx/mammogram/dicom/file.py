"""A DICOM file: file meta information, the data set in whatever encoding it really is, and where the pixels lie."""

from dataclasses import dataclass

from cadx.errors import UnreadableImage, UnsupportedTransferSyntax
from cadx.mammogram.byte_source import ByteSource
from cadx.mammogram.codecs.transfer_syntaxes import (
    DEFLATED,
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    NATIVE_ENCODINGS,
    READABLE_TRANSFER_SYNTAXES,
    shown_uid,
)
from cadx.mammogram.parser.elements import PixelElement, parse_dataset, parse_meta
from cadx.mammogram.parser.encoding import MAGIC, MAGIC_OFFSET, bare_dataset, written_encoding
from cadx.mammogram.parser.header import Header
from cadx.mammogram.parser.heads import Encoding
from cadx.mammogram.parser.inflating import inflate
from cadx.mammogram.parser.tags import KEPT, Tag
from cadx.mammogram.policy import ReadingLimits

_NAMES = {
    Encoding(implicit=True): "an implicit VR data set",
    Encoding(): "an explicit VR data set",
    Encoding(big_endian=True): "a big-endian data set",
}
_SYNTAXES = {
    Encoding(implicit=True): IMPLICIT_LITTLE,
    Encoding(): EXPLICIT_LITTLE,
    Encoding(big_endian=True): EXPLICIT_BIG,
}


@dataclass(frozen=True, slots=True)
class DicomFile:
    """A parsed file, its pixels still in place.

    Attributes
    ----------
    source
        Where `pixels` lies: the file, or the inflated data set.
    header
        The kept attributes.
    pixels
        Where the pixel data are; None where the file has none.
    transfer_syntax
        The UID that the file declares; '' where it declares none.
    encoding
        How the data set is really written.
    contradictions
        What the file declares and is, where these differ.
    """

    source: ByteSource
    header: Header
    pixels: PixelElement | None
    transfer_syntax: str
    encoding: Encoding
    contradictions: tuple[tuple[str, str], ...] = ()

    @property
    def shown_syntax(self) -> str:
        """The transfer syntax for people: the declared one, else the one of the data set's encoding."""
        return self.transfer_syntax or _SYNTAXES[self.encoding]


def dicom_offset(source: ByteSource) -> int | None:
    """Where a DICOM file's meta information or, without any, its data set begins; None where it is no DICOM file."""
    begin = MAGIC_OFFSET + len(MAGIC)
    return begin if source.read(MAGIC_OFFSET, len(MAGIC)) == MAGIC else bare_dataset(source)


def open_dicom(source: ByteSource, offset: int, limits: ReadingLimits, kept: frozenset[int] = KEPT) -> DicomFile:
    """Parse a file up to its pixels.

    Parameters
    ----------
    source
        The file.
    offset
        Where file meta information or, without any, the data set begins.
    limits
        How much a deflated data set may become.
    kept
        The attributes that are asked for; without it those that reading needs.

    Raises
    ------
    UnsupportedTransferSyntax
        When the pixels could not be decoded anyway, or none is declared and the data set fits no encoding.
    TruncatedImage, UnreadableImage, FileTooLarge
        When the structure is broken, or inflates beyond the limit.
    """
    meta, offset = parse_meta(source, offset)
    syntax = Header(meta).term(Tag.TransferSyntaxUID)
    if syntax and syntax not in READABLE_TRANSFER_SYNTAXES:
        raise UnsupportedTransferSyntax(shown_uid(syntax))
    declared = NATIVE_ENCODINGS.get(syntax, Encoding()) if syntax else None
    contradictions: list[tuple[str, str]] = []
    if syntax == DEFLATED:
        source, offset = _inflated(source, offset, limits, contradictions)
    written = written_encoding(source, offset, declared)
    if declared is None:
        if written is None:
            raise UnsupportedTransferSyntax(shown_uid(syntax))
        contradictions.append(("no transfer syntax", _NAMES[written]))
    elif written is not None and written != declared:
        contradictions.append((f"transfer syntax {syntax}", _NAMES[written]))
    encoding = written or declared or Encoding()
    elements, pixels = parse_dataset(source, offset, encoding, kept)
    return DicomFile(source, Header(elements, encoding.big_endian), pixels, syntax, encoding, tuple(contradictions))


def _inflated(
    source: ByteSource, offset: int, limits: ReadingLimits, contradictions: list[tuple[str, str]]
) -> tuple[ByteSource, int]:
    """The inflated data set; or the file itself, where the data set was never deflated."""
    try:
        return inflate(source, offset, limits.max_file_bytes), 0
    except UnreadableImage:
        written = written_encoding(source, offset, Encoding())
        if written is None:
            raise
    contradictions.append((f"transfer syntax {DEFLATED}", f"{_NAMES[written]}, not deflated"))
    return source, offset
