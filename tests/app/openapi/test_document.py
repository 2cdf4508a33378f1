"""The OpenAPI document: valid, complete, and true to what the service does."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from starlette.testclient import TestClient

from app.auth.api_keys import new_key
from app.main import create_app
from app.settings import Settings

Document = dict[str, Any]


@pytest.fixture(scope="module")
def document(settings: Settings) -> Document:
    keys = (new_key("reader")[1],)
    return create_app(settings.model_copy(update={"api_keys": tuple(Settings(api_keys=keys).api_keys)})).openapi()


def operations(document: Document) -> Iterator[tuple[str, str, Document]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def resolved(document: Document, schema: Document) -> Document:
    """The schema with what it refers to beside it, so that it can validate."""
    return {**schema, "components": document["components"]}


def example_of(document: Document, example: Document) -> Document:
    """An example, wherever it is written."""
    name = example.get("$ref", "").removeprefix("#/components/examples/")
    shared: Document = document["components"]["examples"].get(name, example)
    return shared


def test_errors_are_written_once(document: Document) -> None:
    assert len(json.dumps(document)) < 500_000
    assert "queue_full" in document["components"]["examples"]


def test_it_is_openapi_3_1_with_unique_names(document: Document) -> None:
    assert document["openapi"].startswith("3.1")
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(names) == len(set(names)) == 33


def test_every_schema_is_a_schema(document: Document) -> None:
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_every_reference_is_there(document: Document) -> None:
    for name in re.findall(r"#/components/schemas/(\w+)", str(document)):
        assert name in document["components"]["schemas"], name


def test_every_answer_has_an_example_that_fits_its_schema(document: Document) -> None:
    checked = 0
    for _, path, operation in operations(document):
        for status, response in operation["responses"].items():
            for kind, content in response.get("content", {}).items():
                if kind == "text/plain" or (path in {"/healthz", "/readyz"} and status == "200"):
                    continue
                examples = [content["example"]] if "example" in content else []
                examples += [example_of(document, example)["value"] for example in content.get("examples", {}).values()]
                assert examples, (path, status)
                for example in examples:
                    Draft202012Validator(resolved(document, content["schema"])).validate(example)
                    checked += 1
    assert checked > 50


def test_every_request_body_has_an_example_that_fits(document: Document) -> None:
    for _, path, operation in operations(document):
        body = operation.get("requestBody")
        if body:
            kinds = [kind for kind in ("multipart/form-data", "application/json") if kind in body["content"]]
            for content in (body["content"][kind] for kind in kinds):
                Draft202012Validator(resolved(document, content["schema"])).validate(content["example"])
            assert path.startswith(("/v1/predictions", "/v1/images", "/v1/pacs", "/v1/verdicts"))
            assert kinds == (
                ["application/json"]
                if path.startswith(("/v1/pacs", "/v1/verdicts"))
                else ["multipart/form-data", "application/json"]
            )


def test_every_prediction_lists_every_kind_of_refusal(document: Document) -> None:
    for _, path, operation in operations(document):
        if path.startswith("/v1/predictions"):
            wanted = {"200", "400", "401", "403", "404", "408", "413", "415", "421", "422", "429"}
            wanted |= {"500", "502", "503", "504"}
            if not path.endswith(("/sr", "/seg", "/gsps", "/cad-sr", "/fhir")):
                wanted.add("406")
            assert wanted == set(operation["responses"]), path
            assert operation["security"] == [{"ApiKey": []}]


def test_absent_values_are_left_out_not_null(document: Document) -> None:
    for _, _, operation in operations(document):
        for parameter in operation.get("parameters", []):
            assert "null" not in str(parameter["schema"])


def test_an_open_service_does_not_ask_for_a_key(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    assert "securitySchemes" not in document["components"]
    assert not any("security" in operation for _, _, operation in operations(document))


def test_a_real_answer_fits_its_schema(client: TestClient, document: Document, sample: Any) -> None:
    answer = client.post(
        "/v1/predictions",
        files=sample.files,
        data=sample.data,
        params={"include": ["features", "contour", "timings", "thumbnail"]},
    ).json()
    schema = {"$ref": "#/components/schemas/Prediction", "components": document["components"]}
    Draft202012Validator(schema).validate(answer)
    models = client.get("/v1/models").json()
    Draft202012Validator({**schema, "$ref": "#/components/schemas/ModelList"}).validate(models)
