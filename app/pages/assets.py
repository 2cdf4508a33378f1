"""Files that a browser is given: held in memory, with a tag by which it knows whether its copy is still the same."""

import hashlib
from dataclasses import dataclass
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response

MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file."""

    content: bytes
    media_type: str
    etag: str

    def response(self, request: Request, policy: str = "") -> Response:
        """Give it, or say that the browser's copy is still the same.

        Parameters
        ----------
        request
            May name the copy that the browser has.
        policy
            Content-Security-Policy, for a page.
        """
        headers = {"ETag": self.etag, "Cache-Control": "no-cache"} | (
            {"Content-Security-Policy": policy} if policy else {}
        )
        known = request.headers.get("if-none-match", "")
        if self.etag in {tag.strip().removeprefix("W/") for tag in known.split(",")}:
            return Response(status_code=304, headers=headers)
        return Response(self.content, media_type=self.media_type, headers=headers)


def text_asset(text: str, suffix: str) -> Asset:
    """A file that is written here."""
    return _asset(text.encode(), suffix)


def package_asset(package: str, *path: str) -> Asset:
    """A file of an installed package."""
    return _asset(files(package).joinpath(*path).read_bytes(), "." + path[-1].rpartition(".")[2])


def folder_assets(package: str, folder: str) -> dict[str, Asset]:
    """Every file in a folder of an installed package, by name."""
    entries = files(package).joinpath(folder).iterdir()
    names = [entry.name for entry in entries if entry.name.endswith(tuple(MEDIA_TYPES))]
    return {name: package_asset(package, folder, name) for name in names}


def _asset(content: bytes, suffix: str) -> Asset:
    return Asset(content, MEDIA_TYPES[suffix], f'"{hashlib.sha256(content).hexdigest()[:32]}"')
