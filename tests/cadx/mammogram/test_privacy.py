"""No header value reaches a log, a warning, an error or the record of what was read, beyond those named in the docs."""

import logging
import traceback
from collections.abc import Callable
from typing import Any

import pydicom
import pytest
from pydicom._dicom_dict import DicomDictionary
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from cadx.errors import MammogramError
from cadx.mammogram import read_mammogram
from cadx.records import LesionCenter
from cadx.roi import extract_roi

Make = Callable[..., Any]
SECRET = "ZZSECRETZZ"
TEXT_VRS = {"AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UI", "UR", "UT"}
TEXT_TAGS = [
    (tag, vr, keyword)
    for tag, (vr, multiplicity, _, retired, keyword) in DicomDictionary.items()
    if vr in TEXT_VRS and keyword and 0x0008_0000 <= tag < 0x7FE0_0000 and keyword != "SpecificCharacterSet"
]


def plant(dataset: Dataset, tags: list[Any]) -> Dataset:
    for tag, vr, _ in tags:
        # Raw, so that pydicom neither validates nor converts what it writes.
        dataset[tag] = RawDataElement(Tag(tag), vr, len(SECRET), SECRET.encode(), 0, False, True)
    return dataset


def everything_said(content: bytes, caplog: pytest.LogCaptureFixture, recwarn: pytest.WarningsRecorder) -> str:
    """Logs, warnings, error texts with their chains, and the records themselves."""
    caplog.clear()  # pydicom speaks of what the test itself writes
    recwarn.clear()
    with caplog.at_level(logging.DEBUG):
        try:
            mammogram = read_mammogram(content, pixel_spacing_mm=0.1)
            said = repr(mammogram) + repr(extract_roi(mammogram, LesionCenter(25, 32)).flags)
        except MammogramError as error:
            said = "".join(traceback.format_exception(error)) + repr(error) + repr(error.facts)
    return said + caplog.text + "".join(str(warning.message) for warning in recwarn)


def test_there_are_thousands_of_text_tags() -> None:
    assert len(TEXT_TAGS) > 2500


def test_every_text_tag_that_does_not_decide(
    make_dataset: Make,
    save: Make,
    textured: Make,
    caplog: pytest.LogCaptureFixture,
    recwarn: pytest.WarningsRecorder,
) -> None:
    from cadx.mammogram.parser.tags import KEPT

    harmless = [tag for tag in TEXT_TAGS if tag[0] not in KEPT]
    content = save(plant(make_dataset(textured(12), 12), harmless))
    assert content.count(SECRET.encode()) >= len(harmless)
    said = everything_said(content, caplog, recwarn)
    assert "bits_stored" in said
    assert SECRET not in said.upper()


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1"])
def test_every_text_tag_that_decides_one_at_a_time(
    syntax: str,
    make_dataset: Make,
    save: Make,
    textured: Make,
    caplog: pytest.LogCaptureFixture,
    recwarn: pytest.WarningsRecorder,
) -> None:
    from cadx.mammogram.parser.tags import KEPT

    deciding = [tag for tag in TEXT_TAGS if tag[0] in KEPT]
    assert len(deciding) > 20
    for tag in deciding:
        dataset = plant(make_dataset(textured(12), 12), [tag])
        dataset.file_meta.TransferSyntaxUID = pydicom.uid.UID(syntax)
        content = save(dataset)
        assert SECRET.encode() in content
        assert SECRET not in everything_said(content, caplog, recwarn).upper(), tag


def test_a_path_is_never_told(tmp_path: Any, make_dicom: Make, textured: Make) -> None:
    path = tmp_path / f"{SECRET}.dcm"
    path.write_bytes(make_dicom(textured(12), 12))
    assert SECRET not in repr(read_mammogram(path))
