import io
import json
import logging
from dataclasses import replace

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian

from cadx.errors import (
    DicomNeeded,
    FrameNeeded,
    IdentityUnusable,
    SourcesMixed,
    TrackingUnusable,
    TruncatedImage,
)
from cadx.exchange import (
    Code,
    LesionResult,
    cad_report,
    fhir_bundle,
    file_bytes,
    mixed_sources,
    presentation_states,
    read_source,
    segmentations,
    structured_report,
)
from tests.cadx.exchange.samples import (
    ACCESSION_NUMBER,
    PATIENT_ID,
    PATIENT_NAME,
    STUDY_DATE,
    Edit,
    one_lesion,
    plant_identity,
    results_of,
    sample,
    view_result,
)
from training.phantoms.projection import View


def edited(**values: object) -> Edit:
    def edit(dataset: Dataset) -> None:
        plant_identity(dataset)
        for keyword, value in values.items():
            setattr(dataset, keyword, value)

    return edit


def raw(keyword: str, value: bytes) -> bytes:
    """A sample whose attribute holds bytes that pydicom would refuse to write."""
    image = sample(edit=edited(**{keyword: "X" * len(value)}))
    planted = b"X" * len(value)
    assert image.content.count(planted) == 1
    return image.content.replace(planted, value)


def test_it_tells_whose_and_what_an_image_is() -> None:
    image = sample(View.MLO)
    source, header = read_source(image.content), image.header
    assert source.sop_instance_uid == header.SOPInstanceUID
    assert source.study_uid == header.StudyInstanceUID
    assert source.series_uid == header.SeriesInstanceUID
    assert (source.rows, source.columns, source.frame) == (header.Rows, header.Columns, None)
    assert (source.laterality, source.orientation) == ("L", ("A", "FR"))
    assert source.view == Code("399368009", "SCT", "medio-lateral oblique")
    assert source.imager_spacing_mm == (0.1, 0.1)
    identity = source.identity
    assert (identity.patient_id, identity.patient_name) == (PATIENT_ID, PATIENT_NAME)
    assert (identity.study_date, identity.study_time, identity.accession_number) == (
        "20210304",
        "101112.5",
        ACCESSION_NUMBER,
    )


def test_a_data_set_gives_what_its_file_gives() -> None:
    image = sample()
    assert read_source(image.header) == read_source(image.content)


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian])
def test_the_transfer_syntax_decides_nothing(syntax: UID) -> None:
    image = sample()
    header = image.header
    header.file_meta.TransferSyntaxUID = syntax
    buffer = io.BytesIO()
    pydicom.dcmwrite(buffer, header)
    assert read_source(buffer.getvalue()) == read_source(image.content)


@pytest.mark.parametrize(
    ("character_set", "name"),
    [
        ("ISO_IR 100", "Müller^Jörg"),
        ("ISO_IR 144", "Дюжев^Яша"),
        ("ISO_IR 192", "Wang^XiaoDong=王^小东"),
        ("GB18030", "Wang^XiaoDong=王^小东"),
        (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        (["ISO 2022 IR 6", "ISO 2022 IR 149"], "Hong^Gildong=洪^吉洞=홍^길동"),
    ],
)
def test_names_are_unicode_whatever_they_were_written_in(character_set: str | list[str], name: str) -> None:
    image = sample(edit=edited(SpecificCharacterSet=character_set, PatientName=name))
    assert read_source(image.content).identity.patient_name == name


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("PatientID", b"9" * 66),
        ("AccessionNumber", b"9" * 18),
        ("PatientID", b"A\\B0"),
        ("PatientID", b"A\nB0"),
        ("StudyInstanceUID", b"1.2.x."),
        ("StudyInstanceUID", b"1" + b".1" * 33 + b"\0"),
        ("SeriesInstanceUID", b"1..2"),
        ("SOPInstanceUID", b"1.02.3"),
    ],
)
@pytest.mark.filterwarnings("ignore:Invalid value for VR", "ignore:The value length")
def test_what_cannot_be_repeated_to_the_letter_is_refused_without_being_told(keyword: str, value: bytes) -> None:
    with pytest.raises(IdentityUnusable) as refused:
        read_source(raw(keyword, value))
    assert refused.value.attribute == keyword
    assert value.decode("latin-1").strip() not in str(refused.value)


@pytest.mark.parametrize("keyword", ["StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID"])
def test_a_missing_uid_is_refused(keyword: str) -> None:
    def without(dataset: Dataset) -> None:
        plant_identity(dataset)
        setattr(dataset, keyword, "")

    with pytest.raises(IdentityUnusable) as refused:
        read_source(sample(edit=without).content)
    assert refused.value.attribute == keyword


@pytest.mark.filterwarnings("ignore:Invalid value", "ignore:The value length", "ignore:The PN component")
def test_what_only_describes_is_cut_or_left_empty() -> None:
    image = sample(
        edit=edited(
            StudyDescription="D" * 100,
            PatientBirthDate="19991399",
            StudyDate="2021.03.04",
            PatientSex="X",
            PatientName="N" * 80,
            ImageLaterality="Q",
        )
    )
    source = read_source(image.content)
    assert source.identity.study_description == "D" * 64
    assert source.identity.patient_name == "N" * 64
    assert (source.identity.birth_date, source.identity.sex) == ("", "")
    assert source.identity.study_date == "20210304"
    assert source.laterality == ""


def test_absent_and_empty_are_the_same() -> None:
    def absent(dataset: Dataset) -> None:
        plant_identity(dataset)
        for keyword in ("StudyDate", "StudyTime", "PatientName", "PatientOrientation", "ImageLaterality"):
            delattr(dataset, keyword)

    empty = edited(StudyDate="", StudyTime="", PatientName="", PatientOrientation="", ImageLaterality="")
    assert read_source(sample(edit=absent).content) == read_source(sample(edit=empty).content)


def test_a_frame_has_its_own_laterality() -> None:
    def of_frames(dataset: Dataset) -> None:
        plant_identity(dataset)
        del dataset.ImageLaterality
        dataset.NumberOfFrames = 2
        anatomy, shared = Dataset(), Dataset()
        anatomy.FrameLaterality = "R"
        shared.FrameAnatomySequence = Sequence([anatomy])
        dataset.SharedFunctionalGroupsSequence = Sequence([shared])

    content = sample(edit=of_frames).content
    assert (read_source(content, 2).frame, read_source(content, 2).laterality) == (2, "R")
    with pytest.raises(FrameNeeded):
        read_source(content)


def test_what_is_no_dicom_file_has_no_identity() -> None:
    with pytest.raises(DicomNeeded):
        read_source(b"\x89PNG\r\n\x1a\n" + bytes(300))


def test_a_broken_or_hostile_file_is_refused() -> None:
    content = sample().content
    with pytest.raises(TruncatedImage):
        read_source(content[:600])
    nested = b""
    for _ in range(300):
        item = b"\xfe\xff\x00\xe0" + len(nested).to_bytes(4, "little") + nested
        nested = b"\x54\x00\x20\x02SQ\0\0" + len(item).to_bytes(4, "little") + item
    with pytest.raises(IdentityUnusable):  # the sequence is passed over, and nothing is left that names the image
        read_source(content[: content.index(b"\x08\x00\x08\x00CS")] + nested)


def test_no_record_prints_an_identity() -> None:
    results = one_lesion(sample())
    for printed in (repr(results), repr(results.sources[0]), repr(results.sources[0].identity), str(results)):
        for planted in (PATIENT_NAME, PATIENT_ID, ACCESSION_NUMBER, "19610203", "Referrer"):
            assert planted not in printed


def test_images_of_different_patients_studies_or_sides_are_not_mixed() -> None:
    first = read_source(sample().content)
    assert mixed_sources((first, first)) == ()
    other_patient = replace(first, identity=replace(first.identity, patient_id="other"))
    assert mixed_sources((first, other_patient)) == ("patient",)
    assert mixed_sources((first, replace(first, study_uid="1.2"))) == ("study",)
    assert mixed_sources((first, replace(first, laterality="R"))) == ("side",)
    view = view_result(sample())
    with pytest.raises(SourcesMixed) as refused:
        results_of(LesionResult((view, replace(view, source=other_patient))))
    assert "other" not in str(refused.value)


@pytest.mark.parametrize("name", ["N" * 65, "a\\b", "a\nb", " a"])
def test_a_name_that_dicom_cannot_hold_is_refused(name: str) -> None:
    with pytest.raises(TrackingUnusable):
        results_of(LesionResult((view_result(sample()),), tracking_identifier=name))


@pytest.mark.parametrize("uid", ["abc", "1..2", "1.2." + "3" * 64])
def test_a_uid_that_is_none_is_refused(uid: str) -> None:
    with pytest.raises(TrackingUnusable):
        results_of(LesionResult((view_result(sample()),), tracking_uid=uid))


def test_nothing_about_a_person_is_logged_or_printed(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    results = one_lesion(sample())
    objects = (structured_report(results), cad_report(results), *segmentations(results), *presentation_states(results))
    for dataset in objects:
        assert PATIENT_ID.encode() in file_bytes(dataset)
    assert PATIENT_ID in json.dumps(fhir_bundle(results))
    said = caplog.text + "".join(capfd.readouterr())
    for planted in (PATIENT_NAME, PATIENT_ID, ACCESSION_NUMBER, "19610203", STUDY_DATE, "Planted"):
        assert planted not in said
