"""What became of a moved mark, in the report and in FHIR."""

import pytest
from pydicom.dataset import Dataset

from cadx.exchange import fhir_bundle, structured_report
from cadx.exchange.codes import MOVED_MM
from cadx.robustness import RADII_MM
from tests.cadx.exchange.samples import moved_mark, one_lesion, sample


def told(dataset: Dataset) -> dict[tuple[str, str], float]:
    """Numbers by name and derivation."""
    found = {}
    group = dataset.ContentSequence[-2].ContentSequence[0]
    for item in group.ContentSequence:
        if item.ValueType == "NUM" and item.ConceptNameCodeSequence[0].CodeValue.startswith("R"):
            (derivation,) = item.ContentSequence
            meaning = derivation.ConceptCodeSequence[0].CodeMeaning
            found[item.ConceptNameCodeSequence[0].CodeValue, meaning] = item.MeasuredValueSequence[0].FloatingPointValue
    return found


def test_every_disc_has_a_code() -> None:
    assert MOVED_MM == RADII_MM


def test_the_report_tells_range_deviation_and_overlap_of_each_disc() -> None:
    results = moved_mark()
    numbers = told(structured_report(results))
    assert len(numbers) == 12
    for at, disc in enumerate(results.lesions[0].views[0].robustness, start=1):
        spread = disc.probability
        assert numbers[f"R{at:02d}", "Minimum"] == 100 * spread.lowest
        assert numbers[f"R{at:02d}", "Maximum"] == 100 * spread.highest
        assert numbers[f"R{at + 3:02d}", "Standard Deviation"] == 100 * spread.sd
        assert numbers[f"R{at + 6:02d}", "Mean"] == disc.mean_overlap
    assert told(structured_report(one_lesion(sample()))) == {}


def test_the_report_of_a_moved_mark_is_another_document() -> None:
    assert structured_report(moved_mark()).SOPInstanceUID != structured_report(one_lesion(sample())).SOPInstanceUID


def test_fhir_tells_the_same() -> None:
    results = moved_mark()
    observation = next(
        entry["resource"]
        for entry in fhir_bundle(results)["entry"]
        if entry["resource"]["resourceType"] == "Observation"
    )
    components = {each["code"]["coding"][0]["code"]: each for each in observation["component"]}
    for at, disc in enumerate(results.lesions[0].views[0].robustness, start=1):
        limits = components[f"R{at:02d}"]["valueRange"]
        assert (limits["low"]["value"], limits["high"]["value"]) == pytest.approx(
            (100 * disc.probability.lowest, 100 * disc.probability.highest)
        )
        assert components[f"R{at + 3:02d}"]["valueQuantity"]["value"] == 100 * disc.probability.sd
        assert components[f"R{at + 6:02d}"]["valueQuantity"]["value"] == disc.mean_overlap
