"""A PACS over DICOMweb as a source: studies by a QIDO query, marks by a table or by annotations in those studies."""

import asyncio
import functools
import hashlib
import io
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import pydicom
from pydicom.errors import InvalidDicomError

from cadx.errors import AnnotationUnreadable, InstanceNotInPacs, PacsUnknown
from cadx.exchange.dicomweb import InstanceName, PacsClient, PacsConnection, read_connections
from cadx.records import LesionCenter
from training.errors import ScoringSourceUnusable
from training.scoring.annotations import marks_of
from training.scoring.inputs import Input, Source
from training.scoring.marks import SERIES, SOP_INSTANCE, STUDY, Marks
from training.scoring.rows import ImageFacts

PAGE = 200
"""Studies asked for at once."""
SECONDS = 120.0
LIMIT_MB = 512
_STUDY, _SERIES, _INSTANCE = "0020000D", "0020000E", "00080018"
_MODALITY = "00080060"
_ANNOTATIONS = ("SR", "PR")
_log = logging.getLogger(__name__)

Value = TypeVar("Value")


class _Sink(bytearray):
    """Takes the bytes of an instance."""

    def append(self, data: Any) -> None:
        """Keep the next bytes."""
        self.extend(data)


def pacs_source(file: Path, name: str, query: str, marks: Sequence[Path]) -> Source:
    """Give the lesions that are marked on images in a PACS.

    Parameters
    ----------
    file, name
        Names the PACS, as for the service: `cadx.exchange.dicomweb.read_connections`.
    query
        Of QIDO-RS for studies, such as ``StudyDate=20260101-20260131&ModalitiesInStudy=MG``. Not needed with tables.
    marks
        Tables with x, y, `study_uid`, `series_uid` and `sop_instance_uid`. None: the SR and GSPS objects in the studies
        that the query finds.

    Raises
    ------
    PacsError
        When it cannot be asked.
    ScoringSourceUnusable
        When neither a query nor marks are given, or nothing is marked.
    """
    connection = connection_of(file, name)
    tables = [Marks(path, (STUDY, SERIES, SOP_INSTANCE, "x", "y")) for path in marks]
    if not tables and not query:
        raise ScoringSourceUnusable(f"pacs:{name}", "neither --query nor --marks says which images")
    drawn = () if tables else asked(connection, lambda client: _drawn(client, parse_qsl(query)))
    count = sum(table.checked() for table in tables) + len(drawn)
    if count == 0:
        raise ScoringSourceUnusable(
            f"pacs:{name}", "the studies found hold no SR or GSPS that marks an image of theirs"
        )

    def walk() -> Iterator[Input]:
        for table in tables:
            yield from table
        yield from drawn

    return Source(f"pacs:{name}", Path(), count, walk, (file.resolve(), name))


def fetch_instance(connection: PacsConnection, image: str) -> tuple[ImageFacts, bytes]:
    """Fetch an image, named by its UIDs ``STUDY/SERIES/INSTANCE``.

    Raises
    ------
    PacsError
        When the PACS does not give it.
    """
    content = asked(connection, lambda client: _fetched(client, _name(client.name, image)))
    return ImageFacts(hashlib.sha256(content).hexdigest()), content


def connection_of(file: Path, name: str) -> PacsConnection:
    """Find a PACS in a file of connections.

    Raises
    ------
    PacsFileInvalid, PacsUnknown
        When the file cannot be used, or names no such PACS.
    """
    connections = read_connections(file)
    if name not in connections:
        raise PacsUnknown(name, tuple(connections))
    return connections[name]


@functools.lru_cache(maxsize=4)
def kept_connection(file: Path, name: str) -> PacsConnection:
    """Find a PACS once a process: the file holds secrets, which do not travel with the work."""
    return connection_of(file, name)


def asked(connection: PacsConnection, what: Callable[[PacsClient], Awaitable[Value]]) -> Value:
    """Ask a PACS from code that is not asynchronous."""

    async def ask() -> Value:
        client = PacsClient(connection, SECONDS)
        try:
            return await what(client)
        finally:
            await client.close()

    return asyncio.run(ask())


async def _drawn(client: PacsClient, query: Sequence[tuple[str, str]]) -> tuple[Input, ...]:
    """Give what the annotations of the studies that are found mark, in the order of the images, each place once."""
    found = dict[Input, None]()
    async for study in _studies(client, query):
        annotations = [name for modality in _ANNOTATIONS for name in await _instances(client, study, modality)]
        if not annotations:
            continue
        images = {name.instance: name for name in await _instances(client, study, "MG")}
        for name in annotations:
            for uid, center in _marks(await _fetched(client, name), images):
                image = images[uid]
                at = f"{image.study}/{image.series}/{image.instance}"
                found[Input(at, center.x, center.y, sop_instance_uid=uid)] = None
    return tuple(sorted(found, key=lambda item: (item.image, item.y, item.x)))


async def _studies(client: PacsClient, query: Sequence[tuple[str, str]]) -> AsyncIterator[str]:
    """Give the UIDs of the studies that a query finds, a page at a time."""
    seen = set[str]()
    while True:
        page = await client.search("studies", [*query, ("limit", str(PAGE)), ("offset", str(len(seen)))])
        fresh = [uid for uid in (_value(item, _STUDY) for item in page) if uid and uid not in seen]
        for uid in fresh:
            seen.add(uid)
            yield uid
        if len(page) < PAGE or not fresh:
            return


async def _instances(client: PacsClient, study: str, modality: str) -> list[InstanceName]:
    """Give a study's instances of a modality, series by series: not every PACS lists a study's at once."""
    names = []
    for series in await client.search(f"studies/{study}/series", [("Modality", modality)]):
        uid = _value(series, _SERIES)
        if uid and _value(series, _MODALITY) in {"", modality}:
            found = await client.search(f"studies/{study}/series/{uid}/instances", [])
            names += [InstanceName(study, uid, each) for each in (_value(item, _INSTANCE) for item in found) if each]
    return names


async def _fetched(client: PacsClient, name: InstanceName) -> bytes:
    sinks: list[_Sink] = []

    def begin(_: int) -> _Sink:
        sinks.append(_Sink())
        return sinks[-1]

    await client.fetch(name, begin, LIMIT_MB)
    return bytes(sinks[-1])


def _marks(content: bytes, images: Mapping[str, InstanceName]) -> list[tuple[str, LesionCenter]]:
    """Give what an annotation marks; nothing, told, where it cannot be understood."""
    try:
        try:
            dataset = pydicom.dcmread(io.BytesIO(content), stop_before_pixels=True)
        except (InvalidDicomError, AttributeError, ValueError, TypeError, EOFError, NotImplementedError) as error:
            raise AnnotationUnreadable(f"it is broken ({type(error).__name__})") from None
        return list(marks_of(dataset, images))
    except AnnotationUnreadable as error:
        _log.warning("an annotation in the PACS is passed over: %s", error.detail)
        return []


def _name(pacs: str, image: str) -> InstanceName:
    try:
        study, series, instance = image.split("/")
        return InstanceName(study, series, instance)
    except ValueError:
        raise InstanceNotInPacs(pacs) from None


def _value(item: Mapping[str, Any], tag: str) -> str:
    """Give the first value of an attribute in DICOM JSON (PS3.18 F.2); empty without."""
    attribute = item.get(tag)
    values = attribute.get("Value") if isinstance(attribute, Mapping) else None
    return str(values[0]) if isinstance(values, list) and values else ""
