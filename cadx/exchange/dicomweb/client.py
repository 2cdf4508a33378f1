"""Asking one PACS over DICOMweb.

Only the configured prefixes are asked. A redirect is followed on the same origin alone; proxies and credentials of the
environment are ignored; UIDs are checked before they become part of a URL.
"""

import asyncio
import base64
import json
import logging
import re
import ssl
import zlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, urlencode

import httpx
from python_multipart.multipart import parse_options_header

from cadx.errors import (
    InstanceNotInPacs,
    PacsAnswerUnreadable,
    PacsError,
    PacsInstanceTooLarge,
    PacsRefused,
    PacsTooSlow,
    PacsUnreachable,
)
from cadx.exchange.dicomweb.connections import PacsConnection
from cadx.exchange.dicomweb.related import DICOM, NotAsAsked, OnePart, related_body
from cadx.exchange.dicomweb.storing import StoreOutcome, StoreState, outcome_of, told_of

DICOM_JSON = "application/dicom+json"
# Every transfer syntax as it is stored; the single-part form is not known to Orthanc's plugin 1.7.
ONE_INSTANCE = f'multipart/related; type="{DICOM}"; transfer-syntax=*'
TRIES = 3
PAUSES_SECONDS = (0.2, 0.5)
LONGEST_PAUSE_SECONDS = 2.0
_MAY_PASS = frozenset({429, 502, 503, 504})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 3
_MAX_JSON_BYTES = 16 * 2**20
_PIECE_BYTES = 2**18
_MIB = 2**20
_UID = re.compile(r"[0-9]+(\.[0-9]+)*")

# Both log whole URLs, with UIDs in them, and httpcore the headers.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)


class Sink(Protocol):
    """Takes the bytes of an instance as they arrive."""

    def append(self, data: bytes | memoryview) -> None:
        """Keep the next bytes."""
        ...


@dataclass(frozen=True, slots=True)
class InstanceName:
    """The three UIDs that name an instance."""

    study: str
    series: str
    instance: str

    def __post_init__(self) -> None:
        """Refuse what is no UID (PS3.5 section 9): it would become part of a URL."""
        for uid in (self.study, self.series, self.instance):
            if not looks_like_uid(uid):
                raise ValueError("not a UID")

    @property
    def path(self) -> str:
        """Below a prefix."""
        return f"/studies/{self.study}/series/{self.series}/instances/{self.instance}"


def looks_like_uid(text: str) -> bool:
    """Whether a text may be asked for as a UID: what `uids.is_uid` says, and leading zeros, which some makers write."""
    return len(text) <= 64 and _UID.fullmatch(text) is not None


class PacsClient:
    """One PACS; made once, used by all requests, closed at the end.

    Parameters
    ----------
    connection
        How it is asked.
    seconds
        Longest time of one call of a method, retries and waiting for a free connection included.
    transport
        In the place of the network, for tests.
    """

    def __init__(
        self, connection: PacsConnection, seconds: float = 60.0, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.connection = connection
        self.name = connection.name
        self.seconds = seconds
        self._secrets: dict[Path, tuple[tuple[int, int], str]] = {}
        self._client = httpx.AsyncClient(
            verify=_tls(connection),
            transport=transport,
            trust_env=False,
            follow_redirects=False,
            headers={"User-Agent": f"mammo-cadx/{version('mammo-cadx')}", "Accept-Encoding": "identity"},
            limits=httpx.Limits(
                max_connections=connection.connections, max_keepalive_connections=connection.connections
            ),
            timeout=httpx.Timeout(connection.read_seconds, connect=connection.connect_seconds, pool=seconds),
        )

    async def close(self) -> None:
        """Close its connections."""
        await self._client.aclose()

    async def fetch(self, name: InstanceName, begin: Callable[[int], Sink], limit_mb: int) -> None:
        """Fetch an instance (WADO-RS), as it is stored.

        Parameters
        ----------
        name
            Which.
        begin
            Called with the announced length (0: none) when the bytes begin to come; again when a try has failed.
        limit_mb
            Most MiB that are taken.

        Raises
        ------
        PacsError
            One of its leaves.
        """

        async def take(response: httpx.Response) -> None:
            announced = _announced(response)
            if announced > limit_mb * _MIB + _MAX_JSON_BYTES:
                raise PacsInstanceTooLarge(self.name, limit_mb)
            counted = _Counted(self.name, begin(announced), limit_mb)
            try:
                await self._take_object(response, counted)
            except NotAsAsked as error:
                raise PacsAnswerUnreadable(self.name, str(error)) from None

        if await self._get(f"{self.connection.wado}{name.path}", ONE_INSTANCE, take) is _MISSING:
            raise InstanceNotInPacs(self.name)

    async def metadata(self, name: InstanceName) -> dict[str, Any] | None:
        """Fetch an instance's attributes (DICOM JSON, PS3.18 F); None where the PACS does not have it."""
        found = await self._json(f"{self.connection.wado}{name.path}/metadata")
        items = [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []
        return items[0] if items else None

    async def search(self, resource: str, query: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
        """Ask QIDO-RS: ``studies``, or ``studies/UID/series`` and the like, with a query."""
        # Orthanc's plugin decodes no percent signs in a query: wildcards must stand there as they are, as they may.
        found = await self._json(f"{self.connection.qido}/{resource}?{urlencode(query, quote_via=quote, safe='*?')}")
        return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []

    async def ping(self) -> None:
        """Ask for one study, to see whether it answers.

        Raises
        ------
        PacsError
            When it does not.
        """
        await self.search("studies", [("limit", "1")])

    async def store(self, study: str, objects: Mapping[InstanceName, bytes]) -> tuple[StoreOutcome, ...]:
        """Store objects in a study (STOW-RS), and look what became of each.

        What is there already is not sent again. What the PACS says is believed only where a look confirms it.

        Raises
        ------
        PacsError
            When nothing can be said of any object.
        """
        if not looks_like_uid(study):
            raise ValueError("not a UID")
        missing = {name: content for name, content in objects.items() if await self.metadata(name) is None}
        told, fault = {}, None
        if missing:
            try:
                told = told_of(await self._post(f"{self.connection.stow}/studies/{study}", list(missing.values())))
            except PacsError as error:
                fault = error  # The answer may be lost though the objects arrived: look.
        outcomes = []
        for name in objects:
            if name not in missing:
                outcomes.append(StoreOutcome(name.instance, StoreState.ALREADY_STORED))
                continue
            outcome = outcome_of(name.instance, told.get(name.instance), there=await self.metadata(name) is not None)
            if outcome.state is StoreState.FAILED and outcome.reason is None and fault is not None:
                raise fault
            outcomes.append(outcome)
        return tuple(outcomes)

    async def _take_object(self, response: httpx.Response, counted: "_Counted") -> None:
        """Give the one DICOM object of an answer to its sink."""
        kind, options = parse_options_header(response.headers.get("content-type"))
        if kind == b"multipart/related":
            part = OnePart(options.get(b"boundary", b""), counted.append)
            async for piece in self._pieces(response):
                part.feed(piece)
            part.finish()
        elif kind == DICOM.encode():
            async for piece in self._pieces(response):
                counted.append(piece)
        else:
            raise NotAsAsked(f"it is not of type multipart/related or {DICOM}")
        if counted.size_bytes == 0:
            raise NotAsAsked("it is empty")

    async def _json(self, url: str) -> Any:
        content = await self._get(url, DICOM_JSON, self._content)
        return self._parsed(content) if isinstance(content, bytes) and content else None

    async def _content(self, response: httpx.Response) -> bytes:
        """A whole body, within a bound."""
        content = bytearray()
        if response.status_code != HTTPStatus.NO_CONTENT:
            async for piece in self._pieces(response):
                content.extend(piece)
                if len(content) > _MAX_JSON_BYTES:
                    raise PacsAnswerUnreadable(self.name, f"it is larger than {_MAX_JSON_BYTES // _MIB} MiB")
        return bytes(content)

    def _parsed(self, content: bytes) -> Any:
        try:
            return json.loads(content)
        except (ValueError, RecursionError):
            raise PacsAnswerUnreadable(self.name, "it is not JSON") from None

    async def _post(self, url: str, objects: Sequence[bytes]) -> Any:
        """Send objects once: who did not get an answer looks instead of sending again."""
        body, kind = related_body(objects)
        async with self._within():
            headers = {**self._headers(), "Content-Type": kind, "Accept": DICOM_JSON}
            request = self._client.build_request("POST", url, content=body, headers=headers)
            response = await self._client.send(request, stream=True)
            try:
                content = await self._content(response)
            finally:
                await response.aclose()
        if response.status_code in {401, 403, 413, *_MAY_PASS} | _REDIRECTS:
            raise PacsRefused(self.name, response.status_code)
        try:
            return self._parsed(content)
        except PacsAnswerUnreadable:
            if response.is_success:
                return None
            raise PacsRefused(self.name, response.status_code) from None

    async def _get(self, url: str, accept: str, take: Callable[[httpx.Response], Any]) -> object:
        """Ask, and give the answer to `take`; again where that is safe and may help. `_MISSING` at 404 and 410."""
        async with self._within():
            for attempt in range(TRIES):
                last = attempt == TRIES - 1
                try:
                    async with self._answer(url, accept) as response:
                        if response.status_code in {404, 410}:
                            return _MISSING
                        if response.status_code in _MAY_PASS and not last:
                            pause = _retry_after(response) or PAUSES_SECONDS[attempt]
                        elif response.is_success:
                            return await take(response)
                        else:
                            raise PacsRefused(self.name, response.status_code)
                except (httpx.ConnectError, httpx.RemoteProtocolError, httpx.ReadError):
                    if last:
                        raise
                    pause = PAUSES_SECONDS[attempt]
                await asyncio.sleep(min(pause, LONGEST_PAUSE_SECONDS))
        raise AssertionError  # The last attempt returned or raised.

    @asynccontextmanager
    async def _answer(self, url: str, accept: str) -> AsyncIterator[httpx.Response]:
        """The answer to a GET, redirects on the same origin followed."""
        target = httpx.URL(url)
        for _ in range(_MOST_REDIRECTS + 1):
            request = self._client.build_request("GET", target, headers={**self._headers(), "Accept": accept})
            response = await self._client.send(request, stream=True)
            try:
                if response.status_code not in _REDIRECTS:
                    yield response
                    return
                onward = target.join(response.headers.get("location", ""))
            finally:
                await response.aclose()
            if (onward.scheme, onward.host, onward.port) != (target.scheme, target.host, target.port):
                raise PacsAnswerUnreadable(self.name, "it redirects to another host, which is not followed")
            target = onward
        raise PacsAnswerUnreadable(self.name, "it redirects again and again")

    @asynccontextmanager
    async def _within(self) -> AsyncIterator[None]:
        """The time that a call may take, and httpx's errors in our words."""
        try:
            async with asyncio.timeout(self.seconds):
                yield
        except (TimeoutError, httpx.TimeoutException):
            raise PacsTooSlow(self.name, self.seconds) from None
        except httpx.InvalidURL:
            raise PacsAnswerUnreadable(self.name, "it redirects to what is no URL") from None
        except (httpx.HTTPError, ssl.SSLError) as error:  # httpx lets some of the latter through.
            raise PacsUnreachable(self.name, _why(error)) from None

    async def _pieces(self, response: httpx.Response) -> AsyncIterator[bytes]:
        """The body in bounded pieces; unpacked where the PACS compressed it unasked."""
        coding = response.headers.get("content-encoding", "identity").strip().lower()
        if coding in {"", "identity"}:
            async for raw in response.aiter_raw():
                yield raw
            return
        if coding not in {"gzip", "x-gzip", "deflate"}:
            raise PacsAnswerUnreadable(self.name, "its Content-Encoding was not asked for, and is not known")
        unpacker = zlib.decompressobj(wbits=47)
        try:
            async for raw in response.aiter_raw():
                rest = raw
                while rest:
                    yield unpacker.decompress(rest, _PIECE_BYTES)
                    rest = unpacker.unconsumed_tail
            yield unpacker.flush()
        except zlib.error:
            raise PacsAnswerUnreadable(self.name, "its compressed bytes are broken") from None
        if not unpacker.eof:
            raise PacsAnswerUnreadable(self.name, "it was cut short")

    def _headers(self) -> dict[str, str]:
        connection = self.connection
        headers = {name: value.get_secret_value() for name, value in connection.headers.items()}
        if connection.token_file is not None:
            headers["Authorization"] = f"Bearer {self._secret(connection.token_file)}"
        if connection.user is not None:
            password = (
                self._secret(connection.password_file)
                if connection.password_file is not None
                else connection.password.get_secret_value()
                if connection.password is not None
                else ""
            )
            pair = base64.b64encode(f"{connection.user}:{password}".encode()).decode()
            headers["Authorization"] = f"Basic {pair}"
        return headers

    def _secret(self, path: Path) -> str:
        """A secret of a file, read again when the file changes."""
        try:
            status = path.stat()
            stamp = (status.st_mtime_ns, status.st_size)
            kept = self._secrets.get(path)
            if kept is None or kept[0] != stamp:
                kept = (stamp, path.read_text(encoding="utf-8").strip())
                self._secrets[path] = kept
        except (OSError, UnicodeDecodeError):
            raise PacsUnreachable(self.name, "the file with its token or password cannot be read") from None
        return kept[1]


_MISSING = object()


class _Counted:
    """A sink that takes so many MiB and no more."""

    def __init__(self, pacs: str, sink: Sink, limit_mb: int) -> None:
        self._pacs = pacs
        self._sink = sink
        self._limit_mb = limit_mb
        self.size_bytes = 0

    def append(self, piece: bytes | memoryview) -> None:
        """Count and pass on."""
        self.size_bytes += len(piece)
        if self.size_bytes > self._limit_mb * _MIB:
            raise PacsInstanceTooLarge(self._pacs, self._limit_mb)
        self._sink.append(piece)


def _tls(connection: PacsConnection) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=connection.ca_file)
    if connection.client_certificate is not None:
        context.load_cert_chain(connection.client_certificate, connection.client_key)
    return context


def _announced(response: httpx.Response) -> int:
    length = response.headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() and len(length) < 12 else 0


def _retry_after(response: httpx.Response) -> float | None:
    value = response.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        return LONGEST_PAUSE_SECONDS if value and parsedate_to_datetime(value) else None
    except (TypeError, ValueError):
        return None


def _why(error: Exception) -> str:
    """What a fault of the network was, without address or URL."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return "its certificate is not trusted (ca_file names the authorities that sign it)"
        if isinstance(cause, ssl.SSLError):
            return "TLS failed"
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx.ConnectError):
        return "no connection"
    return "the connection broke off"
