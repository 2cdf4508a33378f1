import json
from pathlib import Path

import pydicom
import pytest

from cadx.assessment import assess
from cadx.bundle import load_bundle
from cadx.errors import CadxError, DicomNeeded, ImageFileNotFound
from cadx.mammogram import read_mammogram
from training.cli import cli
from training.cohort.cases import Case
from training.commands.report import report


def test_it_writes_every_object_with_the_assessments_number(
    unseen_phantom: Case, bundle_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    center = unseen_phantom.center
    arguments = ["--x", str(center.x), "--y", str(center.y), "--bundle", str(bundle_folder), "--out", str(tmp_path)]
    cli(["report", str(unseen_phantom.image), *arguments], standalone_mode=False)
    bundle = load_bundle(bundle_folder)
    expected = 100 * assess(bundle, read_mammogram(unseen_phantom.image, policy=bundle.policy), center).probability
    classes = {path.name: str(pydicom.dcmread(path).SOPClassUID.name) for path in sorted(tmp_path.glob("*.dcm"))}
    assert classes == {
        "sr.dcm": "Comprehensive 3D SR Storage",
        "seg.dcm": "Segmentation Storage",
        "gsps.dcm": "Grayscale Softcopy Presentation State Storage",
        "cad-sr.dcm": "Mammography CAD SR Storage",
    }
    fhir = json.loads((tmp_path / "fhir.json").read_text(encoding="utf-8"))
    (observation,) = [
        entry["resource"] for entry in fhir["entry"] if entry["resource"]["resourceType"] == "Observation"
    ]
    assert observation["valueQuantity"]["value"] == expected
    assert pydicom.dcmread(tmp_path / "sr.dcm").SyntheticData == "YES"
    printed = capsys.readouterr().out
    assert "Research use only" in printed
    assert "PHANTOM" not in printed


@pytest.mark.parametrize(("content", "refusal"), [(None, ImageFileNotFound), (b"P5 600 600 255\n", DicomNeeded)])
def test_what_has_no_identity_is_refused_and_nothing_is_written(
    bundle_folder: Path, tmp_path: Path, content: bytes | None, refusal: type[CadxError]
) -> None:
    file = tmp_path / "image"
    if content is not None:
        pixels = bytes((row * column) % 251 for row in range(600) for column in range(600))
        file.write_bytes(content + pixels)
    with pytest.raises(refusal):
        report(file, 300.0, 300.0, bundle_folder, tmp_path / "out", spacing_mm=0.1)
    assert not (tmp_path / "out").exists()
