"""Where lesions are listed: tables, folders with reports and presentation states, a PACS."""

import logging
import shutil
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from cadx.errors import InstanceNotInPacs, PacsUnknown
from cadx.exchange import file_bytes, structured_report
from tests.cadx.exchange.samples import one_lesion, sample
from tests.cadx.exchange.test_annotations import as_ohif, coordinates, drawn, selected_from
from tests.conftest import Orthanc
from tests.training.scoring.conftest import BUNDLE, SALT, rows_of
from training.cohort.cases import read_manifest
from training.errors import ManifestColumnMissing, ManifestEmpty, ManifestValueInvalid, ScoringSourceUnusable
from training.scheduling import InProcess
from training.scoring.folder import folder_source
from training.scoring.inputs import Input, Source
from training.scoring.marks import manifest_source
from training.scoring.pacs import connection_of, fetch_instance, pacs_source
from training.scoring.run import ScoringSettings, score_source


def walked(source: Source) -> list[Input]:
    """All of it, twice the same."""
    found = list(source.walk())
    assert found == list(source.walk())
    assert len(found) == source.count
    return found


def as_file(dataset: Dataset, path: Path) -> bytes:
    """Write an annotation as a viewer would."""
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset.save_as(path, enforce_file_format=True)
    return path.read_bytes()


@pytest.fixture(scope="module")
def archive(scored_manifest: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with subfolders, images under names that say nothing, and a file of another kind."""
    folder = tmp_path_factory.mktemp("archive")
    for number, image in enumerate(sorted((scored_manifest.parent / "images").iterdir())[:3]):
        (folder / f"study{number}").mkdir()
        shutil.copy(image, folder / f"study{number}" / "IM0001")
    (folder / "notes.txt").write_text("nothing")
    return folder


def uid_of(archive: Path, number: int) -> str:
    return str(pydicom.dcmread(archive / f"study{number}" / "IM0001", stop_before_pixels=True).SOPInstanceUID)


def test_a_manifest_is_walked_and_needs_neither_label_nor_lesion(tmp_path: Path, scored_manifest: Path) -> None:
    cases = read_manifest(scored_manifest)
    found = walked(manifest_source(scored_manifest))
    assert [(item.lesion_id, item.x, item.y) for item in found] == [
        (case.lesion_id, case.center.x, case.center.y) for case in cases
    ]
    (tmp_path / "marks.csv").write_text("image,x,y,frame,pixel_spacing_mm\na.dcm,1.5,2,3,\nb.png,1,2,,0.1\n")
    assert walked(manifest_source(tmp_path / "marks.csv")) == [
        Input("a.dcm", 1.5, 2.0, 3, None),
        Input("b.png", 1.0, 2.0, None, 0.1),
    ]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("image,x\na.dcm,1\n", ManifestColumnMissing),
        ("image,x,y\n", ManifestEmpty),
        ("image,x,y\na.dcm,1,two\n", ManifestValueInvalid),
        ("image,x,y,frame\na.dcm,1,2,0\n", ManifestValueInvalid),
        ("image,x,y,pixel_spacing_mm\na.dcm,1,2,-1\n", ManifestValueInvalid),
    ],
)
def test_a_table_that_cannot_be_understood_is_refused_before_any_work(
    tmp_path: Path, text: str, error: type[Exception]
) -> None:
    (tmp_path / "marks.csv").write_text(text)
    with pytest.raises(error):
        manifest_source(tmp_path / "marks.csv")


def test_a_folder_is_marked_by_paths_or_by_uids(tmp_path: Path, archive: Path) -> None:
    (tmp_path / "by-path.csv").write_text("image,x,y\nstudy0/IM0001,10,20\n")
    (tmp_path / "by-uid.csv").write_text(f"sop_instance_uid,x,y\n{uid_of(archive, 2)},30,40\n1.2.3,1,1\n")
    found = walked(folder_source(archive, [tmp_path / "by-path.csv", tmp_path / "by-uid.csv"]))
    assert [(item.image, item.x) for item in found] == [("study0/IM0001", 10), ("study2/IM0001", 30), ("1.2.3", 1)]


def test_a_folder_is_marked_by_what_readers_drew_in_it(
    tmp_path: Path, archive: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "archive"
    shutil.copytree(archive, folder)
    with pytest.raises(ScoringSourceUnusable, match="3 images and 0 SR or GSPS"):
        folder_source(folder, [])
    first, second = uid_of(archive, 0), uid_of(archive, 1)
    as_file(as_ohif([coordinates("POINT", [11.0, 12.0], selected_from(second))]), folder / "report")
    as_file(drawn(("POINT", [11.0, 12.0]), ("POINT", [5.0, 6.0]), image=second), folder / "state")
    as_file(drawn(("POINT", [7.0, 8.0]), image=first), folder / "study0" / "state")
    as_file(drawn(("POINT", [0.5, 0.5]), units="DISPLAY", image=first), folder / "in-units-of-a-screen")
    as_file(drawn(("POINT", [9.0, 9.0]), image="1.2.3"), folder / "of-an-image-elsewhere")
    with caplog.at_level(logging.WARNING):
        found = walked(folder_source(folder, []))
    assert [(item.image, item.x, item.y) for item in found] == [
        ("study0/IM0001", 7, 8),
        ("study1/IM0001", 5, 6),
        ("study1/IM0001", 11, 12),
    ]
    assert [record.message for record in caplog.records if "passed over" in record.message] != []
    only = walked(folder_source(folder, [folder / "study0"]))
    assert [(item.image, item.sop_instance_uid) for item in only] == [("study0/IM0001", first)]


def test_our_own_reports_are_answers_and_mark_nothing(tmp_path: Path, archive: Path) -> None:
    folder = tmp_path / "archive"
    shutil.copytree(archive, folder)
    report = structured_report(one_lesion(sample()))
    (folder / "answer.dcm").write_bytes(file_bytes(report))
    report.ManufacturerModelName = "another"
    with pytest.raises(ScoringSourceUnusable, match="1 SR"):
        folder_source(folder, [])


def test_a_pacs_is_marked_by_a_table_or_by_what_readers_stored(
    tmp_path: Path, orthanc: Orthanc, archive: Path, caplog: pytest.LogCaptureFixture
) -> None:
    image = pydicom.dcmread(archive / "study0" / "IM0001")
    image.StudyInstanceUID, image.SeriesInstanceUID = generate_uid(), generate_uid()
    image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    image.PatientID = "SCORED-BY-PACS"
    image.save_as(tmp_path / "image", enforce_file_format=True)
    center = [image.Columns / 2, image.Rows / 2]
    report = as_ohif([coordinates("POINT", center, selected_from(image.SOPInstanceUID))])
    report.StudyInstanceUID, report.SeriesInstanceUID = image.StudyInstanceUID, generate_uid()
    report.PatientID, report.Modality = image.PatientID, "SR"
    orthanc.upload((tmp_path / "image").read_bytes())
    orthanc.upload(as_file(report, tmp_path / "report"))
    (tmp_path / "pacs.toml").write_text(orthanc.toml())
    file = tmp_path / "pacs.toml"
    found = pacs_source(file, "archive", "PatientID=SCORED-BY-PACS", [])
    at = f"{image.StudyInstanceUID}/{image.SeriesInstanceUID}/{image.SOPInstanceUID}"
    assert [(item.image, [item.x, item.y]) for item in walked(found)] == [(at, center)]
    uids = at.replace("/", ",")
    at_nowhere = f"{image.StudyInstanceUID},{image.SeriesInstanceUID},{generate_uid()}"
    (tmp_path / "marks.csv").write_text(
        f"study_uid,series_uid,sop_instance_uid,x,y\n{uids},{center[0]},{center[1]}\n{at_nowhere},1,1\nno,uid,here,1,1\n"
    )
    listed = pacs_source(file, "archive", "", [tmp_path / "marks.csv"])
    settings = ScoringSettings(salt=SALT)
    outcome = score_source(BUNDLE, listed, tmp_path / "results", InProcess(), settings)
    assert outcome.summary.refusals == {"instance_not_in_pacs": 2}
    assert rows_of(tmp_path / "results").probability.notna().sum() == 1
    assert score_source(BUNDLE, listed, tmp_path / "results", InProcess(), settings).now == 0
    connection = connection_of(file, "archive")
    assert fetch_instance(connection, at)[1] == (tmp_path / "image").read_bytes()
    with pytest.raises(InstanceNotInPacs):
        fetch_instance(connection, "a/b")
    with pytest.raises(PacsUnknown):
        pacs_source(file, "another", "", [])
    with pytest.raises(ScoringSourceUnusable, match="neither"):
        pacs_source(file, "archive", "", [])
    with pytest.raises(ScoringSourceUnusable, match="no SR or GSPS"):
        pacs_source(file, "archive", "PatientID=NOBODY", [])
