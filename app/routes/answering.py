"""From a request to its answer: receive or fetch the images, compute in a worker, write, store."""

import json
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from pydicom.dataset import Dataset
from starlette.requests import Request
from starlette.responses import Response

from app.auth.api_keys import KeyEntry, Right
from app.errors import InvalidRequest, StoreFailed, StoreNotAllowed, StoreTooSlow
from app.jobs.prediction import Assessed, PredictionJob, View
from app.jobs.queue import Ticket
from app.observability.request_context import current_request
from app.problems import problem_response
from app.representations.documents import DicomObject, dicom_body, dicom_objects, fhir_body, results_of
from app.representations.trust import refuse_unavailable
from app.routes.dependencies import client_gone
from app.routes.named_images import NamedImages
from app.routes.negotiation import Format, accepted_format
from app.routes.questions import Question, refuse_in_query
from app.schemas.answers import StoredKind, StoredObject
from app.schemas.base import DEFAULT_PARTS
from app.schemas.documents import DocumentKind, DocumentOptions, PredictionOptions
from app.schemas.forms import BareFileFields
from app.service import Service, reading_limits
from app.upload.receiving import JSON, UploadLimits, content_type, receive_json, receive_upload
from cadx.bundle import Bundle
from cadx.errors import CadxError, PacsTooSlow
from cadx.exchange import DocumentReference, Results, ViewResult, document_reference, read_source
from cadx.exchange.dicomweb import InstanceName, StoreOutcome, StoreState

_OF_FORMAT = {
    Format.DICOM: (DocumentKind.SR,),
    Format.RELATED: (DocumentKind.SR, DocumentKind.SEG, DocumentKind.GSPS),
    Format.FHIR: (DocumentKind.FHIR,),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be written: JSON, or documents, and what is to be stored."""

    documents: tuple[DocumentKind, ...] = ()
    related: bool = False
    stored: tuple[StoredKind, ...] = ()

    @property
    def identity(self) -> bool:
        """Whether the identity of the image must be known."""
        return bool(self.documents or self.stored)


@dataclass(frozen=True, slots=True)
class Written:
    """What a worker wrote."""

    body: bytes
    media_type: str
    objects: tuple[DicomObject, ...] = ()


def wanted_of(request: Request, options: PredictionOptions) -> Wanted:
    """What a request to a JSON path wants, from its Accept header and its query.

    Raises
    ------
    NotAcceptable
        When no format that the client accepts is answered.
    InvalidRequest
        When it would have objects stored and answered at once.
    """
    chosen = accepted_format(request)
    stored = tuple(dict.fromkeys(options.store))
    if chosen is Format.JSON:
        return Wanted(stored=stored)
    if stored:
        raise InvalidRequest(({"where": "query.store", "message": "goes with an answer in JSON alone"},))
    return Wanted(_OF_FORMAT[chosen], related=chosen is Format.RELATED)


async def answer(
    request: Request,
    service: Service,
    caller: KeyEntry | None,
    question: Question,
    options: DocumentOptions,
    wanted: Wanted,
) -> Response:
    """Answer one request."""
    bundle = service.models.get(options.model)
    if wanted.stored:
        service.keys.require(caller, Right.STORE)
    parts = DEFAULT_PARTS if options.include is None else frozenset(options.include)
    refuse_unavailable(bundle, parts)
    with ExitStack() as stack:
        if content_type(request) == JSON:
            if isinstance(options, BareFileFields):
                in_query = options.model_dump(include=set(BareFileFields.model_fields), exclude_none=True)
                refuse_in_query(in_query, "JSON")
            content = await receive_json(request, service.settings.upload_seconds)
            # Fetching has limits of its own, and holds no slot.
            views = await question.named(content, NamedImages(service, caller))
            reservation = stack.enter_context(service.jobs.reserve())
        else:
            reservation = stack.enter_context(service.jobs.reserve())
            views = await _sent(request, service, question, options, stack)
        pacs = _store_target(service, options, views) if wanted.stored else ""
        headers = await _headers(service, views) if wanted.identity else ()
        predecessor = await _predecessor(service, options, views, headers)
        job = PredictionJob(
            bundle=bundle,
            views=views,
            parts=parts,
            limits=reading_limits(service.settings),
            metrics=service.metrics,
            prevalence=options.prevalence,
        )
        current_request().facts["model"] = bundle.manifest.name
        writing = _Writing(bundle, question, options, wanted, headers, predecessor)
        written = await service.jobs.run(
            reservation, lambda ticket: writing.write(job, ticket), partial(client_gone, request)
        )
        service.images.sweep()
    if wanted.stored:
        return await _stored(request, service, pacs, written)
    return Response(written.body, media_type=written.media_type, headers={"Vary": "Accept"})


@dataclass(frozen=True, slots=True)
class _Writing:
    """Everything that writing needs; runs in a worker thread after the computing."""

    bundle: Bundle
    question: Question
    options: DocumentOptions
    wanted: Wanted
    headers: Sequence[Dataset | memoryview]
    predecessor: DocumentReference | None

    def write(self, job: PredictionJob, ticket: Ticket) -> Written:
        assessed = job.run(ticket)
        wanted = self.wanted
        results = self._results(job, assessed) if wanted.identity else None
        if results is None or not wanted.documents:
            objects = () if results is None else self._objects(results, map(DocumentKind, wanted.stored))
            body = self.question.document(assessed).model_dump_json(exclude_none=True)
            return Written(body.encode(), JSON, objects)
        if wanted.documents == (DocumentKind.FHIR,):
            return Written(*fhir_body(results))
        return Written(*dicom_body(self._objects(results, wanted.documents), always_related=wanted.related))

    def _objects(self, results: Results, kinds: Iterable[DocumentKind]) -> tuple[DicomObject, ...]:
        return dicom_objects(results, kinds, self.options.sr_class)

    def _results(self, job: PredictionJob, assessed: Sequence[Assessed]) -> Results:
        sources = {
            id(view): read_source(header, view.frame) for view, header in zip(job.views, self.headers, strict=True)
        }
        lesions = [
            [ViewResult(sources[id(each.view)], each.assessment, each.robustness) for each in views]
            for views in self.question.lesions(assessed)
        ]
        return results_of(self.bundle, lesions, self.options, datetime.now().astimezone(), self.predecessor)


async def _sent(
    request: Request, service: Service, question: Question, options: DocumentOptions, stack: ExitStack
) -> tuple[View, ...]:
    settings = service.settings
    limits = UploadLimits(
        settings.max_body_mb, settings.upload_seconds, question.max_images(settings), question.bare_file
    )
    started = time.perf_counter()
    upload = await receive_upload(request, limits, stack.enter_context(service.memory.share()))
    service.metrics.observe_stages({"upload": time.perf_counter() - started})
    return question.sent(upload, options, settings)


async def _headers(service: Service, views: Sequence[View]) -> Sequence[Dataset | memoryview]:
    """Whose each image is: read anew from the PACS that it came from, else from the file."""
    return [
        view.image.file.content if view.image.origin is None else await service.archives.header(view.image.origin)
        for view in views
    ]


async def _predecessor(
    service: Service, options: DocumentOptions, views: Sequence[View], headers: Sequence[Dataset | memoryview]
) -> DocumentReference | None:
    """The document that the new one corrects, looked up in the PACS that the image came from."""
    if options.predecessor is None or not headers:
        return None
    origin = views[0].image.origin
    if origin is None:
        message = "needs an image in a PACS (dicomweb), where the corrected document is looked up"
        raise InvalidRequest(({"where": "query.predecessor", "message": message},))
    found = await service.archives.search_document(origin, options.predecessor)
    return document_reference(found)


def _store_target(service: Service, options: DocumentOptions, views: Sequence[View]) -> str:
    """The PACS that results go to: the one that was named, else the one that the image came from."""
    origin = views[0].image.origin
    pacs = options.pacs if isinstance(options, PredictionOptions) else None
    if pacs is None and origin is not None:
        pacs = origin.pacs
    if pacs is None:
        message = "needs `pacs` in the query: the image did not come from one"
        raise InvalidRequest(({"where": "query.store", "message": message},))
    if not service.archives.client(pacs).connection.store:
        raise StoreNotAllowed(pacs)
    return pacs


async def _stored(request: Request, service: Service, pacs: str, written: Written) -> Response:
    """Store what was written, and answer with what became of it; the assessment is told in any case."""
    kinds = {each.name: each.kind for each in written.objects}
    study = written.objects[0].name.study
    try:
        outcomes = await service.archives.store(pacs, study, {each.name: each.content for each in written.objects})
    except CadxError as error:
        for name in kinds:
            service.audit.note("store", pacs, name, error.code)
        kind = StoreTooSlow if isinstance(error, PacsTooSlow) else StoreFailed
        return _with_assessment(request, kind(pacs, error.detail.rstrip(".")), written)
    stored = [_stored_object(name, kinds[name], outcome) for name, outcome in zip(kinds, outcomes, strict=True)]
    for name, outcome in zip(kinds, outcomes, strict=True):
        service.audit.note("store", pacs, name, outcome.state)
    if any(outcome.state is StoreState.FAILED for outcome in outcomes):
        facts = tuple(each.model_dump(mode="json") for each in stored)
        reasons = "; ".join(f"{each.kind}: {each.reason}" for each in stored if each.state == StoreState.FAILED)
        return _with_assessment(request, StoreFailed(pacs, reasons, facts), written)
    document = _document(written) | {"stored": [each.model_dump(mode="json") for each in stored]}
    return Response(json.dumps(document), media_type=JSON, headers={"Vary": "Accept"})


def _with_assessment(request: Request, error: CadxError, written: Written) -> Response:
    return problem_response(error, request.url.path, _document(written))


def _document(written: Written) -> dict[str, object]:
    document: dict[str, object] = json.loads(written.body)
    return document


def _stored_object(name: InstanceName, kind: DocumentKind, outcome: StoreOutcome) -> StoredObject:
    return StoredObject(
        kind=StoredKind(kind),
        series=name.series,
        instance=name.instance,
        state=outcome.state,
        reason=outcome.text,
    )
