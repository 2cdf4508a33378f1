"""Predictions: one lesion, several lesions of one image, several views of one lesion; as JSON, DICOM or FHIR."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.errors import (
    BodyEncodingUnsupported,
    BodyTooLarge,
    BodyTypeUnsupported,
    BodyUnreadable,
    BusyError,
    HostUnknown,
    ImageExpired,
    ImagesNotKept,
    InvalidRequest,
    KeyMissing,
    KeyUnknown,
    ModelUnknown,
    NotAcceptable,
    OriginRefused,
    PartUnavailable,
    RateExceeded,
    RightMissing,
    StoreError,
    StoreNotAllowed,
    UploadTooSlow,
)
from app.openapi.document import answer as answer_example
from app.openapi.document import document_answer, refusals, request_body
from app.openapi.examples import (
    LESION_FORM,
    LESION_JSON,
    LESIONS_EXAMPLE,
    LESIONS_FORM,
    LESIONS_JSON,
    PREDICTION_EXAMPLE,
    VIEWS_EXAMPLE,
    VIEWS_FORM,
    VIEWS_JSON,
)
from app.routes.answering import Wanted, answer, wanted_of
from app.routes.dependencies import CallerDep, ServiceDep
from app.routes.questions import OneLesion, Question, SeveralLesions, SeveralViews
from app.schemas.answers import LesionPredictions, Prediction, ViewPredictions
from app.schemas.documents import (
    DocumentKind,
    DocumentOptions,
    LesionDocumentOptions,
    LesionOptions,
    PredictionOptions,
)
from app.schemas.forms import LesionForm, LesionsForm, ViewsForm
from app.schemas.references import LesionReference, LesionsReference, ViewsReference
from cadx.errors import CenterError, ExchangeError, LesionError, MammogramError, PacsError

REFUSALS = refusals(
    InvalidRequest,
    BodyUnreadable,
    BodyTypeUnsupported,
    BodyEncodingUnsupported,
    BodyTooLarge,
    UploadTooSlow,
    ModelUnknown,
    PartUnavailable,
    ImageExpired,
    ImagesNotKept,
    KeyMissing,
    KeyUnknown,
    RightMissing,
    OriginRefused,
    HostUnknown,
    StoreNotAllowed,
    RateExceeded,
    BusyError,
    MammogramError,
    CenterError,
    LesionError,
    ExchangeError,
    PacsError,
    StoreError,
)
JSON_REFUSALS = refusals(NotAcceptable, base=REFUSALS)

router = APIRouter(prefix="/v1/predictions", tags=["predictions"])

LESION_BODY = request_body(
    LesionForm,
    LESION_FORM,
    several_images=False,
    bare_file=True,
    reference=LesionReference,
    reference_example=LESION_JSON,
)
LESIONS_BODY = request_body(
    LesionsForm,
    LESIONS_FORM,
    several_images=False,
    bare_file=False,
    reference=LesionsReference,
    reference_example=LESIONS_JSON,
)
VIEWS_BODY = request_body(
    ViewsForm, VIEWS_FORM, several_images=True, bare_file=False, reference=ViewsReference, reference_example=VIEWS_JSON
)

ONE_LESION, SEVERAL_LESIONS, SEVERAL_VIEWS = OneLesion(), SeveralLesions(), SeveralViews()


@router.post(
    "",
    summary="Assess one lesion",
    operation_id="predict",
    response_model=Prediction,
    responses={**answer_example(PREDICTION_EXAMPLE), **JSON_REFUSALS},
    openapi_extra=LESION_BODY,
)
async def predict(
    request: Request, service: ServiceDep, caller: CallerDep, options: Annotated[LesionOptions, Query()]
) -> Response:
    """Assess the lesion whose center is marked on a mammogram.

    Send a multipart form with the image, `x` and `y`; or the bare file as the body, with `x` and `y` in the query; or
    JSON that names an image in a PACS or one that was sent before. The same request always gives the same numbers and
    the same `id`. With `Accept: application/dicom` the answer is a TID 1500 SR, with
    `multipart/related; type="application/dicom"` SR, SEG and GSPS, with `application/fhir+json` a FHIR R4 Bundle.
    """
    return await answer(request, service, caller, ONE_LESION, options, wanted_of(request, options))


@router.post(
    "/lesions",
    summary="Assess several lesions of one image",
    operation_id="predict_lesions",
    response_model=LesionPredictions,
    responses={**answer_example(LESIONS_EXAMPLE), **JSON_REFUSALS},
    openapi_extra=LESIONS_BODY,
)
async def predict_lesions(
    request: Request, service: ServiceDep, caller: CallerDep, options: Annotated[PredictionOptions, Query()]
) -> Response:
    """Assess every lesion marked on one mammogram, which is read once. Repeat `x` and `y`, once a lesion.

    One lesion that cannot be assessed refuses the request.
    """
    return await answer(request, service, caller, SEVERAL_LESIONS, options, wanted_of(request, options))


@router.post(
    "/views",
    summary="Assess one lesion on several views",
    operation_id="predict_views",
    response_model=ViewPredictions,
    responses={**answer_example(VIEWS_EXAMPLE), **JSON_REFUSALS},
    openapi_extra=VIEWS_BODY,
)
async def predict_views(
    request: Request, service: ServiceDep, caller: CallerDep, options: Annotated[PredictionOptions, Query()]
) -> Response:
    """Assess one lesion on each of several views (CC, MLO, ...) and average. Repeat `image`, `x`, `y`, once a view."""
    return await answer(request, service, caller, SEVERAL_VIEWS, options, wanted_of(request, options))


TITLES = {
    DocumentKind.SR: "a DICOM SR (TID 1500)",
    DocumentKind.SEG: "a DICOM SEG",
    DocumentKind.GSPS: "a DICOM presentation state (GSPS)",
    DocumentKind.CAD_SR: "a Mammography CAD SR (TID 4000)",
    DocumentKind.FHIR: "a FHIR R4 Bundle",
}


def _document_route(question: Question, kind: DocumentKind, query: type[DocumentOptions]) -> Callable[..., Any]:
    async def written(
        request: Request,
        service: ServiceDep,
        caller: CallerDep,
        options: Annotated[query, Query()],  # type: ignore[valid-type]
    ) -> Response:
        return await answer(request, service, caller, question, options, Wanted((kind,)))

    return written


def _add_document_routes() -> None:
    """A path for each kind of document: clients that are generated from OpenAPI know one type of answer a path."""
    for kind in DocumentKind:
        for path, question, query, name, what, body in (
            ("", ONE_LESION, LesionDocumentOptions, "", "one lesion", LESION_BODY),
            ("/lesions", SEVERAL_LESIONS, DocumentOptions, "_lesions", "several lesions of one image", LESIONS_BODY),
            ("/views", SEVERAL_VIEWS, DocumentOptions, "_views", "one lesion on several views", VIEWS_BODY),
        ):
            router.add_api_route(
                f"{path}/{kind}",
                _document_route(question, kind, query),
                methods=["POST"],
                summary=f"Assess {what}, as {TITLES[kind]}",
                operation_id=f"predict{name}_{kind.replace('-', '_')}",
                response_class=Response,
                responses={**document_answer(kind, TITLES[kind]), **REFUSALS},
                openapi_extra=body,
            )


_add_document_routes()
