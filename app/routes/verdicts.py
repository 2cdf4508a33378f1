"""What a reader made of a prediction: written as a DICOM report, and stored where that is asked for."""

import asyncio
from datetime import datetime
from importlib.metadata import version

from fastapi import APIRouter, Request
from pydicom.dataset import Dataset
from starlette.responses import Response

from app.auth.api_keys import KeyEntry, Right
from app.errors import (
    BodyEncodingUnsupported,
    BodyTooLarge,
    BodyTypeUnsupported,
    HostUnknown,
    ImageExpired,
    ImagesNotKept,
    InvalidRequest,
    KeyMissing,
    KeyUnknown,
    OriginRefused,
    RateExceeded,
    RightMissing,
    StoreError,
    StoreFailed,
    StoreNotAllowed,
    StoreTooSlow,
    UploadTooSlow,
)
from app.images.held import Origin
from app.jobs.prediction import Mark, View
from app.openapi.document import answer, document_answer, json_body, refusals
from app.openapi.examples import STORED_VERDICT_EXAMPLE, VERDICT_JSON
from app.representations.documents import DICOM_MEDIA_TYPE
from app.routes.dependencies import CallerDep, ServiceDep
from app.routes.named_images import NamedImages
from app.schemas.documents import DocumentKind
from app.schemas.references import read_body
from app.schemas.verdicts import Judgement, StoredVerdict, VerdictBody
from app.service import Service
from app.upload.receiving import JSON, content_type, receive_json
from cadx.errors import CadxError, CenterError, ExchangeError, LesionError, MammogramError, PacsError, PacsTooSlow
from cadx.exchange import (
    DocumentReference,
    ReaderAssessment,
    ReaderVerdict,
    SourceImage,
    document_reference,
    file_bytes,
    read_source,
    verdict_report,
)
from cadx.exchange.dicomweb import InstanceName, StoreState
from cadx.lesion import inner_point, readers_contour
from cadx.records import LesionCenter

router = APIRouter(prefix="/v1/verdicts", tags=["verdicts"])
_REFUSALS = refusals(
    InvalidRequest,
    BodyTypeUnsupported,
    BodyEncodingUnsupported,
    BodyTooLarge,
    UploadTooSlow,
    ImageExpired,
    ImagesNotKept,
    KeyMissing,
    KeyUnknown,
    RightMissing,
    OriginRefused,
    HostUnknown,
    RateExceeded,
    MammogramError,
    CenterError,
    LesionError,
    ExchangeError,
    PacsError,
)
_STORE_REFUSALS = refusals(StoreNotAllowed, StoreError, base=_REFUSALS)


@router.post(
    "",
    summary="Store what a reader made of a prediction",
    operation_id="store_verdict",
    response_model=StoredVerdict,
    responses={**answer(STORED_VERDICT_EXAMPLE), **_STORE_REFUSALS},
    openapi_extra=json_body(VerdictBody, VERDICT_JSON),
)
async def store_verdict(request: Request, service: ServiceDep, caller: CallerDep) -> StoredVerdict:
    """Store a verdict in the image's study, in the PACS that the image came from. Needs the rights `read` and `store`.

    Nothing is assessed: the verdict says what the reader was shown, and what the reader made of it.
    """
    service.keys.require(caller, Right.STORE)
    view, dataset = await _written(request, service, caller)
    if view.image.origin is None:
        message = "needs an image in a PACS, where the verdict is stored beside it"
        raise InvalidRequest(({"where": "body.lesion", "message": message},))
    pacs = view.image.origin.pacs
    if not service.archives.client(pacs).connection.store:
        raise StoreNotAllowed(pacs)
    name = InstanceName(dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.SOPInstanceUID)
    try:
        (outcome,) = await service.archives.store(pacs, name.study, {name: file_bytes(dataset)})
    except CadxError as error:
        service.audit.note("store", pacs, name, error.code)
        kind = StoreTooSlow if isinstance(error, PacsTooSlow) else StoreFailed
        raise kind(pacs, error.detail.rstrip(".")) from error
    service.audit.note("store", pacs, name, outcome.state)
    if outcome.state is StoreState.FAILED:
        raise StoreFailed(pacs, outcome.text)
    return StoredVerdict(series=name.series, instance=name.instance, state=outcome.state, reason=outcome.text)


@router.post(
    "/sr",
    summary="Write what a reader made of a prediction, as a DICOM SR (TID 1500)",
    operation_id="write_verdict",
    response_class=Response,
    responses={**document_answer(DocumentKind.SR, "a DICOM SR (TID 1500)"), **_REFUSALS},
    openapi_extra=json_body(VerdictBody, VERDICT_JSON),
)
async def write_verdict(request: Request, service: ServiceDep, caller: CallerDep) -> Response:
    """Write a verdict as the report that `/v1/verdicts` would store. Nothing is stored."""
    _, dataset = await _written(request, service, caller)
    return Response(file_bytes(dataset), media_type=DICOM_MEDIA_TYPE)


async def _written(request: Request, service: Service, caller: KeyEntry | None) -> tuple[View, Dataset]:
    if content_type(request) != JSON:
        raise BodyTypeUnsupported(content_type(request), (JSON,))
    body = read_body(VerdictBody, await receive_json(request, service.settings.upload_seconds))
    view = await NamedImages(service, caller).view_of_one(body.lesion.root, "body.lesion")
    origin = view.image.origin
    header = view.image.file.content if origin is None else await service.archives.header(origin)
    source = read_source(header, view.frame)
    report = await _document(service, origin, body.report, "report")
    predecessor = await _document(service, origin, body.predecessor, "predecessor")
    verdict = await asyncio.to_thread(_verdict, body, view.marks[0], source)
    software, now = version("mammo-cadx"), datetime.now().astimezone()
    return view, verdict_report(verdict, source, software, now, report=report, predecessor=predecessor)


def _verdict(body: VerdictBody, mark: Mark, source: SourceImage) -> ReaderVerdict:
    model, shown = body.prediction.model, body.prediction
    return ReaderVerdict(
        prediction_id=shown.id,
        model_name=model.name,
        model_version=model.version,
        model_digest=model.digest,
        probability=shown.probability,
        verdict=body.verdict,
        reader=body.reader,
        center=_center(mark, source),
        final=_assessment(body.final),
        unaided=_assessment(body.unaided),
        contour=None if body.contour is None else readers_contour(body.contour, source.rows, source.columns),
    )


def _center(mark: Mark, source: SourceImage) -> LesionCenter:
    """Where the assessment's own mark was."""
    if mark.center is not None:
        return mark.center
    return inner_point(readers_contour(mark.contour or (), source.rows, source.columns))


def _assessment(told: Judgement) -> ReaderAssessment:
    return ReaderAssessment(told.category, told.probability)


async def _document(service: Service, origin: Origin | None, uid: str | None, name: str) -> DocumentReference | None:
    """A document in the image's study, looked up in the PACS that the image came from."""
    if uid is None:
        return None
    if origin is None:
        message = "needs an image in a PACS (dicomweb), where the document is looked up"
        raise InvalidRequest(({"where": f"body.{name}", "message": message},))
    return document_reference(await service.archives.search_document(origin, uid))
