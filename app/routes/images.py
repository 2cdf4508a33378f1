"""Images that are sent once and asked about many times."""

from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Annotated, TypeVar

from fastapi import APIRouter, Query, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

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
    OriginRefused,
    RateExceeded,
    RightMissing,
    UploadTooSlow,
)
from app.images.held import HeldImage
from app.jobs.queue import Ticket
from app.jobs.reading import ReadingJob
from app.openapi.document import answer, bytes_answer, image_body, refusals
from app.openapi.examples import IMAGE_DESCRIPTION_EXAMPLE, IMAGE_JSON, KEPT_IMAGE_EXAMPLE
from app.representations.json import image_description
from app.routes.dependencies import CallerDep, ServiceDep, client_gone
from app.routes.named_images import NamedImages, owner_of
from app.schemas.answers import KeptImage
from app.schemas.images import ImageDescription, ImageReference, ReadingOptions
from app.schemas.references import read_body
from app.service import Service, reading_limits
from app.upload.receiving import JSON, UploadLimits, UploadMemory, content_type, receive_json, receive_upload
from cadx.errors import MammogramError, PacsError

router = APIRouter(prefix="/v1/images", tags=["images"])
_ACCESS = (KeyMissing, KeyUnknown, OriginRefused, HostUnknown, RateExceeded)
_READING_REFUSALS = refusals(ImageExpired, ModelUnknown, InvalidRequest, MammogramError, BusyError, *_ACCESS)
Read = TypeVar("Read")


@router.post(
    "",
    summary="Send an image once, to ask about it many times",
    operation_id="keep_image",
    status_code=201,
    response_model=KeptImage,
    responses=answer(KEPT_IMAGE_EXAMPLE, HTTPStatus.CREATED)
    | refusals(
        InvalidRequest,
        BodyUnreadable,
        BodyTypeUnsupported,
        BodyEncodingUnsupported,
        BodyTooLarge,
        UploadTooSlow,
        ImagesNotKept,
        BusyError,
        RightMissing,
        PacsError,
        *_ACCESS,
    ),
    openapi_extra=image_body(ImageReference, IMAGE_JSON),
)
async def keep_image(request: Request, service: ServiceDep, caller: CallerDep) -> Response:
    """Keep an image in memory for a while, and give the `image_id` that predictions take in its place.

    JSON that names an image in a PACS has it fetched, which needs the right `read`. Only the caller's own key can use
    it, and only at this replica. Nothing is written to a disk.
    """
    settings = service.settings
    if settings.image_cache_mb == 0:
        raise ImagesNotKept
    owner = owner_of(caller)
    if content_type(request) == JSON:
        body = read_body(ImageReference, await receive_json(request, settings.upload_seconds))
        image = await NamedImages(service, caller).fetched(body.dicomweb)
        image_id = service.images.keep_sent(owner, image)
    else:
        with service.memory.share() as share:
            limits = UploadLimits(settings.max_body_mb, settings.upload_seconds, 1, bare_file=True)
            upload = await receive_upload(request, limits, share)
            if upload.fields:
                problem = {"message": "only the image is expected"}
                raise InvalidRequest(tuple({"where": f"body.{name[:64]}", **problem} for name in upload.fields))
            image = HeldImage(upload.images[0])
            image_id = service.images.keep_sent(owner, image)
    kept = KeptImage(
        image_id=image_id,
        sha256=image.file.sha256.result(),
        size_bytes=image.file.content.nbytes,
        minutes=settings.image_cache_minutes,
    )
    return Response(kept.model_dump_json(), 201, media_type=JSON)


@router.get(
    "/{image_id}",
    summary="An image as the model reads it",
    operation_id="describe_image",
    response_model=ImageDescription,
    responses=answer(IMAGE_DESCRIPTION_EXAMPLE) | _READING_REFUSALS,
)
async def describe_image(
    image_id: str,
    request: Request,
    service: ServiceDep,
    caller: CallerDep,
    options: Annotated[ReadingOptions, Query()],
) -> Response:
    """Size, spacing, view and flags of a kept image; nothing of whose it is."""
    image = service.images.sent(owner_of(caller), image_id)

    def described(job: ReadingJob, ticket: Ticket) -> bytes:
        description = image_description(job.run(ticket), image.file.sha256.result(), image.origin)
        return description.model_dump_json(exclude_none=True).encode()

    content = await _read(request, service, image, options, described)
    return Response(content, media_type=JSON)


@router.get(
    "/{image_id}/grays",
    summary="An image's grays, for viewers",
    operation_id="get_grays",
    response_class=Response,
    responses=bytes_answer("Grays, uint16, little endian, row by row") | _READING_REFUSALS,
)
async def get_grays(
    image_id: str,
    request: Request,
    service: ServiceDep,
    caller: CallerDep,
    options: Annotated[ReadingOptions, Query()],
) -> Response:
    """The whole image after the model's own reading, as it is stored, neither turned nor mirrored.

    uint16, little endian, row by row: the model's grays from 0 to 1 times `gray_max`, rounded; bright is dense, padding
    is 0. With `Accept-Encoding: gzip` it is compressed (level 1).
    """
    image = service.images.sent(owner_of(caller), image_id)
    compressed = "gzip" in request.headers.get("accept-encoding", "")
    content = await _read(
        request, service, image, options, lambda job, ticket: job.grays(ticket, compressed=compressed)
    )
    headers = {"Vary": "Accept-Encoding"} | ({"Content-Encoding": "gzip"} if compressed else {})
    return _Counted(content, service.memory, headers)


async def _read(
    request: Request,
    service: Service,
    image: HeldImage,
    options: ReadingOptions,
    work: Callable[[ReadingJob, Ticket], Read],
) -> Read:
    """Read an image in a worker."""
    job = ReadingJob(image, service.models.get(options.model).policy, reading_limits(service.settings), options)
    with service.jobs.reserve() as reservation:
        done = await service.jobs.run(reservation, partial(work, job), partial(client_gone, request))
    service.images.sweep()
    return done


class _Counted(Response):
    """Bytes that count as memory of a request until they are sent, however slowly the client takes them."""

    def __init__(self, content: bytes, memory: UploadMemory, headers: dict[str, str]) -> None:
        super().__init__(content, headers=headers, media_type="application/octet-stream")
        self._memory = memory

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._memory.share() as share:
            share.take(len(self.body))
            await super().__call__(scope, receive, send)


@router.delete(
    "/{image_id}",
    summary="Forget an image",
    operation_id="forget_image",
    status_code=204,
    response_class=Response,
    responses=refusals(ImageExpired, InvalidRequest, *_ACCESS),
)
async def forget_image(image_id: str, service: ServiceDep, caller: CallerDep) -> Response:
    """Forget an image before its time."""
    service.images.forget(owner_of(caller), image_id)
    return Response(status_code=204)
