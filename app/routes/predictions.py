"""Predictions: one lesion, several lesions of one image, several views of one lesion."""

import time
from collections.abc import Callable
from functools import partial
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ValidationError
from starlette.responses import Response

from app.errors import (
    BodyEncodingUnsupported,
    BodyTooLarge,
    BodyTypeUnsupported,
    BodyUnreadable,
    BusyError,
    InvalidRequest,
    KeyMissing,
    KeyUnknown,
    ModelUnknown,
    RateExceeded,
    UploadTooSlow,
)
from app.jobs.prediction import PredictionJob, View
from app.observability.request_context import current_request
from app.openapi.document import answer, refusals, request_body
from app.openapi.examples import (
    LESION_FORM,
    LESIONS_EXAMPLE,
    LESIONS_FORM,
    PREDICTION_EXAMPLE,
    VIEWS_EXAMPLE,
    VIEWS_FORM,
)
from app.problems import invalid_request
from app.representations.json import views_of
from app.routes.dependencies import ServiceDep, admit_caller
from app.schemas.answers import DEFAULT_PARTS, LesionPredictions, Prediction, ViewPredictions
from app.schemas.forms import BareFileOptions, LesionForm, LesionsForm, Options, ViewsForm, read_form, same_length
from app.service import Service, reading_limits
from app.upload.receiving import Upload, UploadLimits, receive_upload
from cadx.errors import CenterError, LesionError, MammogramError
from cadx.records import LesionCenter

Value = TypeVar("Value")

REFUSALS = refusals(
    InvalidRequest,
    BodyUnreadable,
    BodyTypeUnsupported,
    BodyEncodingUnsupported,
    BodyTooLarge,
    UploadTooSlow,
    ModelUnknown,
    KeyMissing,
    KeyUnknown,
    RateExceeded,
    BusyError,
    MammogramError,
    CenterError,
    LesionError,
)

router = APIRouter(prefix="/v1/predictions", tags=["predictions"], dependencies=[Depends(admit_caller)])


@router.post(
    "",
    summary="Assess one lesion",
    operation_id="predict",
    response_model=Prediction,
    responses={**answer(PREDICTION_EXAMPLE), **REFUSALS},
    openapi_extra=request_body(LesionForm, LESION_FORM, several_images=False, bare_file=True),
)
async def predict(request: Request, service: ServiceDep, options: Annotated[BareFileOptions, Query()]) -> Response:
    """Assess the lesion whose center is marked on a mammogram.

    Send a multipart form with the image, `x` and `y`; or the bare file as the body, with `x` and `y` in the query.
    The same request always gives the same numbers and the same `id`.
    """

    def views(upload: Upload) -> tuple[View, ...]:
        form = _lesion_form(upload, options)
        center = LesionCenter(form.x, form.y)
        return (View(upload.images[0], (center,), form.pixel_spacing_mm, form.frame, form.voi),)

    limits = _limits(service, max_images=1, bare_file=True)
    return await _answer(request, service, options, limits, views, lambda predictions: predictions[0])


@router.post(
    "/lesions",
    summary="Assess several lesions of one image",
    operation_id="predict_lesions",
    response_model=LesionPredictions,
    responses={**answer(LESIONS_EXAMPLE), **REFUSALS},
    openapi_extra=request_body(LesionsForm, LESIONS_FORM, several_images=False, bare_file=False),
)
async def predict_lesions(request: Request, service: ServiceDep, options: Annotated[Options, Query()]) -> Response:
    """Assess every lesion marked on one mammogram, which is read once. Repeat `x` and `y`, once a lesion.

    One lesion that cannot be assessed refuses the request.
    """

    def views(upload: Upload) -> tuple[View, ...]:
        form = read_form(LesionsForm, upload.fields or {})
        same_length(len(form.x), "y", form.y)
        _at_most(service.settings.max_lesions, "x", len(form.x))
        centers = tuple(LesionCenter(x, y) for x, y in zip(form.x, form.y, strict=True))
        return (View(upload.images[0], centers, form.pixel_spacing_mm, form.frame, form.voi),)

    limits = _limits(service, max_images=1)
    return await _answer(
        request, service, options, limits, views, lambda predictions: LesionPredictions(predictions=predictions)
    )


@router.post(
    "/views",
    summary="Assess one lesion on several views",
    operation_id="predict_views",
    response_model=ViewPredictions,
    responses={**answer(VIEWS_EXAMPLE), **REFUSALS},
    openapi_extra=request_body(ViewsForm, VIEWS_FORM, several_images=True, bare_file=False),
)
async def predict_views(request: Request, service: ServiceDep, options: Annotated[Options, Query()]) -> Response:
    """Assess one lesion on each of several views (CC, MLO, ...) and average. Repeat `image`, `x`, `y`, once a view."""

    def views(upload: Upload) -> tuple[View, ...]:
        form = read_form(ViewsForm, upload.fields or {})
        count = len(upload.images)
        same_length(count, "x", form.x)
        same_length(count, "y", form.y)
        spacings = _for_each(count, "pixel_spacing_mm", form.pixel_spacing_mm)
        frames = _for_each(count, "frame", form.frame)
        return tuple(
            View(image, (LesionCenter(x, y),), spacing, frame, form.voi)
            for image, x, y, spacing, frame in zip(upload.images, form.x, form.y, spacings, frames, strict=True)
        )

    limits = _limits(service, max_images=service.settings.max_views)
    return await _answer(request, service, options, limits, views, views_of)


async def _answer(
    request: Request,
    service: Service,
    options: Options,
    limits: UploadLimits,
    views: Callable[[Upload], tuple[View, ...]],
    document: Callable[[tuple[Prediction, ...]], BaseModel],
) -> Response:
    """Receive the body, compute in a worker, answer."""
    bundle = service.models.get(options.model)
    started = time.perf_counter()
    with service.jobs.reserve() as reservation, service.memory.share() as share:
        upload = await receive_upload(request, limits, share)
        service.metrics.observe_stages({"upload": time.perf_counter() - started})
        job = PredictionJob(
            bundle=bundle,
            views=views(upload),
            parts=DEFAULT_PARTS if options.include is None else frozenset(options.include),
            limits=reading_limits(service.settings),
            metrics=service.metrics,
            lesions=service.lesions,
        )
        current_request().facts["model"] = bundle.manifest.name
        body = await service.jobs.run(
            reservation,
            lambda ticket: document(job.run(ticket)).model_dump_json(exclude_none=True),
            partial(_client_gone, request),
        )
    return Response(body, media_type="application/json")


async def _client_gone(request: Request) -> None:
    """Return when the client has hung up."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _limits(service: Service, *, max_images: int, bare_file: bool = False) -> UploadLimits:
    settings = service.settings
    return UploadLimits(settings.max_body_mb, settings.upload_seconds, max_images, bare_file)


def _lesion_form(upload: Upload, options: BareFileOptions) -> LesionForm:
    """The lesion's parameters: in the form, or, for a bare file, in the query; never in both."""
    in_query = options.model_dump(include=set(LesionForm.model_fields), exclude_none=True)
    if upload.fields is None:
        try:
            return LesionForm.model_validate(in_query)
        except ValidationError as error:
            raise invalid_request(error, "query") from None
    if in_query:
        message = "goes into the form when the body is a form"
        raise InvalidRequest(tuple({"where": f"query.{name}", "message": message} for name in in_query))
    return read_form(LesionForm, upload.fields)


def _at_most(limit: int, name: str, sent: int) -> None:
    if sent > limit:
        raise InvalidRequest(({"where": f"body.{name}", "message": f"at most {limit} in one request, {sent} sent"},))


def _for_each(count: int, name: str, sent: list[Value]) -> list[Value] | list[None]:
    """A repeated field for each of `count` views: none sent, one for all, or one each."""
    if not sent:
        return [None] * count
    if len(sent) == 1:
        return sent * count
    same_length(count, name, sent)
    return sent
