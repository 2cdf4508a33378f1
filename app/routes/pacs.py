"""Which PACS are configured, whether they answer, and what is in them."""

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from app.auth.api_keys import KeyEntry, Right
from app.errors import (
    BodyEncodingUnsupported,
    BodyTooLarge,
    BodyTypeUnsupported,
    HostUnknown,
    InvalidRequest,
    KeyMissing,
    KeyUnknown,
    OriginRefused,
    RateExceeded,
    RightMissing,
    UploadTooSlow,
)
from app.images.worklist import find_images, find_studies, find_study
from app.openapi.document import answer, json_body, refusals
from app.openapi.examples import IMAGE_SEARCH, IMAGES_EXAMPLE, PACS_EXAMPLE, STUDIES_EXAMPLE, STUDY_SEARCH
from app.routes.dependencies import CallerDep, ServiceDep
from app.schemas.answers import PacsList, PacsState
from app.schemas.references import JsonBody, read_body
from app.schemas.worklist import FoundImages, FoundStudies, ImageSearch, StudySearch
from app.service import Service
from app.upload.receiving import JSON, content_type, receive_json
from cadx.errors import CadxError, InstanceNotInPacs, PacsError
from cadx.exchange.dicomweb import PacsClient

router = APIRouter(prefix="/v1/pacs", tags=["pacs"])
_ACCESS = (KeyMissing, KeyUnknown, RightMissing, OriginRefused, HostUnknown, RateExceeded)
_SEARCH_REFUSALS = refusals(
    InvalidRequest, BodyTypeUnsupported, BodyEncodingUnsupported, BodyTooLarge, UploadTooSlow, PacsError, *_ACCESS
)
Asked = TypeVar("Asked", bound=JsonBody)
Found = TypeVar("Found", FoundStudies, FoundImages)
PacsPath = Annotated[str, Path(max_length=64, description="What the operator calls it.", examples=["archive"])]


@router.get(
    "",
    summary="Which PACS are configured, and whether they answer",
    operation_id="list_pacs",
    response_model=PacsList,
    response_model_exclude_none=True,
    responses=answer(PACS_EXAMPLE) | refusals(*_ACCESS),
)
async def list_pacs(service: ServiceDep, caller: CallerDep) -> PacsList:
    """Ask each PACS for one study, within 5 s. Addresses are not told."""
    service.keys.require(caller, Right.READ)
    return PacsList(
        pacs=tuple(
            PacsState(name=state.name, answers=state.answers, stores=state.stores, problem=state.problem or None)
            for state in await service.archives.states()
        )
    )


@router.post(
    "/{name}/studies/search",
    summary="Search a PACS for studies",
    operation_id="search_studies",
    response_model=FoundStudies,
    responses=answer(STUDIES_EXAMPLE) | _SEARCH_REFUSALS,
    openapi_extra=json_body(StudySearch, STUDY_SEARCH),
)
async def search_studies(name: PacsPath, request: Request, service: ServiceDep, caller: CallerDep) -> Response:
    """Find studies with mammograms, at most 50 at once: of today, of a day, or of a patient. Needs the right `read`.

    What is looked for names patients: it goes in the body, so that no log of URLs holds it. The answer names them too.
    """

    async def find(client: PacsClient, asked: StudySearch) -> tuple[FoundStudies, tuple[str, ...]]:
        found = await find_studies(client, asked)
        return found, tuple(study.study for study in found.studies)

    return await _search(name, request, service, caller, StudySearch, find)


@router.post(
    "/{name}/images/search",
    summary="List a study's images",
    operation_id="search_images",
    response_model=FoundImages,
    responses=answer(IMAGES_EXAMPLE) | _SEARCH_REFUSALS,
    openapi_extra=json_body(ImageSearch, IMAGE_SEARCH),
)
async def search_images(name: PacsPath, request: Request, service: ServiceDep, caller: CallerDep) -> Response:
    """Say whose a study is, and which images of a modality it holds. Needs the right `read`."""

    async def find(client: PacsClient, asked: ImageSearch) -> tuple[FoundImages, tuple[str, ...]]:
        study = await find_study(client, asked.study)
        if study is None:
            raise InstanceNotInPacs(name)
        return FoundImages(study=study, images=await find_images(client, asked.study, asked.modality)), (asked.study,)

    return await _search(name, request, service, caller, ImageSearch, find)


async def _search(
    name: str,
    request: Request,
    service: Service,
    caller: KeyEntry | None,
    kind: type[Asked],
    find: Callable[[PacsClient, Asked], Awaitable[tuple[Found, tuple[str, ...]]]],
) -> Response:
    """Ask, and note for the audit which studies were shown."""
    service.keys.require(caller, Right.READ)
    if content_type(request) != JSON:
        raise BodyTypeUnsupported(content_type(request), (JSON,))
    asked = read_body(kind, await receive_json(request, service.settings.upload_seconds))
    client = service.archives.client(name)
    try:
        found, studies = await find(client, asked)
    except CadxError as error:
        service.audit.note_search(name, error.code, ())
        raise
    service.audit.note_search(name, "ok", studies)
    return Response(found.model_dump_json(exclude_none=True), media_type=JSON)
