"""Every variant of every object before independent validators.

PixelMed takes long: one file of each shape here, all variants in `make validate` (CADX_VALIDATE_ALL=1).
"""

import os
import re
from functools import cache
from pathlib import Path

import pytest

from cadx.exchange import (
    ReportClass,
    Results,
    cad_report,
    file_bytes,
    presentation_states,
    segmentations,
    structured_report,
)
from tests.cadx.exchange.samples import variants
from tests.cadx.exchange.validators import EXPLAINED, SYNTHETIC, PixelMed, dciodvfy, dcmpschk, dsrdump, template_faults

VARIANTS = sorted(variants())
ALL = bool(os.environ.get("CADX_VALIDATE_ALL"))
# Half a minute each, most of it: those that differ in their content items. `make validate` checks all.
REPORTS_CHECKED = VARIANTS if ALL else ("moved-mark", "no-lesion-found", "several-views")
CAD_REPORTS_CHECKED = VARIANTS if ALL else ("no-lesion-found", "several-lesions")


@cache
def results(name: str) -> Results:
    return variants()[name]()


def explained(name: str) -> tuple[str, ...]:
    return (*EXPLAINED, *SYNTHETIC) if name == "synthetic" else EXPLAINED


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("sop_class", list(ReportClass), ids=lambda each: each.name.lower())
@pytest.mark.parametrize("name", VARIANTS)
def test_reports_are_valid(name: str, sop_class: ReportClass, tmp_path: Path) -> None:
    path = written(tmp_path / "sr.dcm", file_bytes(structured_report(results(name), sop_class=sop_class)))
    assert dciodvfy(path, explained(name)) == []
    assert "Probability of cancer" in dsrdump(path)


@pytest.mark.parametrize("name", VARIANTS)
def test_cad_reports_are_valid(name: str, tmp_path: Path) -> None:
    path = written(tmp_path / "cad.dcm", file_bytes(cad_report(results(name))))
    assert dciodvfy(path, explained(name)) == []
    assert "Single Image Finding" in dsrdump(path)


@pytest.mark.parametrize("name", VARIANTS)
def test_segmentations_are_valid(name: str, tmp_path: Path) -> None:
    for dataset in segmentations(results(name)):
        path = written(tmp_path / "seg.dcm", file_bytes(dataset))
        assert dciodvfy(path, explained(name)) == []


@pytest.mark.parametrize("name", VARIANTS)
def test_presentation_states_are_valid(name: str, tmp_path: Path) -> None:
    for dataset in presentation_states(results(name)):
        path = written(tmp_path / "gsps.dcm", file_bytes(dataset))
        assert dciodvfy(path, explained(name)) == []
        said = dcmpschk(path)
        if name == "iso-2022-ir-87":
            # dcmpschk takes every character beyond ASCII for an error.
            affected = re.findall(r"Affected attribute: (\w+)", said)
            assert set(affected) == {"StudyDescription", "PatientName"}
        else:
            assert "Test passed" in said, said


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", REPORTS_CHECKED)
def test_reports_follow_their_template(name: str, tmp_path: Path, pixelmed: PixelMed) -> None:
    path = written(tmp_path / "sr.dcm", file_bytes(structured_report(results(name))))
    assert template_faults(pixelmed.validate(path)) == []


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", CAD_REPORTS_CHECKED)
def test_cad_reports_follow_their_template(name: str, tmp_path: Path, pixelmed: PixelMed) -> None:
    path = written(tmp_path / "cad.dcm", file_bytes(cad_report(results(name))))
    assert template_faults(pixelmed.validate(path)) == []


def test_the_validators_find_what_is_wrong(tmp_path: Path) -> None:
    dataset = structured_report(results("cc-left"))
    del dataset.CompletionFlag
    assert dciodvfy(written(tmp_path / "sr.dcm", file_bytes(dataset)))


@pytest.mark.timeout(600)
def test_the_template_validator_finds_what_is_wrong(tmp_path: Path, pixelmed: PixelMed) -> None:
    dataset = cad_report(results("cc-left"))
    del dataset.ContentSequence[-1]  # the summary of analyses
    assert template_faults(pixelmed.validate(written(tmp_path / "cad.dcm", file_bytes(dataset))))
