import io

import numpy as np
import pydicom
from pydicom.dataset import Dataset

from cadx.exchange import FindingKind, Results, cad_report, file_bytes
from tests.cadx.exchange.samples import one_lesion, sample, two_lesions, two_views, variants
from tests.cadx.exchange.test_structured_report import name, tree


def written(results: Results) -> Dataset:
    return pydicom.dcmread(io.BytesIO(file_bytes(cad_report(results))))


def value(item: Dataset) -> str:
    return str(item.ConceptCodeSequence[0].CodeValue)


def test_it_says_the_answer_where_it_is_and_that_nothing_was_detected() -> None:
    results = one_lesion(sample(), FindingKind.MASS)
    assessment = results.lesions[0].views[0].assessment
    dataset = written(results)
    by_name = {name(item): item for item in tree(dataset)}
    assert value(by_name["111064"]) == "111225"
    assert value(by_name["111065"]) == "111222"
    assert value(by_name["111017"]) == "111242"
    assert by_name["111047"].MeasuredValueSequence[0].FloatingPointValue == 100 * assessment.probability
    assert np.allclose(by_name["111010"].GraphicData, (assessment.roi.mark.x, assessment.roi.mark.y))
    points = np.asarray(by_name["111041"].GraphicData, dtype=np.float32).reshape(-1, 2)
    assert np.array_equal(points[:-1], assessment.contour.astype(np.float32))


def test_coordinates_refer_to_the_image_in_the_library() -> None:
    results = two_views()
    dataset = written(results)
    library = dataset.ContentSequence[1]
    assert [item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID for item in library.ContentSequence] == [
        source.sop_instance_uid for source in results.sources
    ]
    centers = [item for item in tree(dataset) if name(item) == "111010"]
    referred = [list(item.ContentSequence[0].ReferencedContentItemIdentifier) for item in centers]
    assert referred == [[1, 2, 1], [1, 2, 2]]


def test_what_the_caller_calls_the_lesion_is_its_finding() -> None:
    findings = [value(item) for item in tree(written(two_lesions())) if name(item) == "111059"]
    assert findings == ["129793001", "111099"]


def test_a_region_that_nobody_named_has_its_answer_in_words() -> None:
    results = one_lesion(sample())
    names = {name(item): item for item in tree(written(results))}
    assert "111047" not in names
    said = str(names["111058"].TextValue)
    assert float(said.split(": ")[1].removesuffix(" %.")) == 100 * results.lesions[0].views[0].assessment.probability


def test_where_no_lesion_was_found_there_is_no_finding_to_present() -> None:
    dataset = written(variants()["no-lesion-found"]())
    by_name = {name(item): item for item in tree(dataset)}
    assert value(by_name["111017"]) == "111241"
    assert value(by_name["111056"]) == "111152"
    assert "111041" not in by_name


def test_what_the_header_does_not_tell_is_left_out() -> None:
    names = {name(item) for item in tree(written(variants()["little-is-told"]()))}
    assert not names & {"111027", "111031", "111044", "111043"}
    told = {name(item) for item in tree(written(one_lesion(sample())))}
    assert {"111027", "111031", "111044", "111043", "111026", "111066"} <= told
