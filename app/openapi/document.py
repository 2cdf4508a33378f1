"""Help for a complete OpenAPI document: request bodies, examples, and every error by status."""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import fields
from http import HTTPStatus
from typing import Any, cast

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from app.errors import InternalError
from app.openapi.examples import ERROR_FACTS
from app.problems import PROBLEM_TYPE, Problem, problem_of, status_of
from app.representations.documents import DICOM_MEDIA_TYPE, FHIR_JSON, RELATED
from app.schemas.documents import DocumentKind
from app.schemas.forms import IMAGE
from app.upload.receiving import BARE_FILE_TYPES, JSON, MULTIPART
from cadx.errors import CadxError

Document = dict[str, Any]
_TYPES_EXAMPLES: Mapping[str, object] = {"int": 1, "float": 1.0, "str": "..."}
_REF = "#/components/schemas/{model}"
_BINARY: Document = {"type": "string", "format": "binary"}


def leaves(family: type[CadxError]) -> Iterator[type[CadxError]]:
    """Every error of a family that is raised for a reason of its own, in the order of its definition."""
    if family.summary:
        yield family
    for kind in family.__subclasses__():
        yield from leaves(kind)


def example_error(kind: type[CadxError]) -> CadxError:
    """An error as it might happen."""
    facts = {
        field.name: ERROR_FACTS.get(field.name, _TYPES_EXAMPLES.get(getattr(field.type, "__name__", ""), "..."))
        for field in fields(kind)
    }
    return kind(**facts)


def refusals(*families: type[CadxError], base: Mapping[int | str, Document] | None = None) -> dict[int | str, Document]:
    """OpenAPI responses for the errors of some families, by status, one example each; 500 is always possible."""
    by_status: dict[int | str, Document] = copy.deepcopy(dict(base or {}))
    for kind in dict.fromkeys(kind for family in (*families, InternalError) for kind in leaves(family)):
        status = status_of(kind)
        response = by_status.setdefault(
            status,
            {
                "description": HTTPStatus(status).phrase,
                "content": {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": {}}},
            },
        )
        example = problem_of(example_error(kind), "/v1/predictions", "6f1c0e7b9d3a4c52")
        response["content"][PROBLEM_TYPE]["examples"][kind.code] = {
            "summary": example.title,
            "value": example.model_dump(mode="json", exclude={"assessment"}),
        }
        if status in {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS}:
            response["headers"] = {
                "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}}
            }
    return by_status


def answer(example: Document, status: HTTPStatus = HTTPStatus.OK) -> dict[int | str, Document]:
    """OpenAPI response of success, with an example."""
    return {int(status): {"description": status.phrase, "content": {JSON: {"example": example}}}}


def bytes_answer(title: str) -> dict[int | str, Document]:
    """OpenAPI response 200 that is bytes."""
    content = {"application/octet-stream": {"schema": _BINARY, "example": "(bytes)"}}
    return {200: {"description": title, "content": content}}


def document_answer(kind: DocumentKind, title: str) -> dict[int | str, Document]:
    """OpenAPI response 200 that is an object of a hospital's systems."""
    if kind is DocumentKind.FHIR:
        schema: Document = {"type": "object", "title": "FhirBundle", "additionalProperties": True}
        content: Document = {FHIR_JSON: {"schema": schema, "example": {"resourceType": "Bundle", "type": "collection"}}}
    else:
        binary = {"schema": _BINARY, "example": "(a DICOM object)"}
        content = {DICOM_MEDIA_TYPE: binary}
        if kind in {DocumentKind.SEG, DocumentKind.GSPS}:
            content[RELATED] = binary  # one an image
    return {200: {"description": title[0].upper() + title[1:], "content": content}}


def json_body(kind: type[BaseModel], example: Document) -> Document:
    """OpenAPI request body: JSON."""
    return {"requestBody": {"required": True, "content": {JSON: _json_content(kind, example)}}}


def _json_content(kind: type[BaseModel], example: Document) -> Document:
    return {"schema": kind.model_json_schema(ref_template=_REF), "example": example}


def image_body(reference: type[BaseModel], reference_example: Document) -> Document:
    """OpenAPI request body: an image, in a form or bare, or JSON that names it."""
    schema = {
        "title": "ImageForm",
        "type": "object",
        "properties": {"image": {**_BINARY, "description": IMAGE}},
        "required": ["image"],
        "additionalProperties": False,
    }
    content: Document = {
        MULTIPART: {"schema": schema, "example": {"image": "(a file)"}},
        JSON: _json_content(reference, reference_example),
    }
    content |= {kind: {"schema": _BINARY} for kind in BARE_FILE_TYPES}
    return {"requestBody": {"required": True, "content": content}}


def request_body(
    form: type[BaseModel],
    example: Document,
    *,
    several_images: bool,
    bare_file: bool,
    reference: type[BaseModel],
    reference_example: Document,
) -> Document:
    """OpenAPI request body: a multipart form of some fields and the image, JSON that names it, or the bare file."""
    schema = form.model_json_schema(ref_template=_REF)
    image: Document = {**_BINARY, "description": IMAGE}
    properties = {name: _without_null(field) for name, field in schema["properties"].items()}
    for name in properties:
        properties[name].pop("default", None)
    images = {"type": "array", "items": image, "minItems": 1} if several_images else image
    multipart = {
        "title": form.__name__,
        "type": "object",
        "properties": {"image": images, **properties},
        "required": ["image", *schema.get("required", [])],
        **{name: rule for name, rule in schema.items() if name == "dependentRequired"},
        "additionalProperties": False,
        "$defs": schema.get("$defs", {}),
    }
    content: Document = {
        MULTIPART: {"schema": multipart, "example": example},
        JSON: _json_content(reference, reference_example),
    }
    if bare_file:
        content |= {kind: {"schema": _BINARY} for kind in BARE_FILE_TYPES}
    return {"requestBody": {"required": True, "content": content}}


_REQUEST_ID: Document = {
    "name": "X-Request-ID",
    "in": "header",
    "required": False,
    "description": "The caller's own name for the request: it comes back with the answer and stands in the log. "
    "One that is not up to 64 letters, digits, dots, underscores and hyphens is replaced.",
    "schema": {"type": "string"},
}


def install_openapi(application: FastAPI, *, with_keys: bool) -> None:
    """Let the application describe itself completely.

    Parameters
    ----------
    application
        The service.
    with_keys
        Whether callers need an API key; an open service does not declare one.
    """

    def describe() -> Document:
        if application.openapi_schema is None:
            document = get_openapi(
                title=application.title,
                version=application.version,
                summary=application.summary,
                description=application.description,
                routes=application.routes,
                tags=application.openapi_tags,
                license_info=application.license_info,
            )
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            schemas["Problem"] = Problem.model_json_schema()
            shared = document["components"].setdefault("examples", {})
            for operation in _operations(document):
                _name_bodies(operation, schemas)
                _share_examples(operation, shared)
                for parameter in operation.get("parameters", []):
                    parameter["schema"] = _without_null(parameter["schema"])
                if "requestBody" in operation:
                    operation.setdefault("parameters", []).append(_REQUEST_ID)
                if not with_keys:
                    operation.pop("security", None)
            if not with_keys:
                document["components"].pop("securitySchemes", None)
            application.openapi_schema = document
        return application.openapi_schema

    application.openapi = describe  # type: ignore[method-assign]


def _operations(document: Document) -> Iterator[Document]:
    for path in document["paths"].values():
        yield from cast("Iterator[Document]", path.values())


def _share_examples(operation: Document, shared: Document) -> None:
    """Move the examples of errors among the named ones: repeated at each path, they were most of the document."""
    for response in operation["responses"].values():
        examples = response.get("content", {}).get(PROBLEM_TYPE, {}).get("examples", {})
        for code, example in examples.items():
            shared[code] = example
            examples[code] = {"$ref": f"#/components/examples/{code}"}


def _name_bodies(operation: Document, schemas: Document) -> None:
    """Move the schemas of bodies among the named ones, so that generated clients have a name for each."""
    bodies = operation.get("requestBody", {}).get("content", {})
    for body in (bodies[kind] for kind in (MULTIPART, JSON) if kind in bodies):
        if "title" in body["schema"]:
            schema = {name: value for name, value in body["schema"].items() if name != "$defs"}
            for name, inner in (body["schema"].get("$defs", {}) | {schema["title"]: schema}).items():
                members = {key: _without_null(value) for key, value in inner.get("properties", {}).items()}
                schemas[name] = {**inner, "properties": members} if members else inner
            body["schema"] = {"$ref": f"#/components/schemas/{schema['title']}"}


def _without_null(schema: Document) -> Document:
    """The schema without the null that stands for an absent value: forms and queries leave out what is absent."""
    kinds = [kind for kind in schema.get("anyOf", []) if kind.get("type") != "null"]
    if len(kinds) != 1 or len(kinds) == len(schema["anyOf"]):
        return schema
    return {**{name: value for name, value in schema.items() if name != "anyOf"}, **kinds[0]}
