"""Help for a complete OpenAPI document: request bodies, examples, and every error by status."""

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
from app.schemas.forms import IMAGE
from app.upload.receiving import BARE_FILE_TYPES, MULTIPART
from cadx.errors import CadxError

Document = dict[str, Any]
_TYPES_EXAMPLES: Mapping[str, object] = {"int": 1, "float": 1.0, "str": "..."}
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


def refusals(*families: type[CadxError]) -> dict[int | str, Document]:
    """OpenAPI responses for the errors of some families, by status, one example each; 500 is always possible."""
    by_status: dict[int | str, Document] = {}
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
            "value": example.model_dump(mode="json"),
        }
        if status in {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS}:
            response["headers"] = {
                "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}}
            }
    return by_status


def answer(example: Document) -> dict[int | str, Document]:
    """OpenAPI response 200 with an example."""
    return {200: {"description": "OK", "content": {"application/json": {"example": example}}}}


def request_body(form: type[BaseModel], example: Document, *, several_images: bool, bare_file: bool) -> Document:
    """OpenAPI request body: a multipart form of some fields and the image, or the bare file."""
    schema = form.model_json_schema(ref_template="#/components/schemas/{model}")
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
        "additionalProperties": False,
        "$defs": schema.get("$defs", {}),
    }
    content: Document = {MULTIPART: {"schema": multipart, "example": example}}
    if bare_file:
        content |= {kind: {"schema": _BINARY} for kind in BARE_FILE_TYPES}
    return {"requestBody": {"required": True, "content": content}}


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
            for operation in _operations(document):
                _name_form(operation, schemas)
                for parameter in operation.get("parameters", []):
                    parameter["schema"] = _without_null(parameter["schema"])
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


def _name_form(operation: Document, schemas: Document) -> None:
    """Move a form's schema and those it refers to among the named ones: generated clients have a name for each."""
    form = operation.get("requestBody", {}).get("content", {}).get(MULTIPART)
    if form is not None and "title" in form["schema"]:
        schema = {name: value for name, value in form["schema"].items() if name != "$defs"}
        schemas.update(form["schema"].get("$defs", {}) | {schema["title"]: schema})
        form["schema"] = {"$ref": f"#/components/schemas/{schema['title']}"}


def _without_null(schema: Document) -> Document:
    """The schema without the null that stands for an absent value: forms and queries leave out what is absent."""
    kinds = [kind for kind in schema.get("anyOf", []) if kind.get("type") != "null"]
    if len(kinds) != 1 or len(kinds) == len(schema["anyOf"]):
        return schema
    return {**{name: value for name, value in schema.items() if name != "anyOf"}, **kinds[0]}
