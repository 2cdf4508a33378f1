"""The module that an unmodified OHIF loads: `/ohif/cadx-ohif.mjs` and the files that it imports (docs/ohif.md)."""

import hashlib
from importlib.metadata import version
from importlib.resources import files

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.errors import PathUnknown
from app.pages.assets import Asset

_SUFFIX = ".mjs"


def _asset(content: bytes) -> Asset:
    # The package's version is in the tag, so that a browser asks again after each change of the service.
    tag = hashlib.sha256(content).hexdigest()[:32]
    return Asset(content, "text/javascript; charset=utf-8", f'"{version("mammo-cadx")}-{tag}"')


FILES = {
    entry.name: _asset(entry.read_bytes())
    for entry in files("app.pages").joinpath("ohif").iterdir()
    if entry.name.endswith(_SUFFIX)
}

router = APIRouter(prefix="/ohif", include_in_schema=False)


@router.head("/{name}")
@router.get("/{name}")
async def file(name: str, request: Request) -> Response:
    """One file. It may be asked for with `?v=`, which some caches need; its tag tells versions apart in any case."""
    if name not in FILES:
        raise PathUnknown(request.url.path)
    return FILES[name].response(request)
