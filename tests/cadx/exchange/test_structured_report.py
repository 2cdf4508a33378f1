import io
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from cadx.exchange import (
    DocumentReference,
    LesionResult,
    ReportClass,
    Results,
    document_reference,
    file_bytes,
    structured_report,
    tracking_uid,
)
from cadx.exchange.codes import FEATURE_NUMBERS, UNITS, feature_code
from cadx.lesion import FEATURES
from tests.cadx.exchange.samples import CREATED, one_lesion, results_of, sample, two_lesions, two_views, variants


def tree(item: Dataset) -> Iterator[Dataset]:
    for child in item.get("ContentSequence", ()):
        yield child
        yield from tree(child)


def name(item: Dataset) -> str:
    names = item.get("ConceptNameCodeSequence")
    return str(names[0].CodeValue) if names else ""


def groups(dataset: Dataset) -> list[Dataset]:
    return [item for item in tree(dataset) if name(item) == "125007"]


def numbers(group: Dataset) -> dict[str, float]:
    return {
        name(item): item.MeasuredValueSequence[0].FloatingPointValue
        for item in group.ContentSequence
        if item.ValueType == "NUM"
    }


def written(results: Results) -> Dataset:
    return pydicom.dcmread(io.BytesIO(file_bytes(structured_report(results))))


def test_every_number_is_the_assessments_to_the_bit() -> None:
    results = one_lesion(sample())
    assessment = results.lesions[0].views[0].assessment
    (group,) = groups(written(results))
    found = numbers(group)
    assert next(iter(found)) == "111047"
    assert found == {
        "111047": 100 * assessment.probability,
        "P01": 100 * assessment.cnn_probability,
        "P02": 100 * assessment.lesion_probability,
        "P03": 100 * assessment.calibrated_probability,
    } | {f"F{number:02d}": feature.value for number, feature in enumerate(assessment.features, start=1)}


def test_the_outline_is_the_assessments_in_single_precision_and_closed() -> None:
    results = one_lesion(sample())
    assessment = results.lesions[0].views[0].assessment
    (group,) = groups(written(results))
    (region,) = [item for item in group.ContentSequence if item.ValueType == "SCOORD"]
    points = np.asarray(region.GraphicData, dtype=np.float32).reshape(-1, 2)
    assert region.GraphicType == "POLYLINE"
    assert np.array_equal(points[:-1], assessment.contour.astype(np.float32))
    assert np.array_equal(points[0], points[-1])
    mark = next(item for item in tree(group) if name(item) == "M01")
    assert mark.GraphicType == "POINT"
    assert np.allclose(mark.GraphicData, (assessment.roi.mark.x, assessment.roi.mark.y))


@pytest.mark.parametrize("variant", sorted(variants()))
def test_a_group_has_one_probability_of_cancer_and_it_is_the_first_number(variant: str) -> None:
    for group in groups(structured_report(variants()[variant]())):
        measured = [name(item) for item in group.ContentSequence if item.ValueType == "NUM"]
        assert measured[0] == "111047"
        assert measured.count("111047") == 1


def test_where_no_lesion_was_found_the_mark_is_the_region_and_nothing_is_measured() -> None:
    results = variants()["no-lesion-found"]()
    assessment = results.lesions[0].views[0].assessment
    (group,) = groups(structured_report(results))
    (region,) = [item for item in group.ContentSequence if item.ValueType == "SCOORD"]
    assert region.GraphicType == "POINT"
    assert set(numbers(group)) == {"111047", "P01", "P02", "P03"}
    assert numbers(group)["111047"] == 100 * assessment.probability
    doubts = [item.ConceptCodeSequence[0] for item in group.ContentSequence if name(item) == "G01"]
    assert "no_lesion_found" in {str(doubt.CodeValue) for doubt in doubts if "CodeValue" in doubt}


def test_several_lesions_are_a_group_each() -> None:
    results = two_lesions()
    first, second = groups(structured_report(results))
    tracked = [next(item.UID for item in group.ContentSequence if name(item) == "112040") for group in (first, second)]
    assert tracked == [tracking_uid(lesion) for lesion in results.lesions]
    assert tracked[0] != tracked[1]
    named = [
        next(item.TextValue for item in group.ContentSequence if name(item) == "112039") for group in (first, second)
    ]
    assert named == ["upper lesion", "Lesion 2"]
    findings = [
        next(item.ConceptCodeSequence[0].CodeValue for item in group.ContentSequence if name(item) == "121071")
        for group in (first, second)
    ]
    assert findings == ["129788004", "111099"]
    methods = [
        next(item.ConceptCodeSequence[0].CodeValue for item in group.ContentSequence if name(item) == "370129005")
        for group in (first, second)
    ]
    assert methods == ["O01", "O02"]


def test_several_views_are_a_group_each_and_one_of_means_under_one_tracking_uid() -> None:
    results = two_views()
    found = groups(structured_report(results))
    assert [group.ContentTemplateSequence[0].TemplateIdentifier for group in found] == ["1410", "1410", "1501"]
    tracked = {next(item.UID for item in group.ContentSequence if name(item) == "112040") for group in found}
    assert tracked == {tracking_uid(results.lesions[0])}
    views = [view.assessment.probability for view in results.lesions[0].views]
    assert numbers(found[2])["111047"] == 100 * (sum(views) / 2)
    assert not [item for item in tree(found[2]) if item.ValueType == "SCOORD"]
    mean = next(item for item in found[2].ContentSequence if name(item) == "111047")
    assert mean.ContentSequence[0].ConceptCodeSequence[0].CodeMeaning == "Mean"


def test_it_says_what_made_it_and_what_it_is_not_fit_for() -> None:
    results = one_lesion(sample())
    dataset = written(results)
    assert dataset.ContentQualification == "RESEARCH"
    assert (dataset.PreliminaryFlag, dataset.VerificationFlag) == ("PRELIMINARY", "UNVERIFIED")
    (equipment,) = dataset.ContributingEquipmentSequence
    assert equipment.PurposeOfReferenceCodeSequence[0].CodeValue == "109102"
    (scheme,) = dataset.CodingSchemeIdentificationSequence
    assert scheme.CodingSchemeDesignator == "99CADX"
    texts = {name(item): str(item.TextValue) for item in tree(dataset) if item.ValueType == "TEXT"}
    assert texts["111002"] == f"bundle sha256 {results.algorithm.model_digest}"
    assert texts["111003"] == "9.9.9"
    notices = [item.TextValue for item in tree(dataset) if name(item) == "N01"]
    assert tuple(notices) == results.algorithm.notices
    assert "SyntheticData" not in dataset
    assert structured_report(variants()["synthetic"]()).SyntheticData == "YES"


def test_it_is_filed_beside_the_image() -> None:
    image = sample()
    dataset, source = written(one_lesion(image)), image.header
    for keyword in ("StudyInstanceUID", "PatientID", "PatientName", "AccessionNumber", "StudyDate", "StudyTime"):
        assert dataset[keyword].value == source[keyword].value
    assert dataset.SeriesInstanceUID != source.SeriesInstanceUID
    (study,) = dataset.CurrentRequestedProcedureEvidenceSequence
    (series,) = study.ReferencedSeriesSequence
    assert series.SeriesInstanceUID == source.SeriesInstanceUID
    assert series.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == source.SOPInstanceUID


def test_a_correction_names_its_forerunner() -> None:
    first = structured_report(one_lesion(sample()))
    second = replace(one_lesion(sample()), predecessor=document_reference(first))
    (study,) = structured_report(second).PredecessorDocumentsSequence
    series = study.ReferencedSeriesSequence[0]
    reference = series.ReferencedSOPSequence[0]
    assert DocumentReference(
        reference.ReferencedSOPClassUID,
        reference.ReferencedSOPInstanceUID,
        study.StudyInstanceUID,
        series.SeriesInstanceUID,
    ) == document_reference(first)
    assert structured_report(second).SOPInstanceUID != first.SOPInstanceUID


def test_dates_are_in_the_time_zone_of_the_study() -> None:
    def in_new_york(dataset: Dataset) -> None:
        dataset.TimezoneOffsetFromUTC = "-0500"

    dataset = structured_report(one_lesion(sample(edit=in_new_york)))
    assert (dataset.ContentDate, dataset.ContentTime) == ("20260504", "061415")
    assert dataset.TimezoneOffsetFromUTC == "-0500"
    plain = structured_report(one_lesion(sample()))
    assert plain.ContentTime == CREATED.strftime("%H%M%S")


def test_every_feature_has_a_code_and_a_unit_for_ever() -> None:
    assert {feature.name for feature in FEATURES} <= set(FEATURE_NUMBERS)
    assert len(set(FEATURE_NUMBERS.values())) == len(FEATURE_NUMBERS)
    assert {feature.unit for feature in FEATURES} <= set(UNITS)
    assert feature_code("ngtdm_coarseness").value == "F39"


def test_both_classes_say_the_same() -> None:
    results = one_lesion(sample())
    plain = structured_report(results, sop_class=ReportClass.COMPREHENSIVE)
    spatial = structured_report(results)
    assert plain.SOPClassUID == "1.2.840.10008.5.1.4.1.1.88.33"
    assert spatial.SOPClassUID == "1.2.840.10008.5.1.4.1.1.88.34"
    assert plain.ContentSequence == spatial.ContentSequence


def test_highdicom_reads_it() -> None:
    sr = pytest.importorskip("highdicom").sr
    results = two_views()
    content = sr.srread(io.BytesIO(file_bytes(structured_report(results)))).content
    planar = content.get_planar_roi_measurement_groups()
    assert [group.tracking_uid for group in planar] == [tracking_uid(results.lesions[0])] * 2
    for group, view in zip(planar, results.lesions[0].views, strict=True):
        assert np.array_equal(group.roi.value[:-1], view.assessment.contour.astype(np.float32))
        assert group.get_measurements()[0].value == 100 * view.assessment.probability
    (mean,) = content.get_image_measurement_groups()
    assert mean.get_measurements()[0].derivation.meaning == "Mean"


def test_a_lesion_may_be_named_by_its_caller() -> None:
    results = one_lesion(sample())
    named = results_of(
        LesionResult(results.lesions[0].views, tracking_identifier="Läsion 7", tracking_uid="1.2.3"),
    )
    (group,) = groups(written(named))
    assert next(item.UID for item in group.ContentSequence if name(item) == "112040") == "1.2.3"
    assert next(item.TextValue for item in group.ContentSequence if name(item) == "112039") == "Läsion 7"
