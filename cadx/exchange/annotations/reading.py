"""An annotation's file as a data set."""

import io
import warnings

import pydicom
from pydicom.dataset import Dataset

from cadx.errors import AnnotationUnreadable, CadxError
from cadx.mammogram.byte_source import MemoryBytes
from cadx.mammogram.codecs.transfer_syntaxes import EXPLICIT_LITTLE, IMPLICIT_LITTLE
from cadx.mammogram.dicom.file import dicom_offset
from cadx.mammogram.parser.elements import parse_meta
from cadx.mammogram.parser.header import Header
from cadx.mammogram.parser.tags import Tag


def read_annotation(content: bytes | memoryview) -> Dataset:
    """Read the file of a structured report, a presentation state or a segmentation, whole.

    Raises
    ------
    AnnotationUnreadable
        When it is broken, or neither explicit nor implicit VR little endian: pydicom would inflate without a limit.
    """
    source = MemoryBytes(memoryview(content))
    try:
        offset = dicom_offset(source)
        syntax = "" if offset is None else Header(parse_meta(source, offset)[0]).term(Tag.TransferSyntaxUID)
    except CadxError:
        syntax = ""
    if syntax not in {EXPLICIT_LITTLE, IMPLICIT_LITTLE}:
        raise AnnotationUnreadable("it is no DICOM file in little endian")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they would print values
            return pydicom.dcmread(io.BytesIO(content))
    except Exception:  # noqa: BLE001 - pydicom raises whatever the file leads it to
        raise AnnotationUnreadable("its file is broken") from None
