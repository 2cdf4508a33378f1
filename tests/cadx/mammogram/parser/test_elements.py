"""The parser against pydicom, on every file of pydicom's own collection."""

import warnings
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.data.data_manager import DATA_ROOT
from pydicom.tag import Tag as PydicomTag

from cadx.errors import MammogramError
from cadx.mammogram.byte_source import MemoryBytes
from cadx.mammogram.dicom.file import open_dicom
from cadx.mammogram.parser.encoding import MAGIC, MAGIC_OFFSET
from cadx.mammogram.parser.tags import KEPT, PIXEL_TAGS
from cadx.mammogram.policy import ReadingLimits

FILES = sorted(Path(DATA_ROOT).rglob("*.dcm"))
REFUSED = {
    "meta_missing_tsyntax.dcm",  # no transfer syntax, and no element of group 0008 that tells the encoding
    "rtplan_truncated.dcm",  # cut short
}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_kept_elements_equal_those_of_pydicom(path: Path) -> None:
    content = path.read_bytes()
    if content[128:132] != b"DICM":
        pytest.skip("not a file of PS3.10")
    try:
        opened = open_dicom(MemoryBytes(content), MAGIC_OFFSET + len(MAGIC), ReadingLimits())
    except MammogramError:
        assert path.name in REFUSED or _is_unreadable_syntax(path)
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reference = pydicom.dcmread(path, defer_size=None)
        _compare(opened.header.elements, reference)
        pixels = next((reference[tag] for tag in PIXEL_TAGS if tag in reference), None)
    assert (opened.pixels is None) == (pixels is None)


def _is_unreadable_syntax(path: Path) -> bool:
    from cadx.mammogram import READABLE_TRANSFER_SYNTAXES

    return pydicom.dcmread(path, stop_before_pixels=True).file_meta.TransferSyntaxUID not in READABLE_TRANSFER_SYNTAXES


def _compare(ours: Any, reference: pydicom.Dataset) -> None:
    tags = {int(tag) for tag in list(reference.keys())}  # iterating a Dataset gives its elements
    wanted = tags & {int(tag) for tag in KEPT - PIXEL_TAGS}
    assert {tag for tag in ours if tag >> 16 != 0x6000} == {tag for tag in wanted if tag >> 16 != 0x6000}
    for tag in wanted:
        raw = reference.get_item(PydicomTag(tag))
        element = ours[tag]
        if element.vr == "SQ" or element.items:
            items = reference[tag].value
            assert len(items) == len(element.items)
            for item, theirs in zip(element.items, items, strict=True):
                _compare(item, theirs)
        elif isinstance(raw.value, bytes):
            assert element.value == raw.value
