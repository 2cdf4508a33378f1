"""FHIR R4 against R4's own JSON schema, and references by hand: the schema does not follow them."""

import json
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft6Validator

from cadx.exchange import Results, fhir_bundle, tracking_uid
from tests.cadx.exchange.samples import (
    ACCESSION_NUMBER,
    PATIENT_ID,
    one_lesion,
    sample,
    two_lesions,
    two_views,
    variants,
)

SCHEMA = Path(os.environ.get("CADX_FHIR_SCHEMA", "build/fhir/fhir.schema.json"))
ALLOWED = {
    "DiagnosticReport": {"Observation", "Patient", "ServiceRequest", "ImagingStudy"},
    "Observation": {"Observation", "Patient", "Device", "ImagingStudy"},
    "Device": set[str](),
}


@cache
def schema() -> dict[str, Any]:
    if not SCHEMA.is_file():
        pytest.skip("FHIR R4's JSON schema is not here: `make fhir-schema` fetches it (npm), CADX_FHIR_SCHEMA names it")
    loaded: dict[str, Any] = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return loaded


def document(results: Results) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(json.dumps(fhir_bundle(results)))
    return loaded


def resources(bundle: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == kind]


def references(node: object) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if "reference" in node or ("identifier" in node and "type" in node and isinstance(node["type"], str)):
            yield node
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


@pytest.mark.parametrize("name", sorted(variants()))
def test_it_follows_the_schema(name: str) -> None:
    bundle = document(variants()[name]())
    for resource in (bundle, *(entry["resource"] for entry in bundle["entry"])):
        definition = {"$ref": f"#/definitions/{resource['resourceType']}", "definitions": schema()["definitions"]}
        assert [error.message for error in Draft6Validator(definition).iter_errors(resource)] == []


def test_the_schema_finds_what_is_wrong() -> None:
    bundle = document(one_lesion(sample()))
    bundle["entry"][0]["resource"]["invented"] = 1
    assert list(Draft6Validator(schema()).iter_errors(bundle))


@pytest.mark.parametrize(
    "make", [lambda: one_lesion(sample()), two_lesions, two_views], ids=["one", "lesions", "views"]
)
def test_references_meet_something_that_may_stand_there(make: Any) -> None:
    bundle = document(make())
    kinds = {entry["fullUrl"]: entry["resource"]["resourceType"] for entry in bundle["entry"]}
    assert len(kinds) == len(bundle["entry"])
    for entry in bundle["entry"]:
        resource = entry["resource"]
        assert entry["fullUrl"] == f"urn:uuid:{resource['id']}"
        assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", entry["fullUrl"])
        for found in references({key: value for key, value in resource.items() if key != "meta"}):
            kind = kinds[found["reference"]] if "reference" in found else found["type"]
            assert kind in ALLOWED[resource["resourceType"]], found
    listed = {result["reference"] for report in resources(bundle, "DiagnosticReport") for result in report["result"]}
    assert listed == {url for url, kind in kinds.items() if kind == "Observation"}


def test_every_number_is_the_assessments_to_the_bit() -> None:
    results = one_lesion(sample())
    assessment = results.lesions[0].views[0].assessment
    (observation,) = resources(document(results), "Observation")
    assert observation["valueQuantity"]["value"] == 100 * assessment.probability
    assert observation["code"]["coding"][0]["code"] == "111047"
    found = {
        component["code"]["coding"][0]["code"]: component["valueQuantity"]["value"]
        for component in observation["component"]
        if "valueQuantity" in component
    }
    assert found == {
        "P01": 100 * assessment.cnn_probability,
        "P02": 100 * assessment.lesion_probability,
        "P03": 100 * assessment.calibrated_probability,
    } | {f"F{number:02d}": feature.value for number, feature in enumerate(assessment.features, start=1)}


def test_it_is_preliminary_asserted_by_an_algorithm_and_for_research() -> None:
    results = one_lesion(sample())
    bundle = document(results)
    for resource in (*resources(bundle, "DiagnosticReport"), *resources(bundle, "Observation")):
        assert resource["status"] == "preliminary"
        assert resource["meta"]["security"][0]["code"] == "AIAST"
    (report,) = resources(bundle, "DiagnosticReport")
    assert "Research use only" in report["conclusion"]
    (device,) = resources(bundle, "Device")
    assert device["identifier"][0]["value"] == results.algorithm.model_digest


def test_patient_study_and_accession_are_logical_references() -> None:
    results = one_lesion(sample())
    (report,) = resources(document(results), "DiagnosticReport")
    assert report["subject"]["identifier"]["value"] == PATIENT_ID
    assert report["imagingStudy"][0]["identifier"]["value"] == f"urn:oid:{results.sources[0].study_uid}"
    assert report["basedOn"][0]["identifier"]["value"] == ACCESSION_NUMBER
    assert report["effectiveDateTime"] == "2021-03-04"
    assert "reference" not in report["subject"]


def test_several_views_have_a_mean_that_names_them() -> None:
    results = two_views()
    bundle = document(results)
    first, second, mean = resources(bundle, "Observation")
    assert mean["valueQuantity"]["value"] == 100 * (
        sum(view.assessment.probability for view in results.lesions[0].views) / 2
    )
    assert [member["reference"] for member in mean["hasMember"]] == [
        f"urn:uuid:{each['id']}" for each in (first, second)
    ]
    tracked = {
        component["valueString"]
        for observation in (first, second, mean)
        for component in observation["component"]
        if component["code"]["coding"][0]["code"] == "112040"
    }
    assert tracked == {tracking_uid(results.lesions[0])}


def test_where_no_lesion_was_found_nothing_is_measured() -> None:
    (observation,) = resources(document(variants()["no-lesion-found"]()), "Observation")
    codes = {component["code"]["coding"][0]["code"] for component in observation["component"]}
    assert not any(code.startswith("F") for code in codes)
    doubts = [
        each["valueCodeableConcept"]["coding"][0]["code"] for each in observation["component"] if "G01" in str(each)
    ]
    assert "no_lesion_found" in doubts
