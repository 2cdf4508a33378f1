"""The reading page at `/`: open a mammogram, click a lesion, see what the service says of it."""

from collections.abc import Iterable

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.errors import PathUnknown
from app.pages.assets import folder_assets

_FILES = folder_assets("app.pages", "static")
_PAGE = "index.html"
# blob: is the picture of the region, which comes in the answer.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors {ancestors}"
)


def reader_router(frame_ancestors: Iterable[str]) -> APIRouter:
    """Serve the page.

    Parameters
    ----------
    frame_ancestors
        Sources of the pages that may show it in a frame of theirs; none: nobody may.
    """
    router = APIRouter(include_in_schema=False)
    policy = _POLICY.format(ancestors=frame_sources(frame_ancestors))

    @router.head("/")
    @router.get("/")
    async def page(request: Request) -> Response:
        return _FILES[_PAGE].response(request, policy)

    @router.head("/page/{name}")
    @router.get("/page/{name}")
    async def file(name: str, request: Request) -> Response:
        if name not in _FILES or name == _PAGE:
            raise PathUnknown(request.url.path)
        return _FILES[name].response(request)

    return router


def frame_sources(names: Iterable[str]) -> str:
    """The sources of `frame-ancestors`."""
    return " ".join("'self'" if name == "self" else name for name in names) or "'none'"
