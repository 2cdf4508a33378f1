"""Images that are sent once and asked about many times."""

from http import HTTPStatus

from fastapi import APIRouter, Request
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
    OriginRefused,
    RateExceeded,
    UploadTooSlow,
)
from app.images.held import HeldImage
from app.openapi.document import answer, image_body, refusals
from app.openapi.examples import KEPT_IMAGE_EXAMPLE
from app.routes.dependencies import CallerDep, ServiceDep
from app.routes.named_images import owner_of
from app.schemas.answers import KeptImage
from app.upload.receiving import UploadLimits, receive_upload

router = APIRouter(prefix="/v1/images", tags=["images"])
_ACCESS = (KeyMissing, KeyUnknown, OriginRefused, HostUnknown, RateExceeded)


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
        *_ACCESS,
    ),
    openapi_extra=image_body(),
)
async def keep_image(request: Request, service: ServiceDep, caller: CallerDep) -> Response:
    """Keep an image in memory for a while, and give the `image_id` that predictions take in its place.

    Only the caller's own key can use it, and only at this replica. Nothing is written to a disk.
    """
    settings = service.settings
    if settings.image_cache_mb == 0:
        raise ImagesNotKept
    limits = UploadLimits(settings.max_body_mb, settings.upload_seconds, 1, bare_file=True)
    with service.memory.share() as share:
        upload = await receive_upload(request, limits, share)
        if upload.fields:
            message = "only the image is expected"
            raise InvalidRequest(tuple({"where": f"body.{name[:64]}", "message": message} for name in upload.fields))
        image = HeldImage(upload.images[0])
        image_id = service.images.keep_sent(owner_of(caller), image)
    kept = KeptImage(
        image_id=image_id,
        sha256=image.file.sha256.result(),
        size_bytes=image.file.content.nbytes,
        minutes=settings.image_cache_minutes,
    )
    return Response(kept.model_dump_json(), 201, media_type="application/json")


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
