"""A reader's verdict as a report beside ours, and back."""

import io
from dataclasses import replace
from pathlib import Path

import highdicom
import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from cadx.errors import AnnotationMissing, VerdictUnreadable
from cadx.exchange import (
    Category,
    DocumentReference,
    ReaderAssessment,
    ReaderVerdict,
    SourceImage,
    Verdict,
    annotated_contour,
    file_bytes,
    holds_verdict,
    read_annotation,
    read_source,
    read_verdict,
    structured_report,
    tracking_uid,
    verdict_report,
)
from cadx.exchange.codes import CATEGORIES, VERDICTS
from cadx.records import LesionCenter
from tests.cadx.exchange.samples import ALGORITHM, CREATED, one_lesion, sample
from tests.cadx.exchange.validators import PixelMed, dciodvfy, dsrdump, template_faults

CENTER = LesionCenter(200.25, 310.5)
OUTLINE = np.array([[190.0, 300.0], [215.25, 301.0], [212.0, 325.5], [188.0, 322.0]])
RESULTS = one_lesion(sample())
REPORT = structured_report(RESULTS)
REFERENCE = DocumentReference(
    str(REPORT.SOPClassUID), str(REPORT.SOPInstanceUID), str(REPORT.StudyInstanceUID), str(REPORT.SeriesInstanceUID)
)


def source() -> SourceImage:
    return read_source(sample().content)


def verdict(made: Verdict = Verdict.ACCEPT) -> ReaderVerdict:
    return ReaderVerdict("p-0123", "sample", "1.2.3", ALGORITHM.model_digest, 1 / 3, made, "Reader 7", CENTER)


VARIANTS = {
    "accepted": verdict(),
    "modified": replace(
        verdict(Verdict.MODIFY),
        contour=OUTLINE,
        final=ReaderAssessment(Category.C4B, 0.3),
        unaided=ReaderAssessment(Category.C3, 0.07),
    ),
    "rejected": replace(verdict(Verdict.REJECT), final=ReaderAssessment(Category.C2)),
}


def written(name: str, **more: DocumentReference) -> bytes:
    return file_bytes(verdict_report(VARIANTS[name], source(), "9.9.9", CREATED, **more))


@pytest.mark.parametrize("name", VARIANTS)
@pytest.mark.parametrize("referring", [False, True], ids=["alone", "beside ours"])
def test_what_is_written_is_read_back(name: str, referring: bool) -> None:
    content = written(name, **({"report": REFERENCE} if referring else {}))
    told, read = VARIANTS[name], read_verdict(read_annotation(content))
    assert read.probability == pytest.approx(told.probability, rel=1e-15)
    image = source()
    expected = replace(
        told,
        probability=read.probability,
        final=replace(told.final, probability=read.final.probability),
        unaided=replace(told.unaided, probability=read.unaided.probability),
        study_uid=image.study_uid,
        sop_instance_uid=image.sop_instance_uid,
        tracking_uid=read.tracking_uid,
    )
    assert read == expected
    assert read.same_outline(told)
    for before, after in ((told.final, read.final), (told.unaided, read.unaided)):
        assert (before.probability is None) == (after.probability is None)
        assert after.probability == pytest.approx(before.probability)


@pytest.mark.parametrize("category", Category)
def test_every_category_comes_back(category: Category) -> None:
    told = replace(verdict(), final=ReaderAssessment(category), unaided=ReaderAssessment(category))
    read = read_verdict(read_annotation(file_bytes(verdict_report(told, source(), "9.9.9", CREATED))))
    assert (read.final, read.unaided) == (told.final, told.unaided)
    assert len(CATEGORIES[category].meaning) <= 64


def test_the_lesion_is_that_of_our_report() -> None:
    (lesion,) = RESULTS.lesions
    mark = lesion.views[0].assessment.roi.mark
    dataset = verdict_report(replace(verdict(), center=mark), lesion.views[0].source, "9.9.9", CREATED)
    assert read_verdict(dataset).tracking_uid == tracking_uid(lesion)
    assert dataset.StudyInstanceUID == REPORT.StudyInstanceUID
    assert dataset.SeriesInstanceUID != REPORT.SeriesInstanceUID


def test_it_names_our_report_and_its_observer_is_a_person() -> None:
    dataset = pydicom.dcmread(io.BytesIO(written("modified", report=REFERENCE)))
    text = str(dataset)
    assert "Person Observer Name" in text
    assert "Device Observer" not in text
    evidence = dataset.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence
    named = {item.ReferencedSOPInstanceUID for series in evidence for item in series.ReferencedSOPSequence}
    assert named == {source().sop_instance_uid, REFERENCE.sop_instance_uid}
    assert text.count(f"UI: {REFERENCE.sop_instance_uid}") == 2


def test_the_outline_can_be_asked_about() -> None:
    image = source()
    size = (image.rows, image.columns)
    found = annotated_contour(read_annotation(written("modified")), image.sop_instance_uid, size)
    assert np.array_equal(found, OUTLINE)
    with pytest.raises(AnnotationMissing):
        annotated_contour(read_annotation(written("accepted")), image.sop_instance_uid, size)


def test_the_same_verdict_has_the_same_uid_and_others_have_others() -> None:
    uids = {name: pydicom.dcmread(io.BytesIO(written(name))).SOPInstanceUID for name in VARIANTS}
    assert len(set(uids.values())) == len(uids)
    assert pydicom.dcmread(io.BytesIO(written("modified"))).SOPInstanceUID == uids["modified"]
    assert pydicom.dcmread(io.BytesIO(written("modified", report=REFERENCE))).SOPInstanceUID != uids["modified"]


def test_other_reports_are_passed_over() -> None:
    assert not holds_verdict(REPORT)
    assert holds_verdict(read_annotation(written("accepted")))
    broken = read_annotation(written("modified"))
    group = broken.ContentSequence[5].ContentSequence[0]
    group.ContentSequence = [item for item in group.ContentSequence if item.get("ValueType") != "NUM"]
    for dataset in (Dataset(), REPORT, broken):
        with pytest.raises(VerdictUnreadable):
            read_verdict(dataset)
    assert len({code.value for code in VERDICTS.values()}) == len(Verdict)


def test_no_name_is_printed() -> None:
    assert "Reader 7" not in repr(verdict())


@pytest.mark.parametrize("name", VARIANTS)
def test_it_is_valid(name: str, tmp_path: Path) -> None:
    path = tmp_path / "sr.dcm"
    path.write_bytes(written(name, report=REFERENCE))
    assert dciodvfy(path) == []
    assert "What the reader made of the result" in dsrdump(path)
    report = highdicom.sr.MeasurementReport.from_sequence(highdicom.sr.srread(path).content)
    (group,) = report.get_planar_roi_measurement_groups()
    assert group.tracking_identifier == "Lesion 1"


@pytest.mark.timeout(600)
def test_it_follows_its_template(tmp_path: Path, pixelmed: PixelMed) -> None:
    path = tmp_path / "sr.dcm"
    path.write_bytes(written("modified", report=REFERENCE))
    assert template_faults(pixelmed.validate(path)) == []
