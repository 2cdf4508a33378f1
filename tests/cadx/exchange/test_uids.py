"""The same content has the same UID; other content has another, since an archive keeps the old under a known UID."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from pydicom.dataset import Dataset

from cadx.exchange import (
    LesionResult,
    OutlinedBy,
    ReportClass,
    Results,
    ViewResult,
    cad_report,
    fhir_bundle,
    file_bytes,
    presentation_states,
    read_source,
    segmentations,
    structured_report,
    tracking_uid,
)
from cadx.exchange.uids import is_uid, named_uid
from cadx.lesion import SegmentationMethod
from cadx.records import LesionCenter
from tests.cadx.exchange.samples import (
    assessment_of,
    one_lesion,
    plant_identity,
    results_of,
    sample,
    two_lesions,
    two_views,
)

KINDS: dict[str, Callable[[Results], Dataset]] = {
    "sr": structured_report,
    "comprehensive": lambda results: structured_report(results, sop_class=ReportClass.COMPREHENSIVE),
    "seg": lambda results: segmentations(results)[0],
    "gsps": lambda results: presentation_states(results)[0],
    "cad-sr": cad_report,
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_content_has_the_same_uids_and_bytes(kind: str) -> None:
    first, second = KINDS[kind](one_lesion(sample())), KINDS[kind](one_lesion(sample()))
    assert file_bytes(first) == file_bytes(second)
    later = replace(one_lesion(sample()), created=one_lesion(sample()).created + timedelta(days=9))
    third = KINDS[kind](later)
    assert (third.SOPInstanceUID, third.SeriesInstanceUID) == (first.SOPInstanceUID, first.SeriesInstanceUID)
    assert is_uid(first.SOPInstanceUID)
    assert 1 <= first.InstanceNumber < 2**31


@pytest.mark.parametrize("kind", KINDS)
def test_other_content_has_another_uid(kind: str) -> None:
    image = sample()
    base = one_lesion(image)
    view = base.lesions[0].views[0]

    def other_study(dataset: Dataset) -> None:
        plant_identity(dataset)
        dataset.StudyInstanceUID = "1.2.3.4"

    def merged_patient(dataset: Dataset) -> None:
        plant_identity(dataset)
        dataset.PatientID = "MERGED"

    moved = assessment_of(image, LesionCenter(image.center.x + 1, image.center.y))
    grown = assessment_of(image, method=SegmentationMethod.RGI)
    likelier = replace(view.assessment, probability=0.5)
    variants = {
        "base": base,
        "reader's outline": results_of(LesionResult((view,), outlined_by=OutlinedBy.READER)),
        "another outline": results_of(LesionResult((ViewResult(view.source, grown),))),
        "another mark": results_of(LesionResult((ViewResult(view.source, moved),))),
        "another model": replace(base, algorithm=replace(base.algorithm, model_digest="cd" * 32)),
        "another version": replace(base, algorithm=replace(base.algorithm, software_version="9.9.10")),
        "another study with the same pixels": one_lesion(sample(edit=other_study)),
        "another patient after a merge": one_lesion(sample(edit=merged_patient)),
    }
    if kind in {"sr", "comprehensive", "cad-sr", "gsps"}:
        variants["another probability"] = results_of(LesionResult((ViewResult(view.source, likelier),)))
    if kind in {"gsps", "cad-sr"}:
        del variants["reader's outline"]  # they do not tell who drew it
    found = {name: KINDS[kind](results).SOPInstanceUID for name, results in variants.items()}
    assert len(set(found.values())) == len(found), found


def test_every_kind_has_a_uid_and_a_series_of_its_own() -> None:
    made = [make(one_lesion(sample())) for make in KINDS.values()]
    assert len({dataset.SOPInstanceUID for dataset in made}) == len(made)
    assert len({dataset.SeriesInstanceUID for dataset in made}) == len(made)
    assert len({dataset.StudyInstanceUID for dataset in made}) == 1


def test_the_objects_of_two_images_share_their_series() -> None:
    for make in (segmentations, presentation_states):
        first, second = make(two_views())
        assert first.SeriesInstanceUID == second.SeriesInstanceUID
        assert first.SOPInstanceUID != second.SOPInstanceUID


def test_what_a_pacs_rewrites_decides_nothing() -> None:
    def rewritten(dataset: Dataset) -> None:
        plant_identity(dataset)
        dataset.SpecificCharacterSet = "ISO_IR 192"
        dataset.InstitutionName = "Elsewhere"
        dataset.PatientID = dataset.PatientID + " "

    assert (
        structured_report(one_lesion(sample(edit=rewritten))).SOPInstanceUID
        == structured_report(one_lesion(sample())).SOPInstanceUID
    )


def test_a_lesion_is_tracked_by_its_mark_whatever_was_found() -> None:
    image = sample()
    source = read_source(image.content)
    automatic = LesionResult((ViewResult(source, assessment_of(image)),))
    other = LesionResult((ViewResult(source, assessment_of(image, method=SegmentationMethod.RGI, probability=0.9)),))
    assert tracking_uid(automatic) == tracking_uid(other)
    first, second = two_lesions().lesions
    assert tracking_uid(first) != tracking_uid(second)


def test_fhir_addresses_are_as_stable() -> None:
    results = one_lesion(sample())
    later = replace(results, created=results.created + timedelta(days=9))
    first, second = fhir_bundle(results), fhir_bundle(later)
    assert [entry["fullUrl"] for entry in first["entry"]] == [entry["fullUrl"] for entry in second["entry"]]
    assert first["timestamp"] != second["timestamp"]


def test_names_do_not_run_together() -> None:
    assert named_uid("kind", "a", "b") != named_uid("kind", "ab")
    assert named_uid("kind", "a") != named_uid("other", "a")
    assert named_uid("kind", "a") == named_uid("kind", "a")
