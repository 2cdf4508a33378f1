"""One origin for a viewer: OHIF's files, the PACS below /dicom-web and the service below /cadx, each with its login.

What nginx does in a hospital (deploy/ohif/nginx.conf): the browser never sees a password or a key.
"""

import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Route

SECONDS = 120.0
METHODS = ["GET", "HEAD", "POST", "DELETE"]
MEDIA_TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm"}
# OHIF decodes in workers that share memory, which browsers allow to isolated pages alone.
ISOLATION = {"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp"}
_HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer", "proxy-connection"}
)


@dataclass(frozen=True, slots=True)
class Upstream:
    """A server behind the gateway.

    Attributes
    ----------
    url
        Where a path goes on, without its own prefix where `strip` says so.
    headers
        Added to every request: the login.
    strip
        Whether the server knows nothing of the prefix.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    strip: bool = False


def basic_login(user: str, password: str) -> dict[str, str]:
    """The header of HTTP's basic authentication."""
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def make_gateway(dist: Path, configuration: str, upstreams: Mapping[str, Upstream]) -> Starlette:
    """The application.

    Parameters
    ----------
    dist
        OHIF, as its package has it.
    configuration
        What `app-config.js` says.
    upstreams
        Servers by the first part of the path.
    """
    root = dist.resolve()

    @asynccontextmanager
    async def lifespan(application: Starlette) -> AsyncIterator[None]:
        async with httpx.AsyncClient(timeout=SECONDS, trust_env=False) as client:
            application.state.client = client
            yield

    async def pass_on(request: Request) -> Response:
        name, _, rest = request.path_params["path"].partition("/")
        if name not in upstreams:
            return Response(status_code=404)
        upstream = upstreams[name]
        target = f"{upstream.url}/{rest}" if upstream.strip else f"{upstream.url}/{name}/{rest}"
        headers = [(key, value) for key, value in request.headers.items() if key not in _HOP_BY_HOP]
        client: httpx.AsyncClient = request.app.state.client
        asked = client.build_request(
            request.method,
            f"{target}?{request.url.query}" if request.url.query else target,
            headers=[*headers, *upstream.headers.items()],
            content=None if request.method in {"GET", "HEAD"} else request.stream(),
        )
        answer = await client.send(asked, stream=True)
        response = StreamingResponse(answer.aiter_raw(), answer.status_code, background=BackgroundTask(answer.aclose))
        response.raw_headers = [
            (key.lower(), value) for key, value in answer.headers.raw if key.lower().decode() not in _HOP_BY_HOP
        ]
        return response

    async def file(request: Request) -> Response:
        path = request.path_params["path"]
        if path == "app-config.js":
            return Response(configuration, media_type="text/javascript", headers=ISOLATION)
        found = (root / path).resolve()
        if not found.is_relative_to(root) or not found.is_file():
            # A study's address is a page of OHIF's own making; a file that is not there is none.
            if "." in found.name:
                return Response(status_code=404)
            found = root / "index.html"
        return FileResponse(found, media_type=MEDIA_TYPES.get(found.suffix), headers=ISOLATION)

    async def route(request: Request) -> Response:
        known = request.path_params["path"].partition("/")[0] in upstreams
        return await (pass_on if known else file)(request)

    return Starlette(routes=[Route("/{path:path}", route, methods=METHODS)], lifespan=lifespan)
