"""Every error as an RFC 9457 problem document; the HTTP status is decided here, once, by the error's class."""

import math
from collections.abc import Collection, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

import app.errors as service
import cadx.errors as science
from app.observability.request_context import current_request
from cadx.errors import CadxError

PROBLEM_TYPE = "application/problem+json"
_METHODS = ("GET", "HEAD", "POST", "DELETE")  # of all that is served here

# The nearest class in an error's family line decides. What is not listed is a fault of the service: 500.
STATUS: Mapping[type[CadxError], int] = {
    science.MammogramError: 422,
    science.UnknownImageFormat: 415,
    science.UnsupportedTransferSyntax: 415,
    science.FileTooLarge: 413,
    science.ImageTooLarge: 413,
    science.CenterError: 422,
    science.LesionError: 422,
    science.BundleError: 409,
    service.InvalidRequest: 422,
    service.BodyUnreadable: 400,
    service.BodyTypeUnsupported: 415,
    service.BodyEncodingUnsupported: 415,
    service.BodyTooLarge: 413,
    service.UploadTooSlow: 408,
    service.ModelUnknown: 404,
    service.PartUnavailable: 422,
    service.ImageExpired: 404,
    service.ImagesNotKept: 404,
    service.NotAcceptable: 406,
    service.HostUnknown: 421,
    service.StoreNotAllowed: 403,
    service.PathUnknown: 404,
    service.MethodNotAllowed: 405,
    service.HeadersTooLarge: 431,
    service.RequestMalformed: 400,
    service.KeyMissing: 401,
    service.KeyUnknown: 401,
    service.NotAnAdministrator: 403,
    service.RightMissing: 403,
    service.OriginRefused: 403,
    service.RateExceeded: 429,
    service.BusyError: 503,
    service.StoreError: 502,
    service.StoreTooSlow: 504,
    science.ExchangeError: 422,
    science.PacsError: 502,
    science.PacsTooSlow: 504,
    science.PacsUnknown: 404,
    science.InstanceNotInPacs: 404,
    science.PacsInstanceTooLarge: 413,
}


class Problem(BaseModel):
    """A refusal, as RFC 9457 has it, with members of our own."""

    model_config = ConfigDict(extra="forbid")

    type: str = Field(description="URN of the kind of problem; ends with `code`.")
    title: str = Field(description="The kind of problem, for a person.")
    status: int = Field(ge=400, le=599, description="The HTTP status.")
    detail: str = Field(description="What was wrong this time.")
    instance: str = Field(description="The path that was asked.")
    code: str = Field(description="Stable name of the problem; branch on this.")
    remedy: str = Field(description="What to do about it.")
    facts: dict[str, Any] = Field(description="The numbers and names behind it; never patient data.")
    request_id: str = Field(description="Name of this request in the service's log.")
    assessment: dict[str, Any] | None = Field(
        None, description="The answer to the request, where it was computed and only storing it failed."
    )


def status_of(error: type[CadxError]) -> int:
    """HTTP status of a class of errors."""
    return next((STATUS[family] for family in error.__mro__ if family in STATUS), 500)


def problem_of(error: CadxError, instance: str, request_id: str) -> Problem:
    """Describe an error for a client."""
    kind = type(error)
    return Problem(
        type=f"urn:mammo-cadx:problem:{error.code}",
        title=title_of(kind),
        status=status_of(kind),
        detail=error.detail,
        instance=instance,
        code=error.code,
        remedy=error.remedy,
        facts={name: _plain(value) for name, value in error.facts.items()},
        request_id=request_id,
    )


def title_of(kind: type[CadxError]) -> str:
    """First line of the error class's description."""
    return (kind.__doc__ or kind.code).strip().splitlines()[0].rstrip(".")


def problem_response(error: CadxError, instance: str, assessment: dict[str, Any] | None = None) -> Response:
    """The whole HTTP response to an error, with the assessment where there is one all the same."""
    problem = problem_of(error, instance, current_request().request_id).model_copy(update={"assessment": assessment})
    current_request().refusal_code = problem.code
    headers = {"Cache-Control": "no-store"}
    if isinstance(error, service.BusyError | service.RateExceeded):
        headers["Retry-After"] = str(error.retry_after_seconds)
    if isinstance(error, service.KeyMissing | service.KeyUnknown):
        headers["WWW-Authenticate"] = "ApiKey"
    if isinstance(error, service.MethodNotAllowed):
        headers["Allow"] = ", ".join(error.allowed)
    if isinstance(error, service.BodyEncodingUnsupported):
        headers["Accept-Encoding"] = "identity"
    if isinstance(error, service.BodyTooLarge | service.UploadTooSlow | service.TooManyConnections):
        headers["Connection"] = "close"
    left_out = {"assessment"} if assessment is None else None
    return Response(problem.model_dump_json(exclude=left_out), problem.status, headers, PROBLEM_TYPE)


def invalid_request(
    error: ValidationError | RequestValidationError, prefix: str = "", without: Collection[str] = ()
) -> service.InvalidRequest:
    """Name each bad parameter without echoing its value.

    Parameters
    ----------
    error
        What pydantic found.
    prefix
        Where the parameters were.
    without
        Parts of a location that are in no request: the tags of unions.
    """
    return service.InvalidRequest(
        tuple(
            {
                "where": ".".join(filter(None, [prefix, *(str(part) for part in item["loc"] if part not in without)])),
                "message": item["msg"],
            }
            for item in error.errors()
        )
    )


def install_problems(application: FastAPI) -> None:
    """Turn every error of the application into a problem document."""

    @application.exception_handler(CadxError)
    async def refused(request: Request, error: CadxError) -> Response:
        return problem_response(error, request.url.path)

    @application.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        return problem_response(invalid_request(error), request.url.path)

    @application.exception_handler(HTTPException)
    async def routed(request: Request, error: HTTPException) -> Response:
        return problem_response(_of_framework(request, error), request.url.path)


def _of_framework(request: Request, error: HTTPException) -> CadxError:
    if error.status_code == HTTPStatus.NOT_FOUND:
        return service.PathUnknown(request.url.path)
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return service.MethodNotAllowed(request.method, _allowed(request))
    return service.RequestMalformed(error.status_code, str(error.detail))


def _allowed(request: Request) -> tuple[str, ...]:
    """Methods of the request's path; the framework names those of the first route that it finds there."""
    return tuple(
        method
        for method in _METHODS
        if any(
            route.matches({**request.scope, "method": method})[0] is Match.FULL for route in request.app.router.routes
        )
    )


def _plain(value: object) -> object:
    """A fact as JSON can say it."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return str(value)
